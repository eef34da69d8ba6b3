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
    workers = haproxy.workers()
    busy: set[tuple[str, str]] = set()
    for worker in workers:
        for row in haproxy.statistics(worker):
            if row["scur"] not in ("", "0"):
                busy.add((row["pxname"].removesuffix(ANY_SUFFIX), row["svname"]))
    going_on = []
    for drain in drains:
        if (drain.backend, server_name(drain.target)) not in busy:
            continue
        if now < drain.deadline:
            going_on.append(drain)
            continue
        for worker in workers:
            for backend in (drain.backend, drain.backend + ANY_SUFFIX):
                haproxy.command(worker, f"shutdown sessions server {backend}/{server_name(drain.target)}")
    return going_on
