"""Manifests, release documents, keys, records and settings: pure, and strict about what they read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.agent.airlift_agent import keys, record
from inference.agent.airlift_agent.config import check
from inference.agent.airlift_agent.delivery import manifest, release
from inference.agent.airlift_agent.delivery.manifest import File
from inference.agent.airlift_agent.errors import DeliveryError
from inference.agent.airlift_agent.state import Colour

from .conftest import REPOSITORY_ROOT
from .test_plan import OLD, RELEASE

HEX = "0" * 64
MODEL_NAMES = ("model", "org/Model-7B-Instruct", "Qwen/Qwen2.5-0.5B", "a/b", "llama3:8b", "a_b.c", "7B")
PATHS = st.lists(
    st.text("abc.-", min_size=1, max_size=5).filter(lambda s: s.strip(".")), min_size=1, max_size=3
)
FILES = st.dictionaries(
    PATHS.map("/".join), st.tuples(st.integers(0, 2**40), st.binary(max_size=3)), min_size=1, max_size=5
).map(lambda d: [File(path, hashlib.sha256(b).hexdigest(), size) for path, (size, b) in d.items()])


@given(FILES, st.randoms())
def test_a_manifest_reads_back_and_knows_no_order(files: list[File], random: object) -> None:
    made = manifest.make("model", "file:x", files)
    random.shuffle(files)  # type: ignore[attr-defined]
    assert manifest.make("model", "file:x", files).digest == made.digest
    assert manifest.parse(made.canonical(), made.digest) == made


def test_a_manifest_that_was_changed_is_refused() -> None:
    made = manifest.make("model", "file:x", [File("a", HEX, 1)])
    with pytest.raises(DeliveryError, match="has the digest"):
        manifest.parse(made.canonical().replace(b'"a"', b'"b"'), made.digest)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", manifest.FILE_NAME]
)
def test_a_path_cannot_leave_the_model(path: str) -> None:
    with pytest.raises(DeliveryError):
        manifest.make("model", "file:x", [File(path, HEX, 1)])


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "-a", "a/-b", "org/a/b", "/a", "a/", "a//b", "../a", "a/..", "a..b", ".a", "#a"),
        *("a\n", "a\tb", "é", "a" * 97, f"org/{'a' * 93}"),
    ],
)
def test_a_model_name_fits_a_map_and_a_header(name: str) -> None:
    with pytest.raises(DeliveryError, match="cannot be used"):
        manifest.make(name, "file:x", [File("a", HEX, 1)])
    with pytest.raises(DeliveryError, match="cannot be used"):
        release.parse(release.canonical(dataclasses.replace(RELEASE, model_name=name).document()))


@pytest.mark.parametrize("name", [*MODEL_NAMES, "a" * 96, f"org/{'a' * 92}"])
def test_the_usual_model_names_are_published_released_and_let_through_by_the_edge(name: str) -> None:
    assert manifest.make(name, "file:x", [File("a", HEX, 1)]).name == name
    named = dataclasses.replace(RELEASE, model_name=name)
    assert release.parse(release.canonical(named.document())) == named
    edge = (REPOSITORY_ROOT / "roles/edge_proxy/templates/haproxy.cfg.j2").read_text()
    rule = re.search(r"acl is_model path,url_dec -m reg (\S+)", edge)
    assert rule is not None
    assert re.match(rule[1], f"/v1/models/{name}")


def test_a_release_reads_back() -> None:
    assert release.parse(release.canonical(RELEASE.document())) == RELEASE
    assert release.parse('{"schema":1,"release":null}') is None


def test_what_asks_for_a_new_container() -> None:
    rotated = dataclasses.replace(RELEASE, secret_version="v2")
    assert rotated.id != RELEASE.id
    assert rotated.container_fingerprint == RELEASE.container_fingerprint
    assert OLD.container_fingerprint != RELEASE.container_fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema":2,"release":null}',
        release.canonical({**RELEASE.document(), "image": "inference:latest"}),
        release.canonical({**RELEASE.document(), "model": {"name": "a\nb", "digest": HEX, "bucket": "b"}}),
    ],
)
def test_a_document_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError):
        release.parse(text)


def test_keys_become_hashes_that_know_their_end() -> None:
    entries = [
        {"id": "a", "key": "k" * 30},
        {"id": "b", "key": "l" * 30, "ends": "2026-11-22T12:00:00+00:00"},
        {"id": "c", "key": "m" * 30, "ends": "2026-11-21T12:00:00+00:00"},
    ]
    assert keys.hashes(json.dumps({"keys": entries}), "s", now=1795262400.0) == {
        hashlib.sha256(b"k" * 30).hexdigest(): "a",
        hashlib.sha256(b"l" * 30).hexdigest(): "b 1795348800",
    }
    with pytest.raises(DeliveryError, match="Every key of the secret s has ended"):
        keys.hashes(json.dumps({"keys": entries[1:]}), "s", now=1795348800.0)


def test_a_key_that_nobody_can_send_never_reaches_the_edge() -> None:
    secret = json.dumps({"keys": [{"id": "a", "key": "short-secret"}]})
    with pytest.raises(DeliveryError, match=r"key 1 \(a\) is shorter") as caught:
        keys.hashes(secret, "s", now=0.0)
    assert "short-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ([], "JSON object"),
        ({"region": "r"}, "stack"),
        ({"stack": "s", "region": "r", "drain": 1}, "unknown keys: drain"),
        ({"stack": "s", "region": "r", "pids": "512"}, "pids"),
        ({"stack": "s", "region": "r", "pids": True}, "pids"),
        ({"stack": "s", "region": "r", "cpus": -1}, "cpus"),
    ],
)
def test_a_bad_configuration_is_named(given: object, word: str) -> None:
    with pytest.raises(DeliveryError, match=word):
        check(given, "agent.json", "Mend it.")


def test_a_configuration_has_defaults_and_the_example_is_one() -> None:
    config = check({"stack": "s", "region": "r"}, "agent.json", "")
    assert config.parameter_name == "/s/release"
    assert config.memory_limit_mib > 0
    example = Path(__file__).parents[1] / "agent/agent.example.json"
    assert check(json.loads(example.read_text()), "example", "").stack == "airlift"


def test_a_record_reads_back_and_keeps_what_a_rollback_needs(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    assert record.load(path) == record.Record()
    kept = record.Record().switched(Colour.BLUE, OLD).switched(Colour.GREEN, RELEASE)
    record.save(path, kept)
    assert record.load(path) == kept
    assert (kept.live, kept.release, kept.previous) == (Colour.GREEN, RELEASE, OLD)
    rotated = dataclasses.replace(RELEASE, secret_version="v2")
    assert kept.switched(Colour.GREEN, rotated).previous == OLD, "new keys are no release to go back from"
    path.write_text("{")
    assert record.load(path) == record.Record()


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 60), (2, 120), (5, 960), (6, 1800), (5000, 1800)]
)
def test_a_failing_release_is_tried_less_and_less(failures: int, seconds: int) -> None:
    status: Mapping[str, object] = {"tried": RELEASE.id, "failures": failures, "at": 1000.0}
    assert record.pause_seconds(failures) == seconds
    assert record.resting(status, RELEASE, now=1000.0 + seconds / 2) is (failures > 0)
    assert not record.resting(status, RELEASE, now=1000.0 + seconds)
    assert not record.resting(status, OLD, now=1000.0), "another release is tried at once"
