"""What must be so after bursts: nothing is lost, nothing is kept, nothing is told."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.cancel.burst import End, Plan
from tests.clients.edge import Edge

MOST_GROWTH = 1.05
QUEUE, ENGINE, STREAM = PLACES = ("in the edge's queue", "at the engine, before a word", "in a stream")
_NOTICED_MILLISECONDS = 50


def unanswered(planned: Sequence[Plan], ends: Sequence[End]) -> Mapping[End, int]:
    """Return how those ended who stayed and were not answered."""
    pairs = zip(planned, ends, strict=True)
    return Counter(end for plan, end in pairs if plan.stays and end != "answered")


def left_where(log: Iterable[Mapping[str, Any]]) -> Mapping[str, int]:
    """Return how many left at each place, by what the edge's log says."""
    places = Counter(_place(one) for one in log)
    return {place: places[place] for place in PLACES}


def _place(one: Mapping[str, Any]) -> str:
    match one["termination"]:
        case "CD":
            return STREAM
        case "CQ":
            return QUEUE
        case "CH":
            # Of a client with more to send than the buffer holds the edge hears when it is his turn.
            since_queue = one["total_ms"] - one["queue_ms"]
            return QUEUE if one["queue_ms"] and since_queue < _NOTICED_MILLISECONDS else ENGINE
        case _:
            return ""


def sessions(edge: Edge) -> int:
    """Return how many requests the edge has at an engine, and waiting for one."""
    rows = csv.DictReader(io.StringIO(edge.admin("show stat").removeprefix("# ")))
    (backend,) = [row for row in rows if row["pxname"] == "engine" and row["svname"] == "BACKEND"]
    return int(backend["scur"]) + int(backend["qcur"])


def seconds_until(condition: Callable[[], bool], limit: float, look_seconds: float) -> float | None:
    """Return how long it took, or None where it did not happen."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        time.sleep(look_seconds)
        if condition():
            return round(time.monotonic() - began, 1)
    return None


def resident_kib(pid: int) -> int:
    """Return the memory that a process has resident."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def is_flat(kib: Sequence[int]) -> bool:
    """Return whether memory grew no more in the later half: HAProxy keeps what it needed once."""
    half = len(kib) // 2
    return max(kib[half:]) <= max(kib[:half]) * MOST_GROWTH


def tells(log: Path, secret: str) -> bool:
    """Return whether a log has a secret. Raises ValueError where it is empty, and so proves nothing."""
    text = log.read_text(errors="replace")
    if not text:
        raise ValueError(f"{log.name} is empty")
    return secret in text
