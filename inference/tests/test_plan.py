"""The agent's decision, as a table: what is seen on the host → what is done, in which order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.agent.airlift_agent.delivery.release import Image, Release
from inference.agent.airlift_agent.plan import decide, keep
from inference.agent.airlift_agent.state import (
    Colour,
    Container,
    Limit,
    Observed,
    Plan,
    Routing,
    serves,
    wanted_limit,
    words,
)
from inference.engines.llamacpp.airlift_engine.settings import SPARE_HTTP_THREADS

BLUE, GREEN = Colour.BLUE, Colour.GREEN

RELEASE = Release(
    image=Image("registry", "inference", f"sha256:{'a' * 64}"),
    model_name="model",
    model_digest=f"sha256:{'b' * 64}",
    bucket="bucket",
    engine="llamacpp",
    settings={"threads": 1, "slots": 4},
    secret="airlift/api-keys",
    secret_version="v1",
)
OLD = dataclasses.replace(RELEASE, settings={"threads": 2, "slots": 3})
OLD_LIMIT = wanted_limit(OLD)
RELOADED = 9
"""HAProxy's own limit, which none of these releases has."""


def container(release: Release = RELEASE, sound: bool = True) -> Container:
    return Container(release.container_fingerprint, release.id, str(release.image), sound)


def routed(colour: Colour) -> Mapping[Colour, Routing]:
    return {colour: Routing.READY, colour.other: Routing.MAINTENANCE}


SERVING = Observed(
    live=BLUE,
    live_release=RELEASE.id,
    live_limit=wanted_limit(RELEASE),
    containers={BLUE: container()},
    routing=routed(BLUE),
    limits=dict.fromkeys(Colour, wanted_limit(RELEASE)),
    keys_version="v1",
    models=frozenset({"model"}),
    image_present=True,
    model_present=True,
)
SERVES_OLD = dataclasses.replace(
    SERVING,
    live_release=OLD.id,
    live_limit=OLD_LIMIT,
    containers={BLUE: container(OLD)},
    limits={BLUE: OLD_LIMIT, GREEN: wanted_limit(RELEASE)},
    image_present=False,
    model_present=False,
)
BOTH = {BLUE: container(OLD), GREEN: container()}

CASES: Mapping[str, tuple[Observed, str]] = {
    "it serves": (SERVING, ""),
    "a bare host": (
        Observed(routing=dict.fromkeys(Colour, Routing.READY)),
        "pull image, fetch model, start blue, verify blue, write keys, limit blue, switch blue, prune",
    ),
    "an older release serves": (
        SERVES_OLD,
        "pull image, fetch model, start green, verify green, switch green, drain blue, remove blue, prune",
    ),
    "killed after the start": (
        dataclasses.replace(SERVES_OLD, containers=BOTH, image_present=True, model_present=True),
        "verify green, switch green, drain blue, remove blue, prune",
    ),
    "killed when routed, before it was written down": (
        dataclasses.replace(
            SERVES_OLD,
            containers=BOTH,
            image_present=True,
            model_present=True,
            routing={GREEN: Routing.READY, BLUE: Routing.DRAIN},
        ),
        "verify green, switch green, drain blue, remove blue, prune",
    ),
    "killed after the switch": (
        dataclasses.replace(
            SERVING, live=GREEN, containers=BOTH, routing={GREEN: Routing.READY, BLUE: Routing.DRAIN}
        ),
        "switch green, drain blue, remove blue",
    ),
    "a candidate of another release is in the way": (
        dataclasses.replace(SERVES_OLD, containers={BLUE: container(OLD), GREEN: container(OLD)}),
        "pull image, fetch model, remove green, start green, verify green, switch green, "
        "drain blue, remove blue, prune",
    ),
    "the live container died": (
        dataclasses.replace(SERVING, containers={BLUE: container(sound=False)}),
        "start green, verify green, switch green, remove blue, prune",
    ),
    "the live container is gone": (
        dataclasses.replace(SERVING, containers={}),
        "start blue, verify blue, switch blue, prune",
    ),
    "a dead candidate lies beside": (
        dataclasses.replace(SERVING, containers={BLUE: container(), GREEN: container(OLD, sound=False)}),
        "remove green",
    ),
    "the keys were rotated": (dataclasses.replace(SERVING, keys_version="v0"), "write keys"),
    "HAProxy lost its maps": (
        dataclasses.replace(SERVING, keys_version=None, models=frozenset()),
        "write keys, switch blue",
    ),
    "HAProxy was restarted without its state": (
        dataclasses.replace(SERVING, routing=dict.fromkeys(Colour, Routing.READY)),
        "switch blue",
    ),
    "HAProxy was reloaded and has its own limit again": (
        dataclasses.replace(SERVING, limits=dict.fromkeys(Colour, RELOADED)),
        "limit blue",
    ),
    "the new release has other slots than the old": (
        dataclasses.replace(
            SERVES_OLD, image_present=True, model_present=True, limits={BLUE: OLD_LIMIT, GREEN: OLD_LIMIT}
        ),
        "start green, verify green, limit green, switch green, drain blue, remove blue, prune",
    ),
    "HAProxy was reloaded while another release is on its way": (
        dataclasses.replace(SERVES_OLD, image_present=True, limits={BLUE: RELOADED, GREEN: RELOADED}),
        "limit blue, fetch model, start green, verify green, limit green, switch green, "
        "drain blue, remove blue, prune",
    ),
    "the live server is in maintenance": (
        dataclasses.replace(SERVING, routing=routed(GREEN)),
        "switch blue",
    ),
    "another release of the same content": (
        dataclasses.replace(SERVING, live_release="r-other"),
        "switch blue",
    ),
    "old images lie about": (dataclasses.replace(SERVING, leftovers=True), "prune"),
}


@pytest.mark.parametrize(("seen", "actions"), CASES.values(), ids=CASES.keys())
def test_decision(seen: Observed, actions: str) -> None:
    assert ", ".join(words(action) for action in decide(RELEASE, seen).actions) == actions


CONTAINERS = st.sampled_from(
    [None, container(), container(OLD), container(sound=False), container(OLD, sound=False)]
)
SEEN = st.builds(
    Observed,
    live=st.sampled_from([None, BLUE, GREEN]),
    live_release=st.sampled_from([None, RELEASE.id, OLD.id]),
    containers=st.fixed_dictionaries({BLUE: CONTAINERS, GREEN: CONTAINERS}).map(
        lambda found: {colour: one for colour, one in found.items() if one is not None}
    ),
    routing=st.fixed_dictionaries({colour: st.sampled_from(Routing) for colour in Colour}),
    live_limit=st.sampled_from([None, wanted_limit(RELEASE), OLD_LIMIT]),
    limits=st.fixed_dictionaries(
        {colour: st.sampled_from([0, RELOADED, OLD_LIMIT, wanted_limit(RELEASE)]) for colour in Colour}
    ),
    keys_version=st.sampled_from([None, "v0", "v1"]),
    models=st.sampled_from([frozenset[str](), frozenset({"model"}), frozenset({"other"})]),
    image_present=st.booleans(),
    model_present=st.booleans(),
    leftovers=st.booleans(),
)


def after(seen: Observed, plan: Plan, steps: int) -> Observed:
    """The host after the first ``steps`` actions: a model of what each does."""
    containers, routing = dict(seen.containers), dict(seen.routing)
    for action in plan.actions[:steps]:
        match words(action).split():
            case ["pull", _]:
                seen = dataclasses.replace(seen, image_present=True)
            case ["fetch", _]:
                seen = dataclasses.replace(seen, model_present=True)
            case ["start", colour]:
                assert Colour(colour) not in containers, "two containers of one name"
                containers[Colour(colour)], routing[Colour(colour)] = container(), Routing.MAINTENANCE
            case ["verify", colour]:
                assert serves(containers[Colour(colour)], RELEASE)
            case ["write", _]:
                seen = dataclasses.replace(seen, keys_version=RELEASE.secret_version)
            case ["limit", _]:
                assert isinstance(action, Limit)
                seen = dataclasses.replace(seen, limits={**seen.limits, action.colour: action.requests})
            case ["switch", colour]:
                other = Colour(colour).other
                routing = {Colour(colour): Routing.READY}
                routing[other] = Routing.DRAIN if other in containers else Routing.MAINTENANCE
                models = frozenset({RELEASE.model_name})
                limit = wanted_limit(RELEASE)
                seen = dataclasses.replace(
                    seen, live=Colour(colour), live_release=RELEASE.id, live_limit=limit, models=models
                )
            case ["drain", colour]:
                routing[Colour(colour)] = Routing.DRAIN
            case ["remove", colour]:
                del containers[Colour(colour)]
                routing[Colour(colour)] = Routing.MAINTENANCE
            case ["prune"]:
                seen = dataclasses.replace(seen, leftovers=False)
    return dataclasses.replace(seen, containers=containers, routing=routing)


def test_an_engine_keeps_threads_for_its_health() -> None:
    for slots in (1, 2, 256):
        limit = wanted_limit(dataclasses.replace(RELEASE, settings={"slots": slots}))
        assert slots < limit < slots + SPARE_HTTP_THREADS, "full slots, and HTTP threads to spare"
    assert wanted_limit(dataclasses.replace(RELEASE, settings={})) == 9, "a document that does not say"


@given(SEEN)
def test_nothing_is_switched_with_another_release_s_limit(seen: Observed) -> None:
    plan = decide(RELEASE, seen)
    done = [words(action) for action in plan.actions]
    if f"switch {plan.colour}" in done:
        before = after(seen, plan, done.index(f"switch {plan.colour}"))
        assert before.limits[plan.colour] == wanted_limit(RELEASE)


@given(SEEN)
def test_what_serves_has_its_own_limit_before_anything_can_fail(seen: Observed) -> None:
    plan = decide(RELEASE, seen)
    due = keep(seen)
    if seen.live in seen.containers and not serves(seen.containers.get(plan.colour), RELEASE):
        assert plan.actions[: len(due)] == due
    kept = after(seen, Plan(plan.colour, due), len(due))
    assert keep(kept) == ()
    if seen.live in seen.containers and seen.live_limit is not None:
        assert seen.live is not None
        assert kept.limits[seen.live] == seen.live_limit


@given(SEEN)
def test_one_plan_converges(seen: Observed) -> None:
    plan = decide(RELEASE, seen)
    assert decide(RELEASE, after(seen, plan, len(plan.actions))).actions == ()


@given(SEEN, st.integers(0, 9))
def test_a_plan_killed_anywhere_converges_with_the_next(seen: Observed, steps: int) -> None:
    killed = after(seen, decide(RELEASE, seen), steps)
    plan = decide(RELEASE, killed)
    assert decide(RELEASE, after(killed, plan, len(plan.actions))).actions == ()


@given(SEEN)
def test_what_serves_is_not_touched_before_the_switch(seen: Observed) -> None:
    plan = decide(RELEASE, seen)
    done = [words(action) for action in plan.actions]
    if seen.live in seen.containers and f"switch {plan.colour}" in done:
        before = done[: done.index(f"switch {plan.colour}")]
        assert not {f"remove {seen.live}", f"drain {seen.live}", f"start {seen.live}"} & set(before)


@given(SEEN)
def test_nothing_is_switched_unverified(seen: Observed) -> None:
    plan = decide(RELEASE, seen)
    done = [words(action) for action in plan.actions]
    live_is_right = seen.live is plan.colour and serves(seen.containers.get(plan.colour), RELEASE)
    if f"switch {plan.colour}" in done and not live_is_right:
        assert done.index(f"verify {plan.colour}") < done.index(f"switch {plan.colour}")
