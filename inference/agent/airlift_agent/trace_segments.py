"""X-Ray segments out of the edge's access log: pure functions.

The log has, for each request, the trace it belongs to and how long it waited and was worked on. llama.cpp's
own server has no hook for a request, so the engine's part is what the edge sees of it, as X-Ray does with a
service that sends no segments itself.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

_TRACE = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT = re.compile(r"[0-9a-f]{16}")
_RANGE = 2**64
_TIMINGS = ("queue_ms", "connect_ms", "first_byte_ms", "total_ms", "termination")


@dataclass(frozen=True, slots=True)
class Trace:
    """What the header X-Amzn-Trace-Id says. ``sampled`` is None where nobody has decided yet."""

    root: str
    parent: str | None = None
    sampled: bool | None = None


@dataclass(slots=True)
class Sampler:
    """Who decides where the header does not: the first of each second, and a share of the others.

    The share is taken by the trace's id, so that every host decides alike.
    """

    share: float = 0.05
    _second: int = field(default=-1, init=False)

    def takes(self, trace: Trace, seconds: float) -> bool:
        """Whether the trace is recorded; ``seconds`` is the time of its request."""
        if trace.sampled is not None:
            return trace.sampled
        if int(seconds) != self._second:
            self._second = int(seconds)
            return True
        return int(_id(trace.root, ""), 16) < self.share * _RANGE


def parse(header: object) -> Trace | None:
    """Return the trace of a header's value, or None where it names none."""
    if not isinstance(header, str):
        return None
    parts = (part.strip().partition("=") for part in header.split(";"))
    given = {name.lower(): value for name, _, value in parts}
    root, parent = given.get("root", ""), given.get("parent", "")
    if not _TRACE.fullmatch(root):
        return None
    sampled = {"0": False, "1": True}.get(given.get("sampled", ""))
    return Trace(root, parent if _PARENT.fullmatch(parent) else None, sampled)


def of(entry: Mapping[str, Any]) -> Trace | None:
    """Return the trace of a line of the access log.

    Who has no key decides nothing that costs: that his request be traced is not for him to say.
    """
    trace = parse(entry.get("trace_id"))
    if trace is not None and trace.sampled and not _known(entry, "key_id"):
        return replace(trace, sampled=None)
    return trace


def segment(entry: Mapping[str, Any], trace: Trace, ended: float, stack: str) -> dict[str, Any]:
    """Return the document of the edge's part in a request, with the engine's inside.

    ``entry`` is a line of the access log, ``ended`` when it was written, in seconds.
    """
    request = str(entry.get("request_id"))
    total, queued = _seconds(entry, "total_ms"), _seconds(entry, "queue_ms")
    status = int(entry.get("status") or 0)
    started = ended - total
    document: dict[str, Any] = {
        "trace_id": trace.root,
        "id": _id(request, "edge"),
        "name": f"{stack}-edge",
        "start_time": round(started, 3),
        "end_time": round(ended, 3),
        "http": {"request": _request(entry), "response": {"status": status}},
        "annotations": _known(entry, "request_id", "key_id", "model"),
        "metadata": {
            "edge": _known(entry, "queue_ms", "connect_ms", "first_byte_ms", "total_ms", "termination")
        },
        **_verdict(status),
    }
    if trace.parent:
        document["parent_id"] = trace.parent
    if str(entry.get("server")) in ("blue", "green"):
        document["subsegments"] = [
            {
                "id": _id(request, "engine"),
                "name": f"{stack}-engine",
                "namespace": "remote",
                "start_time": round(min(started + queued, ended), 3),
                "end_time": round(ended, 3),
                "http": {"request": _request(entry), "response": {"status": status}},
                "annotations": {"colour": str(entry["server"])},
                "metadata": {"engine": _known(entry, "first_byte_ms", "response_bytes")},
                **_verdict(status),
            }
        ]
    return document


def _request(entry: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"method": str(entry.get("method")), "url": str(entry.get("path"))}
    if client := _known(entry, "client"):
        found |= {"client_ip": client["client"], "x_forwarded_for": True}
    return found


def _verdict(status: int) -> dict[str, bool]:
    """What X-Ray calls an answer: the client's error, one too many, or a fault of ours; 0 is no answer."""
    if status == 429:
        return {"error": True, "throttle": True}
    if 400 <= status < 500:
        return {"error": True}
    return {"fault": True} if status >= 500 or status < 100 else {}


def _known(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What the log has a value for; it writes a hyphen where it has none."""
    return {name: entry[name] for name in names if entry.get(name) not in (None, "", "-")}


def _seconds(entry: Mapping[str, Any], name: str) -> float:
    """A duration; HAProxy says -1 where it did not come to that."""
    value = entry.get(name)
    return max(float(value), 0.0) / 1000 if isinstance(value, int | float) else 0.0


def _id(text: str, part: str) -> str:
    """16 hexadecimal digits, the same whenever they are asked for."""
    return sha256(f"{text}/{part}".encode()).hexdigest()[:16]
