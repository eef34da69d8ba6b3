"""A run that dies after any call, its answer unread: the next one finishes, without duplicates."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.account import Account, account_with
from tests.integration.test_kinds_network import KINDS, blueprint

READS = ("Describe", "Get", "List")


class Death:
    """Ends a session after so many changes: the last answer is lost, and no call works any more."""

    def __init__(self, account: Account, changes: int) -> None:
        self.left = changes
        self.lock = threading.Lock()
        self.events = account.session.client("ec2").meta.events
        self.events.register("before-call.ec2", self.before)
        self.events.register("after-call.ec2", self.after)

    def before(self, **_event: object) -> None:
        if self.left <= 0:
            raise ProcessLookupError("this process is dead")

    def after(self, model: Any, **_event: object) -> None:
        with self.lock:
            self.left -= not model.name.startswith(READS)
        self.before()

    def undo(self) -> None:
        self.events.unregister("before-call.ec2", self.before)
        self.events.unregister("after-call.ec2", self.after)


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.mark.parametrize("changes", [1, 2, 3, 5, 8, 13, 21, 34])
def test_killed_while_creating(served: Account, changes: int) -> None:
    served.reset()
    death = Death(served, changes)
    with pytest.raises(AssertionError, match="this process is dead"):
        served.converge(blueprint())
    death.undo()
    served.converge(blueprint())
    assert served.changes(blueprint()) == []
    keys = [found.key for found in served.found()]
    assert sorted(keys) == sorted(wanted.key for wanted in blueprint())
    served.remove()
    assert served.found() == ()


@pytest.mark.parametrize("changes", [1, 3, 8, 20])
def test_killed_while_removing(served: Account, changes: int) -> None:
    served.reset()
    served.create(blueprint())
    death = Death(served, changes)
    with pytest.raises(AssertionError, match="this process is dead"):
        served.remove()
    death.undo()
    served.remove()
    assert served.found() == ()
    vpcs = served.session.client("ec2").describe_vpcs()["Vpcs"]
    assert all(vpc["IsDefault"] for vpc in vpcs)
