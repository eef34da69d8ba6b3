"""Which images the timer of the role docker_engine removes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCE = Path(__file__).parents[2] / "roles/docker_engine/files/airlift_image_prune.py"
HOUR = 3600


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("airlift_image_prune", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    __import__("sys").modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


prune = load()


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, pulled: int | None = None, kept: bool = False) -> Any:
    """An image with an id and, if it was pulled, the digest its registry knows it by."""
    names = (f"repository@{digest(pulled)}",) if pulled is not None else ()
    digests = {digest(number), *([digest(pulled)] if pulled is not None else [])}
    return prune.Image(digest(number), names, frozenset(digests), 1, kept)


numbers = st.integers(0, 12)
images = st.lists(st.builds(image, numbers, st.none() | numbers, st.booleans()), unique_by=lambda one: one.id)


@given(images, st.sets(numbers), st.sets(numbers))
def test_what_runs_is_noted_or_labelled_never_goes(
    here: list[Any], running: set[int], noted: set[int]
) -> None:
    going = prune.removable(here, map(digest, running), map(digest, noted))
    for one in going:
        assert not one.kept
        assert not one.digests & {digest(number) for number in running | noted}
    wanted = {digest(number) for number in running | noted}
    assert all(one in going for one in here if not one.kept and not one.digests & wanted)


@given(images, st.dictionaries(numbers, st.floats(0, 500)), st.floats(0, 300), st.floats(0, 300))
def test_nothing_goes_within_its_grace_nor_twice(
    here: list[Any], ages: dict[int, float], age: float, grace: float
) -> None:
    now = 1_000_000_000.0
    before = {digest(number): now - hours * HOUR for number, hours in ages.items()}
    since = prune.seen_unused(before, here, now)
    old, spare = prune.due(here, since, now, age, grace)
    assert not {one.id for one in old} & {one.id for one in spare}
    for one in [*old, *spare]:
        assert (now - since[one.id]) / HOUR >= grace
    assert all((now - since[one.id]) / HOUR >= age for one in old)
    assert [since[one.id] for one in spare] == sorted(since[one.id] for one in spare)


def test_an_image_is_not_old_when_it_is_first_seen() -> None:
    since = prune.seen_unused({}, [image(1)], 100.0)
    assert since == {digest(1): 100.0}
    assert prune.due([image(1)], since, 100.0, age_hours=168, grace_hours=1) == ([], [])


def test_one_that_was_used_in_between_begins_anew() -> None:
    before = {digest(1): 0.0, digest(2): 0.0}
    noted = prune.seen_unused(before, [image(2)], 50.0)
    assert noted == {digest(2): 0.0}
    assert prune.seen_unused(noted, [image(1), image(2)], 90.0) == {digest(1): 90.0, digest(2): 0.0}


def test_a_clock_that_was_set_back_makes_nothing_old() -> None:
    assert prune.seen_unused({digest(1): 900.0}, [image(1)], 100.0) == {digest(1): 100.0}


def test_the_digests_of_the_agents_record_are_found(tmp_path: Path) -> None:
    record = tmp_path / "live.json"
    kept = {"release": {"image": f"r/x@{digest(1)}"}, "previous": {"image": f"r/x@{digest(2)}"}}
    record.write_text(json.dumps(kept))
    assert prune.noted_in([str(tmp_path / "*.json"), str(tmp_path / "none.json")]) == {digest(1), digest(2)}


def test_a_record_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    (tmp_path / "live.json").write_bytes(b"\xff\xff")
    with pytest.raises(prune.PruneError, match=r"live\.json, which says what to keep"):
        prune.noted_in([str(tmp_path / "live.json")])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": "b"}', '{"a": null}'])
def test_a_broken_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "unused.json").write_text(text)
    assert prune.load(tmp_path / "unused.json") == {}


def test_a_note_reads_back(tmp_path: Path) -> None:
    prune.save(tmp_path / "unused.json", {digest(1): 5.5})
    assert prune.load(tmp_path / "unused.json") == {digest(1): 5.5}
