"""Targets that left their group while requests to them may still be on their way.

A reload takes a target out of the new worker at once; the old worker finishes its requests. The drain is over
when no worker has a connection to it any more, or when the group's deregistration delay has passed, whereupon
what is left is closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from localcloud.balancer.actions import ANY_SUFFIX
from localcloud.balancer.model import Target, TargetGroup
from localcloud.balancer.render import server_name
from localcloud.haproxy import HAProxy


@dataclass(frozen=True)
class Drain:
    """One target that is being drained."""

    group_arn: str
    backend: str
    target: Target
    deadline: float
    """On the monotonic clock."""


def left(before: Iterable[TargetGroup], now: Iterable[TargetGroup]) -> list[tuple[TargetGroup, Target]]:
    """Targets that were in a group and no longer are, with the group as it is now."""
    groups = {group.arn: group for group in now}
    return [
        (groups[old.arn], target)
        for old in before
        if old.arn in groups
        for target in old.targets
        if target not in groups[old.arn].targets
    ]


def advance(drains: Iterable[Drain], haproxy: HAProxy, now: float) -> list[Drain]:
    """The drains that go on; those past their deadline lose what connections they have."""
    drains = list(drains)
    if not drains or not haproxy.running:
        return []
    going_on: dict[Drain, None] = {}
    for worker in haproxy.workers():
        for session in haproxy.sessions(worker):
            server = (session.backend.removesuffix(ANY_SUFFIX), session.server)
            for drain in drains:
                if server != (drain.backend, server_name(drain.target)):
                    continue
                if now < drain.deadline:
                    going_on[drain] = None
                else:
                    haproxy.command(worker, f"shutdown session {session.id}")
    return list(going_on)
