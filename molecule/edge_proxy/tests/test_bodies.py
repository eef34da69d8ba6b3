"""Bodies of any size and form: the model is found, and what is wrong is told before an engine begins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from edge_client import MODEL, Answer, Edge

CHAT = "/v1/chat/completions"
# Quotes and backslashes, as in the source code that agents send.
LARGE = 'say "x\\' * 15_000


def chunked(edge: Edge, key: str, body: object, size: int) -> Answer:
    """Ask in chunks of this size, without saying how long the body is."""
    data = json.dumps(body).encode()

    def chunks() -> Iterator[bytes]:
        yield from (data[place : place + size] for place in range(0, len(data), size))

    with closing(edge.connect()) as connection:
        headers = {"Authorization": f"Bearer {key}", "Transfer-Encoding": "chunked"}
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", CHAT, chunks(), headers, encode_chunked=True)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read().decode())


@pytest.mark.parametrize("size", [700, 50_000])
@pytest.mark.parametrize("content", ["Hi", LARGE[:40_000], LARGE], ids=["small", "half", "large"])
def test_a_chunked_body_is_served_and_its_model_is_looked_at(
    blue: Edge, key: str, content: str, size: int
) -> None:
    messages = [{"role": "user", "content": content}]
    assert chunked(blue, key, {"messages": messages, "model": MODEL}, size).status == 200
    unknown = chunked(blue, key, {"messages": messages, "model": "gone"}, size)
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
def test_a_large_body_s_model_is_looked_at_where_it_stands(blue: Edge, key: str, path: str) -> None:
    messages = [{"role": "user", "content": LARGE, "model": MODEL}, {"model": "gone"}]
    for body in (
        {"messages": messages, "model": MODEL},
        {"model": MODEL, "messages": messages},
        {"messages": messages, "\u006dodel": MODEL, "tools": [{"model": "gone"}]},
    ):
        assert blue.ask(path, key, body).status == 200
    for status, body in (
        (404, {"messages": messages, "model": "gone"}),
        (404, {"model": "*", "messages": messages}),
        (400, {"messages": messages}),
        (400, {"messages": messages, "model": None}),
    ):
        answer = blue.ask(path, key, body)
        assert answer.status == status
        assert "model" in str((answer.anthropic_error if path != CHAT else answer.error)["message"])
    assert blue.ask(path, key, json.dumps([{"messages": messages, "model": MODEL}]).encode()).status == 400


def test_a_large_request_that_needs_a_stored_response_is_refused(blue: Edge, key: str) -> None:
    body = {"model": MODEL, "input": LARGE, "previous_response_id": "resp_1"}
    answer = blue.ask("/v1/responses", key, body)
    assert (answer.status, answer.error["param"]) == (400, "previous_response_id")
    assert blue.ask("/v1/responses", key, {**body, "previous_response_id": None}).status == 200


@pytest.mark.parametrize("content", ["Hi", LARGE], ids=["small", "large"])
def test_a_byte_order_mark_and_any_depth_are_no_hindrance(blue: Edge, key: str, content: str) -> None:
    body = {"messages": [{"role": "user", "content": content}], "model": MODEL}
    mark = "\ufeff".encode()
    assert blue.ask(CHAT, key, mark + json.dumps(body).encode()).status == 200
    deep: object = "leaf"
    for _ in range(60):
        deep = {"properties": [deep]}
    assert blue.ask(CHAT, key, {"tools": deep, **body}).status == 200
    unknown = blue.ask(CHAT, key, mark + json.dumps({"tools": deep, **body, "model": "gone"}).encode())
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
