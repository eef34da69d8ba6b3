"""The list of models, which the edge reads off the release agent's map, and what a model is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from edge_client import BLUE, MODEL, Edge

CHATS, EMBEDS, OLD = MODEL, "org/Embeds-1B", "org/Demo-7B"
FACTS = {
    CHATS: {
        "context_tokens": 8192,
        "max_output_tokens": None,
        "tools": True,
        "vision": False,
        "json_schema": True,
        "reasoning": False,
        "tasks": ["chat"],
        "created": 1764288000,
    },
    EMBEDS: {"context_tokens": 512, "tasks": ["embed"], "created": 1764288000},
}
VERSION = {"Anthropic-Version": "2023-06-01"}


def compact(value: object) -> str:
    """One line of JSON."""
    return json.dumps(value, separators=(",", ":"))


@pytest.fixture
def described(silent: Edge) -> Iterator[Edge]:
    """The edge with no engine, and a map of two models with facts and one of an agent that knew none."""
    silent.forget("models.map")
    for name, facts in FACTS.items():
        silent.remember("models.map", name, compact(facts))
    silent.remember("models.map", OLD, "1")
    silent.remember("models.map", "*", compact([CHATS, EMBEDS, OLD]))
    yield silent
    silent.forget("models.map")


def test_models_are_listed_with_context_and_abilities(described: Edge, key: str) -> None:
    answer = described.ask("/v1/models", key, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/json"
    listed = json.loads(answer.text)
    assert listed.keys() == {"object", "data"}
    assert listed["data"] == [
        {
            "id": CHATS,
            "object": "model",
            "created": 1764288000,
            "owned_by": "airlift",
            "context_length": 8192,
            "max_model_len": 8192,
            "capabilities": {"tools": True, "vision": False, "json_schema": True, "reasoning": False},
            "tasks": ["chat"],
        },
        {
            "id": EMBEDS,
            "object": "model",
            "created": 1764288000,
            "owned_by": "airlift",
            "context_length": 512,
            "max_model_len": 512,
            "tasks": ["embed"],
        },
        {"id": OLD, "object": "model", "created": 0, "owned_by": "airlift"},
    ]
    for model in listed["data"]:
        for path in (model["id"], quote(model["id"], safe="")):
            one = described.ask(f"/v1/models/{path}", key)
            assert (one.status, json.loads(one.text)) == (200, model)


def test_anthropic_s_clients_see_them_as_theirs(described: Edge, key: str) -> None:
    listed = json.loads(described.ask("/v1/models?limit=1000", key, headers=VERSION).text)
    assert listed.keys() == {"data", "has_more", "first_id", "last_id"}
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, CHATS, OLD)
    first = {"type": "model", "id": CHATS, "display_name": CHATS, "created_at": "2025-11-28T00:00:00Z"}
    assert listed["data"][0] == {**first, "lifecycle": "active", "max_input_tokens": 8192}
    one = json.loads(described.ask(f"/v1/models/{CHATS}", key, headers=VERSION).text)
    assert one == listed["data"][0]


def test_a_model_that_is_not_there_is_not_there_for_either(described: Edge, key: str) -> None:
    assert described.ask("/v1/models/org%2FGone", key).error["code"] == "model_not_found"
    answer = described.ask("/v1/models/org%2FGone", key, headers=VERSION)
    assert (answer.status, answer.anthropic_error["type"]) == (404, "not_found_error")
    # The map's entry with all names is none.
    assert described.complete(key, model="*").error["code"] == "model_not_found"


def test_a_map_without_a_list_has_the_engine_s_names(blue: Edge, key: str) -> None:
    assert [model["id"] for model in json.loads(blue.ask("/v1/models", key).text)["data"]] == [MODEL]


def test_a_model_is_not_asked_for_what_it_does_not_do(described: Edge, key: str) -> None:
    def ask(path: str, model: str, padding: int) -> tuple[int, str | None]:
        answer = described.ask(path, key, {"input": "x" * padding, "model": model})
        return answer.status, answer.error["code"] if answer.status != 200 else None

    refused, let_through = (400, "model_not_supported"), (200, None)
    described.start_engine(BLUE)
    for padding in (0, 100_000):
        assert ask("/v1/responses", EMBEDS, padding) == refused
        assert ask("/v1/embeddings", CHATS, padding) == refused
        assert ask("/v1/rerank", EMBEDS, padding) == refused
        assert ask("/v1/embeddings", EMBEDS, padding) == let_through
        assert ask("/v1/responses", CHATS, padding) == let_through
        assert ask("/v1/rerank", OLD, padding) == let_through
    told = described.ask("/v1/messages", key, {"model": EMBEDS})
    assert f"The model {EMBEDS} makes embeddings" in told.anthropic_error["message"]
