"""The parts of the engine that need no llama.cpp."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from inference.engines.llamacpp.airlift_engine.drain import busy, drain, open_connections
from inference.engines.llamacpp.airlift_engine.model import MANIFEST, ModelError, find_weights
from inference.engines.llamacpp.airlift_engine.settings import Settings, SettingsError, parse


def test_settings_have_defaults_and_are_typed() -> None:
    assert parse({"AIRLIFT_MODEL_NAME": "m"}) == Settings(
        model_name="m",
        task="chat",
        context_tokens=0,
        default_max_tokens=0,
        threads=1,
        slots=2,
        batch_tokens=512,
        prompt_cache_mib=256,
        sse_ping_seconds=15,
        drain_seconds=120,
        metrics_seconds=60,
    )
    given = {"AIRLIFT_MODEL_NAME": "m", "AIRLIFT_ENGINE_SETTINGS": '{"threads": 2, "slots": 4}'}
    assert (parse(given).threads, parse(given).slots) == (2, 4)
    written = parse({"AIRLIFT_MODEL_NAME": "m", "AIRLIFT_ENGINE_SETTINGS": '{"slots": 4.0}'})
    assert isinstance(written.slots, int), "JSON Schema takes 4.0 for an integer"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ("[]", "object"),
        ("{", "JSON"),
        ('{"thread": 1}', "thread"),
        ('{"threads": 0}', "threads"),
        ('{"slots": "2"}', "slots"),
        ('{"slots": true}', "slots"),
        ('{"context_tokens": 1e9}', "context_tokens"),
        ('{"context_tokens": 127}', "context_tokens"),
        ('{"task": "embeddings"}', "task"),
    ],
)
def test_a_wrong_setting_is_named(settings: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        parse({"AIRLIFT_MODEL_NAME": "m", "AIRLIFT_ENGINE_SETTINGS": settings})


def test_a_model_needs_a_name() -> None:
    with pytest.raises(SettingsError, match="AIRLIFT_MODEL_NAME"):
        parse({})


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["a.gguf", "README.md"], "a.gguf"),
        (["x/a-00001-of-00002.gguf", "x/a-00002-of-00002.gguf"], "x/a-00001-of-00002.gguf"),
        (["a.gguf", "mmproj-a.gguf"], "a.gguf"),
    ],
)
def test_the_weights_are_found_by_the_manifest(tmp_path: Path, files: list[str], found: str) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"files": [{"path": path} for path in files]}))
    assert find_weights(tmp_path) == tmp_path / found


@pytest.mark.parametrize(
    "manifest", [None, "{", "{}", '{"files": []}', '{"files": [{"path": "a.gguf"}, {"path": "b.gguf"}]}']
)
def test_a_directory_that_is_no_model_is_refused(tmp_path: Path, manifest: str | None) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(ModelError):
        find_weights(tmp_path)


class Server:
    """Busy for so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def handle_metrics(self) -> str:
        self.looks -= 1
        return f"llamacpp:requests_processing {int(self.looks >= 0)}\nllamacpp:requests_deferred 0\n"


def test_draining_waits_for_the_last_request_and_its_connection() -> None:
    server, connected = Server(1), [2, 2, 2, 2, 2, 2, 1, 1, 0]
    assert drain(server, 10, lambda: connected.pop(0) if connected else 0)
    assert connected == [], "its last events may still be on their way"
    assert not drain(Server(1000), 0.3, lambda: 0)


def test_an_idle_connection_is_not_waited_for_for_ever() -> None:
    began = time.monotonic()
    assert drain(Server(0), 30, lambda: 1)
    assert time.monotonic() - began < 25


def test_connections_are_counted_by_port_and_state(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue\n"
        "   0: 00000000:1F40 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:1F40 0100007F:D431 01 00000000:00000000\n"
        "   2: 0100007F:1F40 0100007F:D433 06 00000000:00000000\n"
        "   3: 0100007F:D431 0100007F:1F40 01 00000000:00000000\n"
    )
    assert open_connections(8000, [table, tmp_path / "tcp6"]) == 1


def test_metrics_that_say_nothing_are_an_error() -> None:
    assert busy(b"llamacpp:requests_processing 0\nllamacpp:requests_deferred 2\n")
    with pytest.raises(RuntimeError):
        busy("")
