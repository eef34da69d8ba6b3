"""Which images the agent removes: the decision, and on real images of a real Docker."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.agent.airlift_agent import images, record
from inference.agent.airlift_agent.aws.calls import Aws
from inference.agent.airlift_agent.config import Config
from inference.agent.airlift_agent.delivery.release import Image, Release
from inference.agent.airlift_agent.host import Host
from inference.agent.airlift_agent.images import StoredImage
from inference.agent.airlift_agent.state import Colour, Prune

from .stage import forget_images, registry
from .test_plan import RELEASE

HOUR = 3600


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, pulled: int | None = None, kept: bool = False) -> StoredImage:
    """An image with an id and, if it was pulled, the digest its registry knows it by."""
    return StoredImage(digest(number), frozenset([digest(pulled)] if pulled is not None else []), kept)


numbers = st.integers(0, 12)
stored = st.lists(st.builds(image, numbers, st.none() | numbers, st.booleans()), unique_by=lambda one: one.id)


@given(stored, st.sets(numbers), st.sets(numbers))
def test_what_is_used_needed_or_labelled_never_goes(
    here: list[StoredImage], used: set[int], needed: set[int]
) -> None:
    going = images.removable(here, map(digest, used), map(digest, needed))
    wanted = {digest(number) for number in used | needed}
    for one in going:
        assert not one.kept
        assert not {one.id, *one.digests} & wanted
    assert all(one in going for one in here if not one.kept and not {one.id, *one.digests} & wanted)


@given(stored, st.dictionaries(numbers, st.floats(0, 500)), st.floats(0, 300), st.floats(0, 300))
def test_nothing_goes_within_its_grace_nor_twice(
    here: list[StoredImage], ages: dict[int, float], age: float, grace: float
) -> None:
    now = 1_000_000_000.0
    before = {digest(number): now - hours * HOUR for number, hours in ages.items()}
    since = images.unused_since(before, here, now)
    old, spare = images.due(here, since, now, age, grace)
    assert not {one.id for one in old} & {one.id for one in spare}
    for one in [*old, *spare]:
        assert (now - since[one.id]) / HOUR >= grace
    assert all((now - since[one.id]) / HOUR >= age for one in old)
    assert [since[one.id] for one in spare] == sorted(since[one.id] for one in spare)


def test_an_image_is_not_old_when_it_is_first_seen() -> None:
    since = images.unused_since({}, [image(1)], 100.0)
    assert since == {digest(1): 100.0}
    assert images.due([image(1)], since, 100.0, age_hours=168, grace_hours=1) == ([], [])


def test_one_that_was_used_in_between_begins_anew() -> None:
    before = {digest(1): 0.0, digest(2): 0.0}
    noted = images.unused_since(before, [image(2)], 50.0)
    assert noted == {digest(2): 0.0}
    assert images.unused_since(noted, [image(1), image(2)], 90.0) == {digest(1): 90.0, digest(2): 0.0}


def test_a_clock_that_was_set_back_makes_nothing_old() -> None:
    assert images.unused_since({digest(1): 900.0}, [image(1)], 100.0) == {digest(1): 100.0}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": "b"}', '{"a": null}'])
def test_a_broken_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "unused.json").write_text(text)
    assert images.load(tmp_path / "unused.json") == {}


def test_a_note_reads_back(tmp_path: Path) -> None:
    images.save(tmp_path / "unused.json", {digest(1): 5.5})
    assert images.load(tmp_path / "unused.json") == {digest(1): 5.5}


NAMES = ("wanted", "live", "previous", "stopped", "labelled", "old", "young", "fresh", "foreign")


class Images:
    """Small images in a repository of a registry, pulled by digest as the agent does, and a foreign one."""

    def __init__(self, repository: str) -> None:
        self.repository, self.docker = repository, docker.from_env()
        self.ids: dict[str, str] = {}
        self.digests: dict[str, str] = {}

    def make(self, name: str) -> None:
        """Make, push and pull one."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as layer:
            layer.addfile(tarfile.TarInfo(f"{self.repository.replace('/', '-')}-{name}"))
        repository = f"{self.repository}-foreign" if name == "foreign" else self.repository
        labels = ["LABEL airlift.keep=1"] if name == "labelled" else []
        self.docker.api.import_image_from_data(
            content.getvalue(), repository=repository, tag=name, changes=labels
        )
        self.docker.images.push(repository, tag=name)
        self.docker.images.remove(f"{repository}:{name}")
        pushed = self.docker.images.get_registry_data(f"{repository}:{name}").id
        assert pushed is not None
        self.digests[name] = pushed
        pulled = self.docker.images.pull(repository, tag=pushed)
        assert pulled.id is not None
        self.ids[name] = pulled.id

    def here(self) -> set[str]:
        """Return which there still are."""
        listed = {one["Id"] for one in self.docker.api.images()}
        return {name for name, number in self.ids.items() if number in listed}

    def release(self, name: str) -> Release:
        """A release of one of them."""
        registry, _, path = self.repository.partition("/")
        return dataclasses.replace(RELEASE, image=Image(registry, path, self.digests[name]))


@pytest.fixture
def pulled(tmp_path: Path) -> Iterator[Images]:
    """One image of every kind; of one a container was made that does not run."""
    with registry(tmp_path) as address:
        found = Images(f"{address}/prunetest/inference")
        for name in NAMES:
            found.make(name)
        container = found.docker.containers.create(found.ids["stopped"], ["/none"])
        yield found
        container.remove()
        for repository in (found.repository, f"{found.repository}-foreign"):
            forget_images(repository)
        found.docker.close()


@pytest.mark.docker
def test_the_agent_removes_what_nothing_needs_and_nothing_else(pulled: Images, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    kept = record.Record().switched(Colour.BLUE, pulled.release("previous"))
    record.save(state / record.FILE_NAME, kept.switched(Colour.GREEN, pulled.release("live")))

    def prune(free_percent: int) -> list[str]:
        said: list[str] = []
        config = Config("prunetest", "us-east-1", state_directory=str(state), prune_free_percent=free_percent)
        host = Host(config, Aws(config.region, 1), pulled.release("wanted"), said.append)
        host.act(Prune())
        return said

    # Nothing goes when it is first seen, however full the disk is.
    assert prune(100) == []
    note = json.loads((state / images.FILE_NAME).read_text())
    assert set(note) == {pulled.ids[name] for name in ("old", "young", "fresh")}

    ages = {"old": 200, "young": 5}
    aged = {pulled.ids[name]: time.time() - HOUR * hours for name, hours in ages.items()}
    images.save(state / images.FILE_NAME, {**note, **aged})
    assert prune(0) == [f"removing image {pulled.digests['old']}"]
    assert pulled.here() == set(NAMES) - {"old"}

    # On a full disk the younger go, too, but not the newest.
    assert prune(100) == [f"removing image {pulled.digests['young']}"]
    assert pulled.here() == set(NAMES) - {"old", "young"}
