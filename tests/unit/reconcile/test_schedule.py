from __future__ import annotations

import random as randomness

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Reference, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import plan, removal
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schedule import Schedule, schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.reconcile.test_plan import FOUND, KINDS, VPC_IS, WANTED, having, without
from tests.unit.reconcile.worlds import FakeKind, World, accounts, fake_kinds, flags, graphs

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Wanted], World]:
    wanted = draw(graphs())
    return wanted, World(draw(accounts(wanted)), fake_kinds(draw(flags), draw(flags)))


@slow
@given(worlds(), st.integers())
def test_after_carrying_out_a_plan_there_is_nothing_to_do(
    drawn: tuple[list[Wanted], World], seed: int
) -> None:
    """In whatever order is allowed: it ends, nothing starts before what it refers to, and it converges."""
    wanted, world = drawn
    pick = randomness.Random(seed)
    world.apply(world.plan(wanted), pick.choice)
    assert [step.id for step in world.plan(wanted).changing] == []


@slow
@given(worlds(), st.integers(), st.integers(0, 20))
def test_a_run_that_stops_midway_is_finished_by_the_next(
    drawn: tuple[list[Wanted], World], seed: int, steps: int
) -> None:
    wanted, world = drawn
    pick = randomness.Random(seed)

    class KilledError(Exception):
        pass

    def choose(ready: list[object]) -> object:
        if len(world.log) >= steps:
            raise KilledError
        return pick.choice(ready)

    try:
        world.apply(world.plan(wanted), choose)
    except KilledError:
        world.apply(world.plan(wanted), pick.choice)
    assert [step.id for step in world.plan(wanted).changing] == []
    assert len({(one.kind, one.key) for one in world.found}) == len(world.found), "there are duplicates"


@slow
@given(worlds())
def test_foreign_tags_and_properties_survive(drawn: tuple[list[Wanted], World]) -> None:
    wanted, world = drawn
    steps = world.plan(wanted)
    staying = [step.found for step in steps.steps if step.found and step.wanted and step.action != "replace"]
    world.apply(steps)
    for before in staying:
        (now,) = [one for one in world.found if one.id == before.id]
        assert now.properties.get("alien") == before.properties.get("alien")
        assert (now.tags or {}).get("foreign") == (before.tags or {}).get("foreign")


@slow
@given(worlds(), st.integers())
def test_a_removal_leaves_nothing_and_deletes_users_first(
    drawn: tuple[list[Wanted], World], seed: int
) -> None:
    _wanted, world = drawn
    ranks = {one.id: int(one.kind[-1]) for one in world.found}
    world.apply(removal(world.found, world.kinds), randomness.Random(seed).choice)
    assert world.found == []
    order = [ranks[entry.rsplit(" ", 1)[1]] for entry in world.log]
    assert order == sorted(order, reverse=True)


@slow
@given(worlds(), st.data())
def test_a_failure_blocks_its_dependents_and_nothing_else(
    drawn: tuple[list[Wanted], World], data: st.DataObject
) -> None:
    wanted, world = drawn
    order = schedule(world.plan(wanted), world.kinds)
    if not order.operations:
        return
    failed = data.draw(st.sampled_from(sorted(order.operations)))
    blocked = waiting_for(order, failed)
    started: set[str] = {failed}
    done: set[str] = set()
    while ready := order.startable(done, started):
        started.add(ready[0].id)
        done.add(ready[0].id)
    assert order.operations.keys() - started == blocked


def waiting_for(order: Schedule, failed: str) -> set[str]:
    """Return what waits, directly or not, for ``failed``."""
    found = {failed}
    for _ in order.operations:
        found |= {name for name, needed in order.needs.items() if needed & found}
    return found - {failed}


def needs(name: str, found: list[Found], kinds: dict[str, FakeKind] | None = None) -> set[str]:
    return set(schedule(plan(WANTED, found, kinds or KINDS), kinds or KINDS).needs[name])


def test_a_creation_waits_for_what_it_refers_to() -> None:
    assert needs("create host", []) == {"create subnet"}


def test_a_replacement_deletes_its_users_first_and_itself_before_it_is_made() -> None:
    found = [*without(FOUND, VPC_IS), having(VPC_IS, cidr="10.9.0.0/16")]
    assert needs("create vpc", found) == {"delete vpc"}
    assert needs("delete vpc", found) == {"delete subnet"}
    assert "delete table" in needs("delete subnet", found)


def test_where_names_allow_the_new_one_comes_first() -> None:
    """A host can exist twice: the old one goes when the new one is there and its users use it."""
    host = Wanted("host", "host", {"subnet": "subnet-2"})
    user = Wanted("user", "user", {"host": Reference("host")})
    kinds = {**KINDS, "user": FakeKind(name="user", after={"host"}, updatable={"host"})}
    found = [
        Found("host", "host", "i-1", {"subnet": "subnet-1"}, {"id": "i-1"}),
        Found("user", "user", "u-1", {"host": "i-1"}, {"id": "u-1"}),
    ]
    order = schedule(plan([host, user], found, kinds), kinds)
    assert order.needs["create host"] == set()
    assert order.needs["update user"] == {"create host"}
    assert order.needs["delete host"] == {"create host", "update user"}


def test_what_is_no_longer_wanted_goes_when_it_has_been_let_go_of() -> None:
    found = [*without(FOUND, FOUND[3]), having(FOUND[3], subnets=["subnet-1", "subnet-9"])]
    found.append(Found("subnet", "old", "subnet-9", {}, {"id": "subnet-9"}))
    assert needs("delete subnet old subnet-9", found) == {"update table"}


@pytest.mark.parametrize("kind", ["subnet", "vpc"])
def test_what_is_gone_makes_room_first(kind: str) -> None:
    """A new subnet may want the addresses of one that is no longer wanted."""
    old = Found(kind, "old", "x-9", {}, {"id": "x-9"})
    assert f"delete {kind} old x-9" in needs(f"create {kind}", [old])
