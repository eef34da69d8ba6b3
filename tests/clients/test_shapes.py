"""The scripted engine against the real one: the same keys, and the same events in the same order.

The demo's model calls a tool when it is shown five such turns, so that the shape of a call is compared, too.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.clients import script
from tests.clients.edge import ROOT, Edge, free_port
from tests.clients.programs import CACHE

HERE = ROOT / "tests/clients"
PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
FUNCTION = {"name": "read", "description": "Read a file.", "parameters": PARAMETERS}
LONG = "word " * 100_000


@pytest.fixture(scope="session")
def real() -> Iterator[int]:
    port = free_port()
    (model,) = (CACHE / "model").rglob("*.gguf")
    command = [
        CACHE / "engine/bin/python",
        HERE / "real_engine.py",
        model,
        HERE / "tool_template.jinja",
        str(port),
        *("2048", "1"),
    ]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
                break
            except OSError:
                assert running.poll() is None, "the engine ended"
                assert time.monotonic() < until, "the engine did not come up"
                time.sleep(0.2)
        yield port
    finally:
        running.terminate()
        running.wait(20)


def ask(port: int, path: str, body: dict[str, Any] | None) -> tuple[int, str]:
    data = json.dumps({"model": "demo", **body}).encode() if body is not None else None
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", data), timeout=120) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def shape(value: Any, name: str = "") -> Any:
    """Return a value's keys and kinds. What a tool is given is for the model to say."""
    if isinstance(value, dict):
        return name if name == "input" else {key: shape(value[key], key) for key in sorted(value)}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if name in ("type", "object", "role", "status") and isinstance(value, str):
        return value
    return type(value).__name__ if not isinstance(value, int | float) or isinstance(value, bool) else "number"


def events(text: str) -> list[Any]:
    """Return the shapes of a stream's events. How many deltas there are is for the model to say."""
    found: list[Any] = []
    for block in text.strip().split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines()]
        fields = {name: value for name, _, value in lines}
        data = fields["data"]
        one = (fields.get("event"), data if data == "[DONE]" else shape(json.loads(data)))
        if not found or found[-1] != one:
            found.append(one)
    return found


def seen(port: int, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
    """Return an answer's status and shape."""
    status, text = ask(port, path, body)
    return status, events(text) if body and body.get("stream") and status == 200 else shape(json.loads(text))


def chat(last: str) -> dict[str, Any]:
    turns: list[dict[str, Any]] = []
    for name in "abcde":
        function = {"name": "read", "arguments": json.dumps({"path": name})}
        call = {"id": f"c{name}", "type": "function", "function": function}
        turns += [
            {"role": "user", "content": f"read {name}"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{name}", "content": "ok"},
        ]
    return {
        "messages": [*turns, {"role": "user", "content": last}],
        "tools": [{"type": "function", "function": FUNCTION}],
        "max_tokens": 60,
    }


def responses(last: str) -> dict[str, Any]:
    turns: list[dict[str, Any]] = []
    for name in "abcde":
        turns += [
            {"type": "message", "role": "user", "content": f"read {name}"},
            {
                "type": "function_call",
                "call_id": f"fc_{name}",
                "name": "read",
                "arguments": json.dumps({"path": name}),
            },
            {"type": "function_call_output", "call_id": f"fc_{name}", "output": "ok"},
        ]
    return {
        "input": [*turns, {"type": "message", "role": "user", "content": last}],
        "tools": [{"type": "function", **FUNCTION}],
        "max_output_tokens": 60,
    }


def messages(last: str) -> dict[str, Any]:
    turns: list[dict[str, Any]] = []
    for name in "abcde":
        use = {"type": "tool_use", "id": f"c{name}", "name": "read", "input": {"path": name}}
        result = {"type": "tool_result", "tool_use_id": f"c{name}", "content": "ok"}
        turns += [
            {"role": "user", "content": f"read {name}"},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
    tool = {"name": "read", "description": "Read a file.", "input_schema": PARAMETERS}
    return {"messages": [*turns, {"role": "user", "content": last}], "tools": [tool], "max_tokens": 60}


def plain(path: str, text: str) -> dict[str, Any]:
    if path == "/v1/responses":
        return {"input": text, "max_output_tokens": 8}
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 8}


PATHS = {"/v1/chat/completions": chat, "/v1/responses": responses, "/v1/messages": messages}
STREAMS: tuple[dict[str, Any], ...] = ({}, {"stream": True})


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("path", PATHS)
def test_an_answer(endpoint: Edge, real: int, path: str, stream: dict[str, Any]) -> None:
    body = {**plain(path, script.COUNT), **stream, "temperature": 0}
    assert seen(endpoint.engine_port, path, body) == seen(real, path, body)


def test_the_usage_of_a_stream(endpoint: Edge, real: int) -> None:
    path, more = "/v1/chat/completions", {"stream": True, "stream_options": {"include_usage": True}}
    body = {**plain(path, script.COUNT), **more, "temperature": 0}
    assert seen(endpoint.engine_port, path, body) == seen(real, path, body)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("path", PATHS)
def test_a_call(endpoint: Edge, real: int, path: str, stream: dict[str, Any]) -> None:
    ours = seen(endpoint.engine_port, path, {**PATHS[path](script.READ), **stream})
    theirs = seen(real, path, {**PATHS[path]("read f"), **stream, "temperature": 0})
    assert ours == theirs


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("path", PATHS)
def test_over_the_context(endpoint: Edge, real: int, path: str, stream: dict[str, Any]) -> None:
    body = {**plain(path, LONG), **stream}
    ours, theirs = (ask(port, path, body) for port in (endpoint.engine_port, real))
    assert ours[0] == theirs[0] == 400
    assert shape(json.loads(ours[1])) == shape(json.loads(theirs[1]))
    assert json.loads(ours[1])["error"]["type"] == "exceed_context_size_error"


@pytest.mark.parametrize(
    "item", [{"type": "reasoning", "summary": []}, {"type": "custom_tool_call", "input": "x"}]
)
def test_items_that_the_engine_does_not_take(endpoint: Edge, real: int, item: dict[str, Any]) -> None:
    body = {"input": [{"type": "message", "role": "user", "content": "x"}, item]}
    assert ask(endpoint.engine_port, "/v1/responses", body)[0] == ask(real, "/v1/responses", body)[0] == 400


def test_tokens_and_an_unknown_path(endpoint: Edge, real: int) -> None:
    body = plain("/v1/messages", "hello")
    path = "/v1/messages/count_tokens"
    assert seen(endpoint.engine_port, path, body) == seen(real, path, body)
    assert seen(endpoint.engine_port, "/v1/nothing", {}) == seen(real, "/v1/nothing", {})


def test_the_list_of_models_has_nothing_that_the_engines_lacks(endpoint: Edge, real: int) -> None:
    (ours,), (theirs,) = (
        json.loads(ask(port, "/v1/models", None)[1])["data"] for port in (endpoint.engine_port, real)
    )
    assert ours.keys() <= theirs.keys()
    assert ours["meta"].keys() <= theirs["meta"].keys()
