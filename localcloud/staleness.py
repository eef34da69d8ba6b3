"""Reads that lag behind writes: a call is answered as the same call was some seconds ago."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

type Question = tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One answer to a read."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def question_of(environ: WSGIEnvironment) -> Question:
    """What makes two reads the same: all of them but when and by whom. The body is read and put back."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")[2:4]
    names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_X_AMZ_TARGET")
    return (*(environ.get(name, "") for name in names), *scope, body.decode(errors="replace"))


class Memory:
    """What reads were answered. A read that nobody made before is answered as things are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[Question, list[tuple[float, Answer]]] = {}

    def forget(self) -> None:
        """Begin again with nothing remembered."""
        with self._lock:
            self._answers.clear()

    def as_of(self, question: Question, now: Answer, seconds: float) -> Answer:
        """Remember `now`; return the answer of so many seconds ago, or the oldest that is remembered."""
        moment = self._clock()
        with self._lock:
            known = self._answers.setdefault(question, [])
            known.append((moment, now))
            old = [answer for when, answer in known if when <= moment - seconds]
            return old[-1] if old else known[0][1]
