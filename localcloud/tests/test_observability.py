"""Logs, the metrics inside them, and traces: through the API, as AWS's programs use it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.backends import get_backend
from werkzeug.serving import make_server

from localcloud.app import create_app
from localcloud.embeddedmetrics import metrics_in
from localcloud.tests.clouds import client

GROUP, STREAM = "/demo/inference", "i-1/blue"


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    logs = client("logs", f"http://127.0.0.1:{server.server_port}")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    for service in ("logs", "cloudwatch", "xray"):
        get_backend(service).reset()


def event(seconds: float, **values: Any) -> dict[str, Any]:
    """An event of the embedded metric format with what is given as its metrics, by model."""
    metrics = [{"Name": name, "Unit": "Count"} for name in values]
    directive = {"Namespace": "Airlift/demo", "Dimensions": [["Model"]], "Metrics": metrics}
    return {
        "_aws": {"Timestamp": int(seconds * 1000), "CloudWatchMetrics": [directive]},
        "Model": "smollm2",
        **values,
    }


def put(endpoint: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    client("logs", endpoint).put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)


def values(endpoint: str, name: str) -> list[float]:
    metric = {
        "Namespace": "Airlift/demo",
        "MetricName": name,
        "Dimensions": [{"Name": "Model", "Value": "smollm2"}],
    }
    now = datetime.now(UTC)
    (found,) = client("cloudwatch", endpoint).get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    return list(found["Values"])


def test_metrics_inside_log_events_are_metrics(endpoint: str) -> None:
    now = time.time()
    put(endpoint, json.dumps(event(now, GeneratedTokens=40)), json.dumps(event(now, GeneratedTokens=[1, 1])))
    assert sum(values(endpoint, "GeneratedTokens")) == 42


def test_the_events_themselves_are_kept_and_can_be_filtered(endpoint: str) -> None:
    text = json.dumps(event(time.time(), GeneratedTokens=1))
    put(endpoint, "engine: ready", text)
    found = client("logs", endpoint).filter_log_events(logGroupName=GROUP, filterPattern="ready")["events"]
    assert "engine: ready" in [one["message"] for one in found]


@pytest.mark.parametrize(
    "message",
    [
        "engine: ready",
        "[]",
        "7",
        '{"_aws": 7}',
        '{"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}}',
        json.dumps(event(0) | {"Model": 7}),
        json.dumps(event(0, GeneratedTokens="many")),
        json.dumps({name: value for name, value in event(0, Tokens=1).items() if name != "Model"}),
    ],
)
def test_what_carries_no_metric_gives_none(message: str) -> None:
    assert list(metrics_in(message)) == []


def test_a_segment_is_found_by_its_trace(endpoint: str) -> None:
    trace = f"1-{int(time.time()):08x}-abcdef012345678912345678"
    document = {
        "trace_id": trace,
        "id": "53995c3f42cd8ad8",
        "name": "demo-edge",
        "start_time": 1.0,
        "end_time": 2.0,
    }
    xray = client("xray", endpoint)
    assert (
        xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])["UnprocessedTraceSegments"]
        == []
    )
    (found,) = xray.batch_get_traces(TraceIds=[trace])["Traces"]
    (segment,) = found["Segments"]
    assert json.loads(segment["Document"])["name"] == "demo-edge"
