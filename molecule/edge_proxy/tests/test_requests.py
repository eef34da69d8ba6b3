"""Whom the edge lets in, and what it says to the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing, suppress

import pytest
from edge_client import BLUE, MAPS, MESSAGES, MODEL, Edge, wait

COMPLETIONS = "/v1/chat/completions"


def test_health_follows_the_engines_and_needs_no_key(silent: Edge) -> None:
    assert silent.ask("/health").status == 503
    silent.start_engine(BLUE)
    assert silent.ask("/health").status == 200
    silent.host.check_output(f"touch /run/fake-engine-{BLUE}.sick")
    try:
        wait(lambda: silent.ask("/health").status == 503, "a sick engine is out of use")
    finally:
        silent.host.check_output(f"rm /run/fake-engine-{BLUE}.sick")


def test_a_host_that_is_leaving_says_so_to_the_load_balancer_only(blue: Edge, key: str) -> None:
    blue.remember("host.map", "leaving", "1")
    assert blue.ask("/health").status == 503
    assert blue.complete(key).status == 200
    blue.renew("reload")
    wait(lambda: blue.ask("/health").status == 503, "a reload keeps it")
    blue.forget("host.map")
    wait(lambda: blue.ask("/health").status == 200, "the host stays after all")


def test_a_completion_comes_back(blue: Edge, key: str) -> None:
    answer = blue.complete(key)
    assert answer.status == 200
    assert json.loads(answer.text)["choices"][0]["message"]["content"] == "word0 word1 word2 "
    assert blue.ask("/v1/models", key).status == 200
    assert blue.ask(f"/v1/models/{MODEL}", key).status == 200


@pytest.mark.parametrize("authorization", [None, "Bearer al-wrong", "Bearer ", "Bearer", "Basic YTpi"])
def test_without_a_good_key_nothing_is_told(blue: Edge, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/v1/models", COMPLETIONS, "/metrics", "/nowhere"):
        answer = blue.ask(path, headers=headers)
        assert answer.status == 401
        assert answer.error["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-should-retry"] == "false"


def test_a_key_ends_by_itself(blue: Edge, new_key: Callable[[str], str]) -> None:
    now = int(blue.host.check_output("date +%s"))
    ending, ended, lasting = (new_key(f"for-{seconds} {now + seconds}") for seconds in (5, 0, 3600))
    assert [blue.complete(key).status for key in (ending, ended, lasting)] == [200, 401, 200]
    assert blue.complete(ended).error["code"] == "invalid_api_key"
    wait(lambda: blue.complete(ending).status == 401, "its time comes, and nobody takes it back")


def test_a_key_taken_back_no_longer_opens(blue: Edge, new_key: Callable[[str], str]) -> None:
    key = new_key("taken-back")
    assert blue.ask("/v1/models", key).status == 200
    blue.tell(f"del map {MAPS}/keys.map {hashlib.sha256(key.encode()).hexdigest()}")
    assert blue.ask("/v1/models", key).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/v1",
        "/v1/models/../../metrics",
        "/v1/models/%2e%2e/metrics",
        "/v1/files",
        "//v1/models",
    ],
)
def test_other_paths_do_not_exist(blue: Edge, key: str, path: str) -> None:
    answer = blue.ask(path, key)
    assert answer.status == 404
    assert answer.error["code"] == "unknown_url"


def test_an_unknown_model_does_not_exist(blue: Edge, key: str) -> None:
    for answer in (
        blue.ask(
            COMPLETIONS,
            key,
            {"messages": [{"role": "user", "content": "x" * 9000}], "model": 'no "such" one'},
        ),
        blue.ask("/v1/models/another", key),
    ):
        assert answer.status == 404
        assert answer.error["code"] == "model_not_found"
        assert answer.error["param"] == "model"


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([], "messages"),
        (None, "messages"),
        ({"role": "user"}, "messages"),
        ([{"role": "user", "content": None}], "messages[0].content"),
        ([*MESSAGES, {"content": None, "role": "system"}], "messages[1].content"),
    ],
)
def test_a_chat_that_says_nothing_is_refused(blue: Edge, key: str, messages: object, param: str) -> None:
    answer = blue.complete(key, messages=messages)
    assert answer.status == 400
    assert (answer.error["type"], answer.error["param"]) == ("invalid_request_error", param)
    assert blue.ask("/v1/messages", key, {"model": MODEL, "messages": messages}).status == 400


def test_an_assistant_that_calls_a_tool_may_say_nothing(blue: Edge, key: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"content": null}'}}
    messages = [*MESSAGES, {"role": "assistant", "content": None, "tool_calls": [call]}]
    assert blue.complete(key, messages=messages).status == 200


UNSUPPORTED = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"


@pytest.mark.parametrize(
    ("status", "error", "wanted"),
    [
        (
            400,
            {"code": 400, "message": 'a "quoted" one', "type": "invalid_request_error"},
            (400, "invalid_request_error", None),
        ),
        (
            500,
            {"code": 500, "message": UNSUPPORTED, "type": "server_error"},
            (400, "invalid_request_error", None),
        ),
        (501, {"code": 501, "message": "no embeddings", "type": "x"}, (400, "invalid_request_error", None)),
        (
            500,
            {"message": "Failed to parse tool call arguments as JSON"},
            (400, "invalid_request_error", None),
        ),
        (500, {"message": "vector::_M_default_append"}, (400, "invalid_request_error", None)),
        (500, {"code": 500, "message": "out of memory", "type": "server_error"}, (500, "server_error", None)),
        (
            400,
            {"code": 400, "message": "too long", "type": "exceed_context_size_error", "n_ctx": 8},
            (400, "invalid_request_error", "context_length_exceeded"),
        ),
        (404, {"code": "gone", "message": "no such", "param": "x"}, (404, "invalid_request_error", "gone")),
    ],
)
def test_an_engine_s_errors_have_the_shape_of_the_edge_s(
    blue: Edge, key: str, status: int, error: dict[str, object], wanted: tuple[int, str, str | None]
) -> None:
    for body in ({"error": error}, error):
        answer = blue.complete(key, fails={"status": status, "body": body})
        assert (answer.status, answer.error["type"], answer.error["code"]) == wanted
        assert answer.error["message"] == error["message"]
        assert answer.error["param"] == error.get("param")
        assert len(answer.headers["x-request-id"]) == 36


def test_an_error_that_repeats_a_whole_prompt_is_cut(blue: Edge, key: str) -> None:
    body = {"error": {"message": "Failed to parse messages: " + "/ü" * 2_000}}
    answer = blue.complete(key, fails={"status": 500, "body": body})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert 1900 < len(str(answer.error["message"]).encode()) <= 2000


def test_an_error_that_the_buffer_cuts_off_is_known_by_its_beginning(blue: Edge, key: str) -> None:
    body = {"error": {"message": "Failed to parse messages: "}}
    answer = blue.complete(key, fails={"status": 500, "body": body, "longer": 200_000})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


def test_an_engine_s_retry_after_gets_through(blue: Edge, key: str) -> None:
    answer = blue.complete(
        key, fails={"status": 503, "body": {"error": {"message": "busy"}}, "retry_after": "7"}
    )
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


def test_an_engine_s_error_in_no_shape_still_gets_one(blue: Edge, key: str) -> None:
    answer = blue.complete(key, fails={"status": 503, "body": ["<html>"]})
    assert answer.status == 503
    assert answer.error["type"] == "server_error"


@pytest.mark.parametrize(
    "body", [b"{", b"model", b"{}", b'{"model": null}', b"[]", b'{"messages": [{"model": "demo"}]}']
)
def test_a_body_without_a_model_is_refused(blue: Edge, key: str, body: bytes) -> None:
    answer = blue.ask(COMPLETIONS, key, body)
    assert answer.status == 400
    assert answer.error["code"] == "missing_model"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", COMPLETIONS, "POST"),
        ("OPTIONS", COMPLETIONS, "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("OPTIONS", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/models/demo", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_other_methods_are_refused(blue: Edge, key: str, method: str, path: str, allowed: str) -> None:
    answer = blue.ask(path, key, method=method)
    assert answer.status == 405
    assert answer.error["code"] == "method_not_allowed"
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("name", "shown"), [(b'\\"' * 9_000, '\\"\\"'), (b"x" * 20_000, "xx"), (b"a\xff", "a\ufffd")]
)
def test_a_model_s_name_is_repeated_as_far_as_it_is_text(
    blue: Edge, key: str, name: bytes, shown: str
) -> None:
    answer = blue.ask(COMPLETIONS, key, b'{"model": "%s"}' % name)
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert shown in str(answer.error["message"])
    assert len(answer.text) < 1_500


def test_a_body_beyond_the_buffer_still_passes(blue: Edge, key: str) -> None:
    assert blue.complete(key, padding="x" * 150_000).status == 200


def test_a_body_beyond_the_limit_does_not(blue: Edge, key: str) -> None:
    answer = blue.complete(key, padding="x" * 250_000)
    assert answer.status == 413
    assert answer.error["code"] == "request_too_large"


def test_a_chunked_body_is_bounded_too(blue: Edge, key: str) -> None:
    with closing(blue.connect()) as connection:
        headers = {"Authorization": f"Bearer {key}", "Transfer-Encoding": "chunked"}
        chunks = (b'{"model": "demo", "padding": "', *(b"x" * 1000 for _ in range(220)), b'"}')
        # The edge answers before it has taken all.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", COMPLETIONS, iter(chunks), headers, encode_chunked=True)
        response = connection.getresponse()
        assert response.status == 413
        assert json.loads(response.read())["error"]["code"] == "request_too_large"


def test_broken_http_goes_no_further(blue: Edge) -> None:
    with closing(blue.connect()) as connection:
        connection.connect()
        connection.sock.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n")
        assert connection.sock.recv(65536).startswith(b"HTTP/1.1 400")


def test_without_an_engine_the_client_is_told_to_wait(silent: Edge, key: str) -> None:
    answer = silent.complete(key)
    assert answer.status == 503
    assert answer.error["code"] == "engine_unavailable"
    assert answer.headers["retry-after"] == "5"
