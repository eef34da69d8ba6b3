"""Engines and their settings: what is refused, in which words, and what a release is completed with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils.engines import (
    EngineSettingsError,
    completed,
    faults,
    names,
    schema,
)
from ansible_collections.airlift.stack.plugins.module_utils.models.formats import ENGINE_WEIGHTS
from jsonschema import Draft202012Validator

from inference.engines.llamacpp.airlift_engine.settings import SCHEMA_PATH

ROOT = Path(__file__).parents[2]
CONTEXT_TOKENS = "airlift_engine.settings.context_tokens must be 0 or a whole number from 128 to 1048576"


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("vllm", {}, ["There is no engine vllm. There is: llamacpp."]),
        ("lamacpp", {}, ["There is no engine lamacpp. Did you mean llamacpp? There is: llamacpp."]),
        ("llamacpp", {"thread": 1}, ["The engine llamacpp has no setting thread. Did you mean threads?"]),
        ("llamacpp", {"gpu": 1}, ["The engine llamacpp has no setting gpu."]),
        (
            "llamacpp",
            {"context_tokens": 1},
            [f"{CONTEXT_TOKENS}, not 1."],
        ),
        (
            "llamacpp",
            {"context_tokens": 8.5},
            [f"{CONTEXT_TOKENS}, not 8.5."],
        ),
        (
            "llamacpp",
            {"context_tokens": 2000000},
            [f"{CONTEXT_TOKENS}, not 2000000."],
        ),
        (
            "llamacpp",
            {"task": "embeddings"},
            ["airlift_engine.settings.task must be chat or embed or rerank, not 'embeddings'."],
        ),
        (
            "llamacpp",
            {"threads": "2"},
            ["airlift_engine.settings.threads must be a whole number from 1 to 512, not '2'."],
        ),
        (
            "llamacpp",
            {"slots": True},
            ["airlift_engine.settings.slots must be a whole number from 1 to 256, not True."],
        ),
        ("llamacpp", 3, ["airlift_engine.settings must be a mapping, not 3."]),
        ("llamacpp", {"threads": 2, "slots": 4}, []),
        ("llamacpp", {"task": "embed", "context_tokens": 0}, []),
        ("llamacpp", {}, []),
    ],
)
def test_what_is_wrong_is_one_sentence(name: str, settings: object, says: list[str]) -> None:
    assert faults(name, settings) == says


def test_every_engine_says_which_weights_it_loads() -> None:
    assert set(ENGINE_WEIGHTS) == set(names())


def test_a_whole_number_with_a_point_is_a_whole_number() -> None:
    slots = completed("llamacpp", {"slots": 4.0})["slots"]
    assert (slots, type(slots)) == (4, int)


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = faults("llamacpp", {"thread": 1, "batch": 2, "threads": 0, "slots": 999})
    assert len(said) == 4
    assert {word for word in ("thread.", "batch.", "threads", "slots") if word in " ".join(said)} == {
        "thread.",
        "batch.",
        "threads",
        "slots",
    }


def test_a_release_gets_the_defaults() -> None:
    settings = completed("llamacpp", {"threads": 2})
    assert settings["threads"] == 2
    assert settings.keys() == schema("llamacpp")["properties"].keys()
    assert settings["slots"] == 2
    with pytest.raises(EngineSettingsError, match="There is no engine vllm"):
        completed("vllm", {})


@pytest.mark.parametrize("name", names())
def test_a_schema_is_whole_and_its_defaults_fit(name: str) -> None:
    rules = schema(name)
    Draft202012Validator.check_schema(rules)
    assert rules["additionalProperties"] is False
    assert faults(name, completed(name, {})) == []
    for setting in rules["properties"].values():
        assert {"type", "default", "description"} <= setting.keys()


def test_the_container_reads_the_same_file() -> None:
    assert json.loads(SCHEMA_PATH.read_text()) == schema("llamacpp")
    dockerfile = SCHEMA_PATH.with_name("Dockerfile").read_text()
    assert re.search(r"^COPY settings.json /opt/airlift/$", dockerfile, re.MULTILINE)


def test_the_inventories_name_an_engine_and_settings_that_there_are() -> None:
    for file in ROOT.glob("inventory/*/group_vars/all.yml"):
        engine = yaml.safe_load(file.read_text())["airlift_engine"]
        assert faults(engine["name"], engine["settings"]) == [], file
