"""Leaving without cutting off an answer."""

from __future__ import annotations

import re
import time
from typing import Protocol

_BUSY = re.compile(r"^llamacpp:requests_(?:processing|deferred) (\d+)", re.MULTILINE)
_QUIET_LOOKS = 3
_LOOK_SECONDS = 0.1


class Measured(Protocol):
    """A server that tells its metrics."""

    def handle_metrics(self) -> str | bytes:
        """Return the metrics as Prometheus reads them."""


def drain(server: Measured, limit_seconds: float) -> bool:
    """Wait until no request runs or waits; whether that happened in time.

    Several quiet looks in a row, because the last event of a stream leaves just after its slot is free.
    """
    deadline = time.monotonic() + limit_seconds
    quiet = 0
    while quiet < _QUIET_LOOKS:
        if time.monotonic() >= deadline:
            return False
        quiet = 0 if busy(server.handle_metrics()) else quiet + 1
        time.sleep(_LOOK_SECONDS)
    return True


def busy(metrics: str | bytes) -> bool:
    """Whether the server's metrics count a request that runs or waits."""
    text = metrics.decode() if isinstance(metrics, bytes) else metrics
    counts = _BUSY.findall(text)
    if not counts:
        raise RuntimeError("The metrics of llama.cpp no longer say how many requests are running.")
    return any(int(count) for count in counts)
