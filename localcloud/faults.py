"""Misbehaviour on request: what survives this survives AWS."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase

from localcloud.actions import Action


@dataclass(frozen=True)
class Fault:
    """How calls whose `service:Name` matches the pattern `action` go wrong."""

    action: str = "*"
    latency_ms: int = 0
    throttle_probability: float = 0.0
    throttle_next: int = 0
    """So many of the next calls are throttled before anything is executed."""
    lose_reply_next: int = 0
    """So many of the next calls are executed, and the connection is closed instead of answered."""
    stale_seconds: float = 0.0
    """Reads are answered as the same reads were so long ago: what was written since is not in them yet."""


@dataclass(frozen=True)
class Verdict:
    """What happens to one call."""

    latency_seconds: float = 0.0
    throttle: bool = False
    lose_reply: bool = False
    stale_seconds: float = 0.0


def parse_fault(content: Mapping[str, object]) -> Fault:
    """A fault from JSON. Raises ValueError naming what is wrong."""
    kinds = {item.name: type(item.default) for item in fields(Fault)}
    for name, value in content.items():
        if name not in kinds:
            raise ValueError(f"unknown member {name!r}; known are {', '.join(sorted(kinds))}")
        allowed = (int, float) if kinds[name] is float else kinds[name]
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise ValueError(f"{name} must be {kinds[name].__name__}, not {value!r}")
        if not isinstance(value, str) and value < 0:  # type: ignore[operator]  # a number, by the line above
            raise ValueError(f"{name} must not be negative")
    return Fault(**content)  # type: ignore[arg-type]  # each member was checked above


class Faults:
    """The faults in force."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._chance = chance or random.Random()  # noqa: S311  # no secret depends on it

    def replace(self, faults: list[Fault]) -> None:
        """Put these in place of all there are."""
        with self._lock:
            self._faults = list(faults)

    def listing(self) -> list[dict[str, object]]:
        """What is in force, with what is left of the counters."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def judge(self, action: Action) -> Verdict:
        """Decide one call; counters go down."""
        latency_ms, throttle, lose, stale = 0, False, False, 0.0
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not fnmatchcase(action.key, fault.action):
                    continue
                latency_ms += fault.latency_ms
                stale = max(stale, fault.stale_seconds)
                if fault.throttle_next:
                    throttle = True
                    self._faults[index] = replace(fault, throttle_next=fault.throttle_next - 1)
                elif self._chance.random() < fault.throttle_probability:
                    throttle = True
                elif fault.lose_reply_next:
                    lose = True
                    self._faults[index] = replace(fault, lose_reply_next=fault.lose_reply_next - 1)
        return Verdict(latency_ms / 1000, throttle, lose and not throttle, 0.0 if action.mutating else stale)
