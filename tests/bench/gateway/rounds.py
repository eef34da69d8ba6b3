"""Which side is asked when, and which of what was measured counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.gateway.machine import Others, tree
from tests.bench.gateway.window import measure

SLICE_SECONDS = 1.0
MOST_OF_OTHERS_SECONDS = 0.03
"""Of a core, in a slice; the kernel counts in steps of 0.01. Who gets a core keeps it for milliseconds."""


@dataclass(frozen=True)
class Side:
    """Something that answers chats."""

    name: str
    url: str
    key: str


@dataclass(frozen=True)
class Plan:
    """How many windows each side has, how long they are, and how long all may take together."""

    windows: int
    window_seconds: float
    patience_seconds: float


@dataclass
class Found:
    """The milliseconds of each side's answers, by window, and how many slices did not count."""

    windows: Mapping[str, list[list[float]]]
    dropped: int = 0

    def all(self, name: str) -> list[float]:
        """Return the answers of all windows of a side."""
        return [one for window in self.windows[name] for one in window]


def run(
    sides: Sequence[Side],
    body: bytes,
    plan: Plan,
    ask: Callable[[Side, bytes], list[float] | None],
) -> Found:
    """Measure all sides in slices that take turns, until each has its windows.

    ``ask`` measures a slice, or returns None where it does not count and is to be measured again. Raises
    SystemExit where that goes on for too long.
    """
    found = Found({side.name: [[] for _ in range(plan.windows)] for side in sides})
    until = time.monotonic() + plan.patience_seconds
    slices = max(round(plan.window_seconds / SLICE_SECONDS), 1)
    for number in range(plan.windows * slices):
        # Who is first changes, so that nobody always comes after the same one.
        for side in (*sides[number % len(sides) :], *sides[: number % len(sides)]):
            while (times := ask(side, body)) is None:
                found.dropped += 1
                if time.monotonic() > until:
                    raise SystemExit(
                        f"other programs take the cores: {found.dropped} slices of {SLICE_SECONDS:g} s did "
                        "not count. Repeat it when they have ended."
                    )
            found.windows[side.name][number // slices].extend(times)
    return found


def quiet_slice(side: Side, body: bytes) -> list[float] | None:
    """Measure a slice of a side; None where others took the cores meanwhile."""
    others = Others(tree([os.getpid()]))
    times = measure(side.url, side.key, body, SLICE_SECONDS)
    return times if others.seconds() <= MOST_OF_OTHERS_SECONDS else None


def any_slice(side: Side, body: bytes) -> list[float]:
    """Measure a slice of a side, whoever else runs."""
    return measure(side.url, side.key, body, SLICE_SECONDS)
