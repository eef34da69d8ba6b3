from __future__ import annotations

import os
import re
import signal
import threading
import time

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.execution import operations
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Reference, Wanted

from tests.unit.execution.scripted import (
    LOST,
    Scripted,
    aws_error,
    carry_out,
    context,
    remove_all,
    steps_to,
)

A = Wanted("thing", "layer/a", {"size": 1})
B = Wanted("thing", "layer/b", {"a": Reference("layer/a")})
C = Wanted("thing", "layer/c", {"size": 1})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_FIRST_POLL_SECONDS", 0.005)


def test_references_arrive_resolved() -> None:
    kind = Scripted()
    outcome = carry_out(kind, steps_to(kind, [A, B, C]))
    assert outcome.failures == []
    assert {one.key: one.properties for one in kind.here}["layer/b"] == {"a": "id-layer/a"}
    assert steps_to(kind, [A, B, C]).changing == ()


def test_one_failure_stops_only_what_needs_it() -> None:
    kind = Scripted()
    kind.errors["create", "layer/a"] = [
        aws_error("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    ]
    outcome = carry_out(kind, steps_to(kind, [A, B, C]))
    assert [one.key for one in kind.here] == ["layer/c"]
    assert [one.step.key for one in outcome.waiting] == ["layer/b"]
    assert [str(one) for one in outcome.failures] == [
        "Failed to create thing layer/a in us-east-1: VpcLimitExceeded The maximum number of VPCs has "
        "been reached. Ask for a higher quota in the Service Quotas console (VPCs per Region, L-F678F1CE), "
        "or delete what is no longer used."
    ]


def test_what_does_not_depend_on_each_other_runs_side_by_side() -> None:
    kind = Scripted()
    together = threading.Barrier(2, timeout=5)
    kind.hook = lambda _verb, _key: together.wait() and None
    assert carry_out(kind, steps_to(kind, [A, C])).failures == []


def test_a_lost_reply_makes_no_second_one() -> None:
    kind = Scripted()
    kind.errors["create", "layer/a"] = [LOST]
    outcome = carry_out(kind, steps_to(kind, [A, B]))
    assert outcome.failures == []
    assert [one.key for one in kind.here] == ["layer/a", "layer/b"]
    assert kind.log.count("create layer/a") == 1


def test_what_was_made_half_is_finished() -> None:
    """Another attempt of the same run finds what the first one made, and updates what it lacks."""
    kind = Scripted()
    kind.here = []

    def half(verb: str, key: str) -> None:
        if (verb, key) == ("create", "layer/a") and not kind.here:
            kind.here.append(Found("thing", "layer/a", "half", {"size": 0}, {"id": "half"}, {}))

    kind.hook = half
    kind.errors["create", "layer/a"] = [aws_error("NotThereYet")]
    assert carry_out(kind, steps_to(kind, [A])).failures == []
    assert [(one.id, one.properties) for one in kind.here] == [("half", {"size": 1})]
    assert kind.log == [
        "create layer/a",
        "update layer/a",
        "tag layer/a ['Name', 'airlift:key', 'airlift:stack']",
    ]


@pytest.mark.parametrize("code", ["NotThereYet", "ConcurrentModification"])
def test_what_passes_by_itself_is_tried_again(code: str) -> None:
    kind = Scripted()
    kind.errors["create", "layer/a"] = [aws_error(code), aws_error(code)]
    assert carry_out(kind, steps_to(kind, [A])).failures == []
    assert kind.log.count("create layer/a") == 3


def test_a_deletion_waits_until_it_is_let_go_of() -> None:
    kind = Scripted()
    kind.here = [Found("thing", "layer/a", "x", {}, {"id": "x"})]
    kind.errors["delete", "layer/a"] = [aws_error("StillHeld"), aws_error("ConcurrentModification")]
    assert remove_all(kind).failures == []
    assert kind.here == []


def test_trying_again_ends_when_the_kind_says() -> None:
    kind = Scripted()
    kind.consistency_seconds = 0.5  # type: ignore[misc]
    kind.errors["create", "layer/a"] = [aws_error("NotThereYet") for _ in range(1000)]
    outcome = carry_out(kind, steps_to(kind, [A]))
    assert [one.code for one in outcome.failures] == ["NotThereYet"]


@pytest.mark.parametrize(("release_seconds", "left"), [(0, ["layer/a"]), (30, [])])
def test_so_does_waiting_until_it_is_let_go_of(release_seconds: float, left: list[str]) -> None:
    kind = Scripted()
    kind.release_seconds = release_seconds  # type: ignore[misc]
    kind.here = [Found("thing", "layer/a", "x", {}, {"id": "x"})]
    kind.errors["delete", "layer/a"] = [aws_error("StillHeld")]
    assert len(remove_all(kind).failures) == len(left)
    assert [one.key for one in kind.here] == left


@pytest.mark.parametrize(("gone_seconds", "failures"), [(0, ["thing x is still there after 0 s"]), (5, [])])
def test_how_long_it_may_take_to_leave_is_not_how_long_to_get_ready(
    gone_seconds: int, failures: list[str]
) -> None:
    kind = Scripted()
    kind.timeout_seconds, kind.gone_seconds = 5 - gone_seconds, gone_seconds  # type: ignore[misc]
    kind.stays["layer/a"] = 3
    kind.here = [Found("thing", "layer/a", "x", {}, {"id": "x"})]
    assert [said in str(one) for one, said in zip(remove_all(kind).failures, failures, strict=True)] == [
        True for _ in failures
    ]


def test_a_resource_that_never_gets_ready_is_a_failure() -> None:
    kind = Scripted()
    kind.unsettled["layer/a"] = 1_000_000
    outcome = carry_out(kind, steps_to(kind, [A, B]))
    assert "did not become usable after 1 s" in str(outcome.failures[0])
    assert [one.step.key for one in outcome.waiting] == ["layer/b"]


def test_an_update_changes_only_what_differs() -> None:
    kind = Scripted()
    carry_out(kind, steps_to(kind, [A, C]))
    kind.log.clear()
    outcome = carry_out(kind, steps_to(kind, [Wanted("thing", "layer/a", {"size": 2}), C]))
    assert kind.log == ["update layer/a"]
    assert [one.step.key for one in outcome.done] == ["layer/a"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_starts_nothing_new_and_lets_what_runs_end(number: int) -> None:
    kind = Scripted()
    before = signal.getsignal(number)

    def interrupt(_verb: str, key: str) -> None:
        if key == "layer/a":
            os.kill(os.getpid(), number)
            time.sleep(0.05)

    kind.hook = interrupt
    outcome = carry_out(kind, steps_to(kind, [A, B]))
    assert outcome.interrupted
    assert [one.key for one in kind.here] == ["layer/a"]
    assert [one.step.key for one in outcome.waiting] == ["layer/b"]
    assert signal.getsignal(number) is before
    kind.hook = lambda _verb, _key: None
    assert not carry_out(kind, steps_to(kind, [A, B])).interrupted
    assert steps_to(kind, [A, B]).changing == ()


def test_a_signal_ends_waiting() -> None:
    kind = Scripted()
    kind.unsettled["layer/a"] = 1_000_000
    kind.timeout_seconds = 60  # type: ignore[misc]
    stop = threading.Event()
    kind.hook = lambda _verb, _key: threading.Timer(0.1, stop.set).start()
    outcome = carry_out(kind, steps_to(kind, [A]), stop=stop)
    assert outcome.interrupted
    assert [one.step.key for one in outcome.running] == ["layer/a"]
    assert outcome.failures == []


def test_progress_counts() -> None:
    kind = Scripted()
    said: list[str] = []
    kind.errors["create", "layer/c"] = [
        aws_error("AccessDenied", "User is not authorized to perform: x:CreateThing")
    ]
    carry_out(kind, steps_to(kind, [A, B, C]), said)
    assert sorted(line[:5] for line in said) == ["[1/3]", "[2/3]", "[3/3]"]
    assert any(re.search(r"created thing a \(\d+\.\d s\)", line) for line in said)
    assert any(
        "Failed to create thing layer/c in us-east-1" in line and "Allow x:CreateThing" in line
        for line in said
    )


def test_one_that_is_there_already_is_taken_and_made_as_wanted() -> None:
    kind = Scripted()
    kind.errors["create", "x"] = [aws_error("EntityAlreadyExists"), aws_error("EntityAlreadyExists")]
    steps = steps_to(kind, [Wanted("thing", "x", {"size": 2})])
    there = Found("thing", "x", "id-x", {"size": 1}, {"id": "id-x"}, context().tags_for("x"))

    def shown_at_the_second_try(verb: str, key: str) -> None:
        if kind.log.count("create x") == 1 and verb == "create":
            kind.here.append(there)

    kind.hook = shown_at_the_second_try
    outcome = carry_out(kind, steps)
    assert not outcome.failures
    assert kind.log == ["create x", "create x", "update x"]
    assert [one.properties["size"] for one in kind.here] == [2]


def test_one_of_somebody_else_s_is_given_up_after_some_looks() -> None:
    kind = Scripted()
    kind.errors["create", "x"] = [aws_error("InvalidGroup.Duplicate") for _ in range(5)]
    outcome = carry_out(kind, steps_to(kind, [Wanted("thing", "x", {"size": 2})]))
    assert kind.log == ["create x"] * 3
    assert "InvalidGroup.Duplicate" in str(outcome.failures[0])
