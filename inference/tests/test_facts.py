"""What an engine says that it serves, and what the agent makes of it for the edge."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from inference.agent.airlift_agent import engine
from inference.agent.airlift_agent.containers import FACTS_LABEL
from inference.agent.airlift_agent.errors import DeliveryError
from inference.agent.airlift_agent.facts import Facts, entries, names, of_entry, parse
from inference.engines.llamacpp.airlift_engine.facts import facts
from inference.engines.llamacpp.airlift_engine.settings import Settings
from inference.engines.llamacpp.airlift_engine.settings import parse as parse_settings

from .conftest import REPOSITORY_ROOT

# What GET /props answers with the demo's model, in the version that requirements.in pins: what is read of it.
PROPERTIES: dict[str, Any] = {
    "default_generation_settings": {"n_ctx": 8192},
    "modalities": {"vision": False, "video": False, "audio": False},
    "chat_template": "{% for message in messages %}…",
    "chat_template_caps": {
        "supports_preserve_reasoning": False,
        "supports_reasoning_effort": False,
        "supports_system_role": True,
        "supports_tool_calls": False,
        "supports_tools": False,
    },
}
PLAIN = Facts(8192, None, tools=False, vision=False, json_schema=True, reasoning=False, tasks=("chat",))


def settings(task: str = "chat") -> Settings:
    given = {"AIRLIFT_MODEL_NAME": "m", "AIRLIFT_ENGINE_SETTINGS": json.dumps({"task": task})}
    return parse_settings(given)


def said(task: str = "chat", **changes: Any) -> Facts:
    return parse(json.dumps(facts({**PROPERTIES, **changes}, settings(task))))


def test_the_engine_says_it_in_words_that_the_agent_reads() -> None:
    assert said() == PLAIN
    able = {"supports_tools": True, "supports_tool_calls": True, "supports_preserve_reasoning": True}
    assert said(chat_template_caps=able, modalities={"vision": True}) == dataclasses.replace(
        PLAIN, tools=True, vision=True, reasoning=True
    )


@pytest.mark.parametrize(
    ("changes", "tools", "reasoning"),
    [
        ({"chat_template_caps": {"supports_tools": True}}, False, False),
        ({"chat_template_caps": {"supports_reasoning_effort": True}}, False, True),
        ({"chat_template": "…{% if enable_thinking is defined %}…"}, False, True),
        ({"chat_template": "…<think>…"}, False, True),
        ({"chat_template_caps": {}, "modalities": {}}, False, False),
    ],
)
def test_an_ability_is_what_the_template_has(changes: dict[str, Any], tools: bool, reasoning: bool) -> None:
    found = said(**changes)
    assert (found.tools, found.reasoning) == (tools, reasoning)


@pytest.mark.parametrize("task", ["embed", "rerank"])
def test_a_model_that_does_not_chat_calls_no_tools(task: str) -> None:
    able = {"supports_tools": True, "supports_tool_calls": True}
    found = said(task, chat_template_caps=able)
    assert found.tasks == (task,)
    assert not (found.tools or found.json_schema or found.reasoning)


def test_the_image_names_the_command() -> None:
    dockerfile = (REPOSITORY_ROOT / "inference/engines/llamacpp/Dockerfile").read_text()
    label = re.search(rf'^LABEL {re.escape(FACTS_LABEL)}="(.*)"$', dockerfile, re.MULTILINE)
    assert label is not None
    assert label[1] == f"python3 -m {facts.__module__.removeprefix('inference.engines.llamacpp.')}"


def test_the_edge_gets_one_line_for_a_model_and_a_list_of_all() -> None:
    models = entries("org/Model", PLAIN, 1795839792)
    assert models.keys() == {"org/Model", "*"}
    assert models["*"] == '["org/Model"]'
    value = models["org/Model"]
    assert " " not in value
    assert json.loads(value) == {
        "context_tokens": 8192,
        "max_output_tokens": None,
        "tools": False,
        "vision": False,
        "json_schema": True,
        "reasoning": False,
        "tasks": ["chat"],
        "created": 1795839792,
    }
    assert of_entry(value) == PLAIN
    assert entries("m", None, 1) == {"m": "1", "*": '["m"]'}
    assert [of_entry(other) for other in ("1", None, "", "{", "[]")] == [None] * 5


@pytest.mark.parametrize(
    ("found", "known"),
    [
        ({"m": "1", "*": '["m"]'}, {"m"}),
        ({"m": "1", "a": "1", "*": '["a","m"]'}, {"a", "m"}),
        ({"m": "1"}, set()),
        ({"m": "1", "*": '["other"]'}, set()),
        ({"*": '["m"]'}, set()),
        ({}, set()),
    ],
)
def test_a_map_without_a_true_list_is_written_anew(found: dict[str, str], known: set[str]) -> None:
    assert names(found) == known


def test_a_status_says_it_in_words() -> None:
    assert PLAIN.words == "chat, 8192 tokens of context, JSON schemas"
    more = dataclasses.replace(PLAIN, tools=True, reasoning=True, tasks=("chat", "embed"))
    assert more.words == "chat and embeddings, 8192 tokens of context, tools, JSON schemas, reasoning"


@pytest.mark.parametrize(
    "changes",
    [
        {"context_tokens": 0},
        {"context_tokens": "8192"},
        {"context_tokens": True},
        {"max_output_tokens": -1},
        {"tools": 1},
        {"tasks": []},
        {"tasks": ["sing"]},
        {"tasks": None},
    ],
)
def test_facts_that_are_none_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DeliveryError, match="does not say what it serves"):
        parse(json.dumps({**dataclasses.asdict(PLAIN), **changes}))
    with pytest.raises(DeliveryError, match="does not say what it serves"):
        parse("Traceback")


ANSWERS: dict[str, Any] = {
    "/v1/chat/completions": {"usage": {"completion_tokens": 8}},
    "/v1/embeddings": {"data": [{"embedding": [0.5, -1, 0.25]}]},
    "/v1/rerank": {"results": [{"index": 1, "relevance_score": 0.5}, {"index": 0, "relevance_score": -2}]},
}


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[int]:
    """An engine that gives these answers, and to anything else llama.cpp's."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert body["model"] == "m"
            answer = answers.get(self.path)
            self.send_response(501 if answer is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer or {"error": "This server does not support it"}).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield server.server_address[1]
        server.shutdown()


def test_an_engine_is_asked_for_what_it_is_for() -> None:
    with serving(ANSWERS) as port:
        assert engine.prove(port, "m", "chat") == "answered a test prompt with 8 tokens"
        assert engine.prove(port, "m", "embed") == "turned a test text into a vector of 3 numbers"
        assert engine.prove(port, "m", "rerank") == "ranked 2 test texts"


@pytest.mark.parametrize(
    ("task", "answers", "word"),
    [
        ("embed", {}, "answered a test of embed with 501: .*does not support it"),
        ("chat", {"/v1/chat/completions": {"usage": {"completion_tokens": 0}}}, "is empty"),
        ("chat", {"/v1/chat/completions": {"choices": []}}, "is none"),
        ("embed", {"/v1/embeddings": {"data": []}}, "is none"),
        ("embed", {"/v1/embeddings": {"data": [{"embedding": []}]}}, "is empty"),
        ("embed", {"/v1/embeddings": {"data": [{"embedding": [None]}]}}, "is empty"),
        ("rerank", {"/v1/rerank": {"results": []}}, "is empty"),
    ],
)
def test_an_engine_that_does_not_is_not_switched_to(task: str, answers: dict[str, Any], word: str) -> None:
    with serving(answers) as port, pytest.raises(DeliveryError, match=word):
        engine.prove(port, "m", task)
