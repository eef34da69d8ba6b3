"""Leaving without cutting off an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

_BUSY = re.compile(r"^llamacpp:requests_(?:processing|deferred) (\d+)", re.MULTILINE)
_LOOK_SECONDS = 0.1
_BUSY_LOOK_SECONDS = 1.5
"""llama.cpp looks for clients that left once it said nothing for a second, and its metrics are something."""
_QUIET_SECONDS = 0.3
_IDLE_SECONDS = 6.0
"""Longer than llama.cpp keeps a connection open that asks for nothing."""
_ESTABLISHED = "01"


class Measured(Protocol):
    """A server that tells its metrics."""

    def handle_metrics(self) -> str | bytes:
        """Return the metrics as Prometheus reads them."""


def drain(server: Measured, limit_seconds: float, connections: Callable[[], int]) -> bool:
    """Wait until no request runs or waits; whether that happened in time.

    The last events of a stream leave after its slot is free, on a loaded machine long after. So open
    connections are waited for too, but not those that only might be used again.
    """
    deadline = time.monotonic() + limit_seconds
    quiet_since: float | None = None
    while (now := time.monotonic()) < deadline:
        quiet_since = None if busy(server.handle_metrics()) else quiet_since or now
        quiet = now - quiet_since if quiet_since is not None else 0.0
        if quiet >= (_IDLE_SECONDS if connections() else _QUIET_SECONDS):
            return True
        pause = _LOOK_SECONDS if quiet_since is not None else _BUSY_LOOK_SECONDS
        time.sleep(max(min(pause, deadline - time.monotonic()), 0.0))
    return False


def open_connections(
    port: int, tables: Sequence[Path] = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
) -> int:
    """Return how many clients are connected to a port of this network namespace (proc(5), /proc/net/tcp)."""
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return sum(row[3] == _ESTABLISHED and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def busy(metrics: str | bytes) -> bool:
    """Whether the server's metrics count a request that runs or waits."""
    text = metrics.decode() if isinstance(metrics, bytes) else metrics
    counts = _BUSY.findall(text)
    if not counts:
        raise RuntimeError("The metrics of llama.cpp no longer say how many requests are running.")
    return any(int(count) for count in counts)
