"""What a person at a terminal is shown: which line for which event."""

from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.plugin_utils import terminal_lines as lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (12.4, "12 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (3700, "61 min 40 s")],
)
def test_durations(seconds: float, words: str) -> None:
    assert lines.duration(seconds) == words


def test_a_stage_says_how_long_the_rest_took_only_where_that_is_known() -> None:
    assert lines.stage("Provision", None) == "\n==> Provision"
    assert lines.stage("Provision", 160) == "\n==> Provision   (from here to the end: 2 min 40 s last time)"


LAST = {"Preflight": 10.0, "Provision": 60.0, "Roll": 40.0, "Verify": 5.0}


@pytest.mark.parametrize(
    ("spent", "name", "seconds"),
    [
        ({}, "Preflight", 115.0),
        ({"Preflight": 2.0}, "Provision", 105.0),
        ({"Preflight": 99.0, "Provision": 1.0}, "Roll", 45.0),
        ({"Preflight": 9.0, "Provision": 1.0, "Roll": 15.0}, "Roll", 30.0),
        ({"Preflight": 9.0, "Provision": 1.0, "Roll": 90.0}, "Roll", 5.0),
        ({}, "A stage that is new", None),
    ],
    ids=["first", "second", "third", "its second host", "longer than ever", "unknown"],
)
def test_the_rest_is_what_has_not_been_run(spent: dict[str, float], name: str, seconds: float | None) -> None:
    assert lines.rest(LAST, spent, name) == seconds


def test_nothing_is_known_before_the_first_run() -> None:
    assert lines.rest({}, {}, "Preflight") is None


def test_a_change_is_one_line_for_all_hosts() -> None:
    assert lines.changed("Install", {"one": 1}, 0.4) == "  changed   Install   one"
    assert (
        lines.changed("Install", {"one": 1, "two": 3}, 12)
        == "  changed   Install (3 items)   one, two   12 s"
    )
    many = {f"host-{number}": 1 for number in range(1, 6)}
    assert lines.changed("Install", many, 0) == "  changed   Install   host-1, host-2, host-3 and 2 more"


def test_what_is_waited_for_names_hosts_and_tries() -> None:
    assert lines.waiting("Boot", {"one": "", "two": "3 of 60"}, 70) == (
        "  waiting   Boot   one, two (try 3 of 60)   1 min 10 s so far"
    )


@pytest.mark.parametrize(("seconds", "due"), [(0, 10), (9.9, 10), (10, 30), (30, 60), (61, 90)])
def test_the_next_line_about_a_wait_is_later(seconds: float, due: float) -> None:
    assert lines.next_wait(seconds) == due


def test_a_message_stands_by_itself_below_its_stage() -> None:
    assert lines.message("Endpoint   x\n\nCost       y\n") == "\n  Endpoint   x\n\n  Cost       y\n"


@pytest.mark.parametrize(
    ("changes", "check", "failed", "unreachable", "words"),
    [
        (0, False, [], [], "==> Finished in 5 s: no task changed something."),
        (1, False, [], [], "==> Finished in 5 s: one task changed something."),
        (2, True, [], [], "==> Finished in 5 s: 2 tasks would change something."),
        (3, False, ["one"], [], "==> Stopped after 5 s: 3 tasks changed something. Failed: one."),
        (0, False, [], ["two"], "==> Stopped after 5 s: no task changed something. Unreachable: two."),
    ],
    ids=["nothing", "one", "check", "failed", "unreachable"],
)
def test_the_end(changes: int, check: bool, failed: list[str], unreachable: list[str], words: str) -> None:
    lost = {"Failed": failed, "Unreachable": unreachable}
    assert lines.end(5, changes, check, lost, "a.log") == f"\n{words} Everything is in a.log."


def test_without_a_log_none_is_named() -> None:
    assert lines.end(5, 0, False, {}, "") == "\n==> Finished in 5 s: no task changed something."
