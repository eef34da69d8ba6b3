"""The engine's figures as log lines that CloudWatch turns into metrics (its embedded metric format).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping

from .drain import Measured
from .settings import Settings

GAUGES: Mapping[str, str] = {
    "requests_processing": "RequestsProcessing",
    "requests_deferred": "RequestsWaiting",
}
COUNTERS: Mapping[str, str] = {
    "prompt_tokens_total": "PromptTokens",
    "tokens_predicted_total": "GeneratedTokens",
}
_SAMPLE = re.compile(r"^llamacpp:(\w+) ([0-9.e+-]+)$", re.MULTILINE)


def publish(
    server: Measured, settings: Settings, stop: threading.Event, write: Callable[[str], None]
) -> None:
    """Write a line every so often until ``stop`` is set, and a last one then."""
    before = read(server.handle_metrics())
    running = True
    while running:
        running = not stop.wait(settings.metrics_seconds)
        now = read(server.handle_metrics())
        write(json.dumps(line(before, now, settings, time.time())))
        before = now


def read(metrics: str | bytes) -> dict[str, float]:
    """Return llama.cpp's figures by name."""
    text = metrics.decode() if isinstance(metrics, bytes) else metrics
    return {name: float(value) for name, value in _SAMPLE.findall(text)}


def line(
    before: Mapping[str, float], now: Mapping[str, float], settings: Settings, seconds: float
) -> dict[str, object]:
    """Return the event: what is in work now, and how many tokens there were since ``before``."""
    values = {name: now[source] for source, name in GAUGES.items() if source in now}
    for source, name in COUNTERS.items():
        if source in now:
            values[name] = max(now[source] - before.get(source, 0.0), 0.0)
    return {
        "_aws": {
            "Timestamp": int(seconds * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": settings.metrics_namespace,
                    "Dimensions": [["Model"]],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
                }
            ],
        },
        "Model": settings.model_name,
        **values,
    }
