"""What the gateways' benchmark counts, and when it fails."""

from __future__ import annotations

import itertools

import pytest

from tests.bench.gateway import rounds, table
from tests.bench.gateway.rounds import Found, Plan, Side
from tests.bench.gateway.window import percentile

SIDES = [Side(name, "", "") for name in (table.UPSTREAM, table.EDGE, table.LITELLM)]


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_time_that_was_measured(share: float, found: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == found


def test_each_side_has_its_windows_and_takes_its_turn() -> None:
    asked: list[str] = []

    def ask(side: Side, _: bytes) -> list[float]:
        asked.append(side.name)
        return [1.0, 2.0]

    found = rounds.run(SIDES, b"", Plan(2, 3 * rounds.SLICE_SECONDS, 60), ask)
    assert {name: [len(window) for window in windows] for name, windows in found.windows.items()} == {
        side.name: [6, 6] for side in SIDES
    }
    assert asked[0:9:3] == [side.name for side in SIDES]


def test_a_slice_in_which_others_ran_is_measured_again() -> None:
    answers = itertools.cycle([None, [1.0]])
    found = rounds.run(SIDES, b"", Plan(1, rounds.SLICE_SECONDS, 60), lambda *_: next(answers))
    assert found.dropped == 3
    assert found.all(table.EDGE) == [1.0]


def test_on_a_machine_that_is_never_quiet_there_are_no_figures() -> None:
    with pytest.raises(SystemExit, match="other programs take the cores"):
        rounds.run(SIDES, b"", Plan(1, 6, 0.01), lambda *_: None)


def found(upstream: float, edge: float, slowest: float) -> Found:
    """Return an edge that takes so long, and for its slowest answers longer."""
    many = [edge] * 90 + [slowest] * 10
    return Found({table.UPSTREAM: [[upstream] * 100], table.EDGE: [many], table.LITELLM: [[9.1] * 100]})


@pytest.mark.parametrize(
    ("edge", "slowest", "beyond"),
    [(0.3, 0.9, False), (0.45, 0.9, True), (0.3, 1.2, True)],
    ids=["as it may be", "the median is beyond", "p99 is beyond"],
)
def test_more_than_the_edge_may_add_is_told(edge: float, slowest: float, beyond: bool) -> None:
    one = found(0.1, edge, slowest)
    assert table.beyond({20: found(0.1, 0.2, 0.2), 100_000: one}) is beyond


def test_the_table_has_what_is_added_and_the_ratio() -> None:
    one = found(0.1, 0.3, 0.9)
    text = table.render({20: one, 100_000: one}, {table.EDGE: 10, table.LITELLM: 500}, 1, shared=False)
    assert "| a short prompt, median | 0.20 ms (0.20 to 0.20) | 9.00 ms (9.00 to 9.00) | 45 |" in text
    assert "| memory afterwards | 10 MiB | 500 MiB | 50 |" in text
