"""What a module says while it runs, through a file: Ansible shows a module's output only at its end."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Literal, TypedDict


class Note(TypedDict):
    """One line for a person."""

    type: Literal["note"]
    text: str


class Reporter:
    """Appends notes to a file. Saying something is never a reason to fail: an error ends the reports."""

    def __init__(self, path: str | None) -> None:
        self._lock = threading.Lock()
        self._path = Path(path) if path else None

    def send(self, note: Note) -> None:
        """Write one note. Safe for threads."""
        line = json.dumps(note) + "\n"
        with self._lock:
            if self._path is None:
                return
            try:
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(line)
            except OSError:
                self._path = None
