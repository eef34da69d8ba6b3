"""What IAM was asked, by whom: what a policy for them must allow."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from localcloud.judge.policy import Ask, Principal

LIMIT = 20_000
"""Different questions that are remembered."""
PASSING = ("aws:currenttime", "aws:epochtime", "aws:useragent", "aws:sourceip", "s3:x-amz-content-sha256")
"""Keys whose values say nothing of the question."""


@dataclass(frozen=True)
class Line:
    """One question: `principal` is a user's ARN, the ARN of a session's role, or of the account's root."""

    principal: str
    action: str
    resource: str
    allowed: bool
    context: tuple[tuple[str, tuple[str, ...]], ...]


class Record:
    """Every different question since the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Line, None] = {}

    def add(self, who: Principal, ask: Ask, allowed: bool) -> None:
        """Remember one."""
        context = tuple(
            (key, tuple(values))
            for key, values in sorted(ask.context.items())
            if key not in PASSING and not key.startswith("aws:principal")
        )
        line = Line(who.role_arn or who.arn, ask.action, ask.resource, allowed, context)
        with self._lock:
            if len(self._lines) < LIMIT:
                self._lines[line] = None

    def reset(self) -> None:
        """Forget all."""
        with self._lock:
            self._lines.clear()

    def lines(self, principal: str | None = None) -> list[Line]:
        """All, or those of one principal, in the order in which they were first asked."""
        with self._lock:
            return [line for line in self._lines if principal in (None, line.principal)]

    def listing(self, principal: str | None = None) -> list[dict[str, object]]:
        """The same for JSON."""
        return [
            {
                "principal": line.principal,
                "action": line.action,
                "resource": line.resource,
                "allowed": line.allowed,
                "context": {key: list(values) for key, values in line.context},
            }
            for line in self.lines(principal)
        ]
