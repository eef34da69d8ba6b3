"""What the bursts of cancelled prompts count as lost, kept or told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.bench.cancel import checks
from tests.bench.cancel.burst import Plan, plans
from tests.bench.cancel.engines import REAL, SCRIPTED, Engine


@pytest.mark.parametrize("engine", [SCRIPTED, REAL], ids=lambda engine: engine.name)
def test_half_of_the_clients_leave_and_a_seed_says_which(engine: Engine) -> None:
    planned = plans(engine, 7)
    assert Counter(plan.stays for plan in planned) == {True: engine.clients // 2, False: engine.clients // 2}
    assert any(plan.leaves_after_events for plan in planned)
    assert all(plan.streams for plan in planned if plan.leaves_after_events)
    assert planned == plans(engine, 7) != plans(engine, 8)


def entry(termination: str, queue_ms: int, total_ms: int) -> dict[str, Any]:
    """Return what the edge's log has of a request."""
    return {"termination": termination, "queue_ms": queue_ms, "total_ms": total_ms}


@pytest.mark.parametrize(
    ("one", "place"),
    [
        (entry("CQ", -1, 800), checks.QUEUE),
        (entry("CH", 8000, 8001), checks.QUEUE),
        (entry("CH", 8000, 9000), checks.ENGINE),
        (entry("CH", 0, 10), checks.ENGINE),
        (entry("CD", 8000, 9000), checks.STREAM),
    ],
)
def test_the_log_says_where_a_client_was_when_it_left(one: dict[str, Any], place: str) -> None:
    rest = dict.fromkeys(checks.PLACES, 0)
    assert checks.left_where([one, entry("--", 0, 5)]) == rest | {place: 1}


def test_only_who_stayed_and_was_not_answered_is_lost() -> None:
    stays = Plan(0, 10, True, "")
    leaves = Plan(1, 10, True, "", leaves_after_seconds=1)
    assert checks.unanswered([stays, leaves], ["answered", "left"]) == {}
    assert checks.unanswered([stays, leaves], ["HTTP/1.1 503", "left"]) == {"HTTP/1.1 503": 1}


@pytest.mark.parametrize(
    ("kib", "flat"),
    [([44_000, 50_000, 51_000, 51_000], True), ([40_000, 44_000, 48_000, 52_000], False), ([9, 20], False)],
)
def test_memory_is_flat_where_the_later_half_takes_no_more(kib: list[int], flat: bool) -> None:
    assert checks.is_flat(kib) is flat


def test_a_log_that_has_the_key_tells_it_and_an_empty_one_proves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("POST /v1/chat/completions?key=al-1\n")
    assert checks.tells(log, "al-1")
    assert not checks.tells(log, "al-2")
    log.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        checks.tells(log, "al-1")
