"""How often each action was asked for, and by whom."""

from __future__ import annotations

import threading
from collections import Counter

from localcloud.actions import Action


class RequestLog:
    """Counts since the last reset; `source` is the caller's address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Action]] = Counter()

    def record(self, source: str, action: Action) -> None:
        """Count one request."""
        with self._lock:
            self._counts[source, action] += 1

    def reset(self) -> None:
        """Forget all."""
        with self._lock:
            self._counts.clear()

    def summary(self, source: str | None = None) -> dict[str, object]:
        """Shape: `{"total": 3, "mutating": 1, "by_action": {"ec2:CreateVpc": 1, …}, "by_source": {…}}`."""
        with self._lock:
            counts = Counter({k: n for k, n in self._counts.items() if source in (None, k[0])})
        by_action: Counter[str] = Counter()
        by_source: Counter[str] = Counter()
        for (caller, action), number in counts.items():
            by_action[action.key] += number
            by_source[caller] += number
        return {
            "total": counts.total(),
            "mutating": sum(number for (_, action), number in counts.items() if action.mutating),
            "by_action": dict(by_action),
            "by_source": dict(by_source),
        }
