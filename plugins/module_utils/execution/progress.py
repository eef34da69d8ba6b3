"""What a run says while it runs, one line at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..reconcile.schedule import Verb

type Say = Callable[[str], None]

STILL_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Messages:
    """How to tell a person something while the task runs, or (``say_when_interrupted``) while it is ended."""

    say: Say
    warn: Say
    say_when_interrupted: Say


_DONE = {Verb.CREATE: "created", Verb.UPDATE: "updated", Verb.DELETE: "deleted"}
_DOING = {Verb.CREATE: "creating", Verb.UPDATE: "updating", Verb.DELETE: "deleting"}


def short(kind: str, key: str) -> str:
    """Return a resource in words: ``subnet private/a`` for the subnet network/subnet/private/a."""
    parts = key.split("/")[1:]
    if parts and parts[0].replace("-", " ") in kind.lower():
        parts = parts[1:]
    return " ".join([kind, "/".join(parts)]).strip()


@dataclass(slots=True)
class _Running:
    verb: Verb
    what: str
    usual_seconds: int
    since: float
    spoken: float


class Progress:
    """Says what has been done, and now and then what takes long. Not for several threads at once."""

    def __init__(
        self, say: Say, say_when_interrupted: Say | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``say`` and ``say_when_interrupted`` show one line to a person; ``clock`` counts seconds."""
        self.say = say
        self._say_when_interrupted = say_when_interrupted or say
        self._clock = clock
        self._total = 0
        self._ended = 0
        self._running: dict[str, _Running] = {}

    def begin(self, total: int) -> None:
        """Count from 0 to ``total`` operations."""
        self._total, self._ended = total, 0

    def started(self, name: str, verb: Verb, kind: str, key: str, usual_seconds: int) -> None:
        """Book an operation that has begun; ``usual_seconds`` is 0 where nobody knows."""
        now = self._clock()
        self._running[name] = _Running(verb, short(kind, key), usual_seconds, now, now)

    def done(self, name: str) -> None:
        """Say that it is done."""
        one = self._running.pop(name)
        self._count(f"{_DONE[one.verb]} {one.what} ({self._clock() - one.since:.1f} s)")

    def failed(self, name: str, words: str) -> None:
        """Say that it failed."""
        del self._running[name]
        self._count(words)

    def abandoned(self, name: str) -> None:
        """Forget an operation that is no longer waited for."""
        del self._running[name]

    def interrupted(self) -> None:
        """Say that nothing more is started."""
        self._say_when_interrupted(
            f"Interrupted with {self._ended} of {self._total} done and {len(self._running)} begun. "
            "Nothing more is started; the same command goes on from here."
        )

    def tick(self) -> None:
        """Say what has gone on for long and was not spoken of lately."""
        now = self._clock()
        for one in self._running.values():
            if now - one.spoken >= STILL_EVERY_SECONDS:
                one.spoken = now
                usual = f", usually about {one.usual_seconds} s" if one.usual_seconds else ""
                self.say(f"still {_DOING[one.verb]} {one.what} ({now - one.since:.0f} s{usual})")

    def _count(self, words: str) -> None:
        self._ended += 1
        self.say(f"[{self._ended:{len(str(self._total))}}/{self._total}] {words}")
