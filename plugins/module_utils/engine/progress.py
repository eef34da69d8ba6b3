"""What a run reports while it runs: one JSON object per line, for whoever shows it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Literal, TypedDict

type EventType = Literal["plan", "started", "done", "failed", "note"]


class Event(TypedDict, total=False):
    """One line. ``total`` counts operations; ``seconds`` is how long it took, ``usual`` how long it may."""

    type: EventType
    id: str
    verb: str
    kind: str
    name: str
    total: int
    seconds: float
    usual: int
    text: str


class Reporter:
    """Appends events to a file. Showing progress is never a reason to fail: an error ends the reports."""

    def __init__(self, path: str | None) -> None:
        self._lock = threading.Lock()
        self._path: Path | None = Path(path) if path else None

    def send(self, event: Event) -> None:
        """Write one event."""
        line = json.dumps(event) + "\n"
        with self._lock:
            if self._path is None:
                return
            try:
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(line)
            except OSError:
                self._path = None
