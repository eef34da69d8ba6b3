"""Events of a run as lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTICIPLES = {"create": "created", "update": "updated", "delete": "deleted"}
GERUNDS = {"create": "creating", "update": "updating", "delete": "deleting"}
STILL_EVERY_SECONDS = 10.0


def short(kind: str, key: str) -> str:
    """Return a resource in words: ``subnet private/a`` for the subnet network/subnet/private/a."""
    parts = key.split("/")[1:]
    if parts and parts[0].replace("-", " ") in kind.lower():
        parts = parts[1:]
    return " ".join([kind, "/".join(parts)]).strip()


class Lines:
    """Turns events into lines, and time into a word about what takes long. Pure: the clock is handed in."""

    def __init__(self) -> None:
        self._total = 0
        self._ended = 0
        self._running: dict[str, tuple[Mapping[str, Any], float]] = {}
        self._spoken: dict[str, float] = {}

    def of(self, event: Mapping[str, Any], now: float) -> str | None:
        """Return the line for ``event``, which arrived at ``now``, if it deserves one."""
        kind = event["type"]
        if kind == "note":
            return str(event["text"])
        if kind == "plan":
            self._total, self._ended = int(event["total"]), 0
            return None
        if kind == "started":
            self._running[event["id"]] = (event, now)
            return None
        self._running.pop(event["id"], None)
        self._ended += 1
        count = f"[{self._ended:{len(str(self._total))}}/{self._total}]"
        if kind == "failed":
            return f"{count} {event['text']}"
        what = f"{PARTICIPLES[event['verb']]} {short(event['kind'], event['name'])}"
        return f"{count} {what} ({event['seconds']:.1f} s)"

    def waiting(self, now: float) -> list[str]:
        """Return a line for each operation that has gone on for long and was not spoken of lately."""
        lines = []
        for name, (event, since) in self._running.items():
            if now - max(since, self._spoken.get(name, since)) < STILL_EVERY_SECONDS:
                continue
            self._spoken[name] = now
            usual = f", usually about {event['usual']} s" if event["usual"] else ""
            what = f"{GERUNDS[event['verb']]} {short(event['kind'], event['name'])}"
            lines.append(f"still {what} ({now - since:.0f} s{usual})")
        return lines
