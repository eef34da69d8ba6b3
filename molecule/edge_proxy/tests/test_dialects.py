"""OpenAI's and Anthropic's clients: each is served on its paths, and told what is wrong in its own words."""

from __future__ import annotations

import json

import pytest
from edge_client import MESSAGES, MODEL, Edge

CHAT, RESPONSES, ANTHROPIC = "/v1/chat/completions", "/v1/responses", "/v1/messages"
COUNT = "/v1/messages/count_tokens"
OTHERS = ("/v1/completions", "/v1/embeddings", "/v1/rerank")
PAGE = "https://app.example.com"


@pytest.mark.parametrize("path", [CHAT, RESPONSES, ANTHROPIC, COUNT, *OTHERS])
def test_a_path_leads_to_the_engine_where_the_model_is_served(blue: Edge, key: str, path: str) -> None:
    assert blue.ask(path, key, {"input": "Hi", "model": MODEL}).headers["x-engine"] == "8001"
    unknown = blue.ask(path, key, {"input": "Hi", "model": "gone"})
    assert unknown.status == 404
    error = unknown.anthropic_error if path.startswith(ANTHROPIC) else unknown.error
    assert "gone" in str(error["message"])
    assert blue.ask(path, key).status == 405


def test_a_key_comes_in_either_header(blue: Edge, key: str) -> None:
    body = {"model": MODEL, "messages": MESSAGES}
    assert blue.ask(ANTHROPIC, None, body, headers={"X-Api-Key": key}).status == 200
    assert blue.ask(ANTHROPIC, key, body, headers={"X-Api-Key": key}).status == 200
    assert blue.ask(ANTHROPIC, key, body, headers={"X-Api-Key": ""}).status == 200
    for wrong in ({"X-Api-Key": f"{key}x"}, {"X-Api-Key": ""}):
        assert blue.ask(ANTHROPIC, None, body, headers=wrong).status == 401
    differ = blue.ask(ANTHROPIC, key, body, headers={"X-Api-Key": f"{key}x"})
    assert differ.status == 401
    assert differ.anthropic_error["type"] == "authentication_error"
    assert "the same" in differ.anthropic_error["message"]


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        (ANTHROPIC, b"{", (400, "invalid_request_error")),
        (ANTHROPIC, {"model": MODEL, "padding": "x" * 250_000}, (413, "request_too_large")),
        ("/messages", {"model": MODEL}, (404, "not_found_error")),
        (f"{ANTHROPIC}/batches", {"model": MODEL}, (404, "not_found_error")),
        (COUNT, None, (405, "invalid_request_error")),
    ],
)
def test_the_edge_refuses_in_anthropic_s_words(
    blue: Edge, key: str, path: str, body: object, wanted: tuple[int, str]
) -> None:
    answer = blue.ask(path, key, body)
    assert (answer.status, answer.anthropic_error["type"]) == wanted


def test_a_client_is_known_by_its_version_where_the_path_says_nothing(blue: Edge, key: str) -> None:
    version = {"Anthropic-Version": "2023-06-01"}
    answer = blue.ask("/v1/complete", key, {"model": MODEL}, headers=version)
    assert (answer.status, answer.anthropic_error["type"]) == (404, "not_found_error")
    assert blue.ask(CHAT, key, b"{", headers=version).error["code"] == "missing_model"


def test_without_an_engine_anthropic_s_clients_hear_that_it_is_overloaded(silent: Edge, key: str) -> None:
    answer = silent.ask(ANTHROPIC, key, {"model": MODEL})
    assert (answer.status, answer.anthropic_error["type"]) == (503, "overloaded_error")
    assert answer.headers["retry-after"] == "5"


TOO_LONG = {
    "code": 400,
    "message": "the request exceeds the available context size",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 9000,
    "n_ctx": 8192,
}


@pytest.mark.parametrize(
    ("status", "error", "wanted"),
    [
        (400, TOO_LONG, (400, "invalid_request_error", "prompt is too long: 9000 tokens > 8192 maximum")),
        (500, {"message": "out of memory"}, (500, "api_error", "out of memory")),
        (
            500,
            {"message": "'messages' is required"},
            (400, "invalid_request_error", "'messages' is required"),
        ),
        (501, {"message": "no embeddings"}, (400, "invalid_request_error", "no embeddings")),
        (429, {"message": "slowly"}, (429, "rate_limit_error", "slowly")),
    ],
)
def test_an_engine_s_errors_reach_anthropic_s_clients_in_their_words(
    blue: Edge, key: str, status: int, error: dict[str, object], wanted: tuple[int, str, str]
) -> None:
    body = {"model": MODEL, "fails": {"status": status, "body": {"error": error}}}
    answer = blue.ask(ANTHROPIC, key, body)
    assert (answer.status, answer.anthropic_error["type"], answer.anthropic_error["message"]) == wanted


@pytest.mark.parametrize(
    "error",
    [
        TOO_LONG,
        {
            "message": "This model's maximum context length is 8192 tokens. However, you requested "
            "9000 tokens (8000 in the messages, 1000 in the completion).",
            "code": 400,
        },
    ],
    ids=["llama.cpp", "vllm"],
)
def test_a_prompt_that_is_too_long_is_told_as_openai_tells_it(
    blue: Edge, key: str, error: dict[str, object]
) -> None:
    answer = blue.complete(key, fails={"status": 400, "body": {"error": error}})
    assert (answer.status, answer.error["code"]) == (400, "context_length_exceeded")
    assert str(answer.error["message"]).startswith("This model's maximum context length is 8192 tokens.")


@pytest.mark.parametrize(
    ("path", "method"),
    [("/v1/responses/resp_1", "GET"), ("/v1/responses/resp_1", "DELETE"), ("/v1/responses/x/cancel", "POST")],
)
def test_no_response_is_stored(blue: Edge, key: str, path: str, method: str) -> None:
    answer = blue.ask(path, key, method=method)
    assert (answer.status, answer.error["code"]) == (404, "response_not_found")


def test_what_needs_a_stored_response_is_refused(blue: Edge, key: str) -> None:
    for param, value in {
        "previous_response_id": "resp_1",
        "conversation": {"id": "c"},
        "background": True,
    }.items():
        answer = blue.ask(RESPONSES, key, {"model": MODEL, "input": "Hi", param: value})
        assert (answer.status, answer.error["param"]) == (400, param)
    said = '"previous_response_id": "resp_1"'
    body = {"model": MODEL, "input": said, "previous_response_id": None, "background": False, "store": False}
    assert blue.ask(RESPONSES, key, body).status == 200


@pytest.mark.parametrize(
    "path", [f"/v1{CHAT}", f"{CHAT}/", "/chat/completions", f"/v1{ANTHROPIC}", "/messages"]
)
def test_a_wrong_base_url_is_told_the_right_one(blue: Edge, key: str, path: str) -> None:
    headers = {"Host": "llm.example.com", "X-Forwarded-Proto": "https"}
    answer = blue.ask(path, key, {"model": MODEL}, headers=headers)
    assert answer.status == 404
    error = answer.anthropic_error if "messages" in path else answer.error
    assert "https://llm.example.com/v1, " in str(error["message"])
    assert "https://llm.example.com without /v1" in str(error["message"])


def test_a_host_that_could_be_anything_is_not_repeated(blue: Edge, key: str) -> None:
    answer = blue.ask("/nowhere", key, headers={"Host": 'a"b<script>'})
    assert answer.status in (400, 404)
    assert "script" not in answer.text


def test_a_page_of_the_owner_s_may_ask(blue: Edge, key: str) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-sdk"}
    allowed = blue.ask(CHAT, method="OPTIONS", headers={"Origin": PAGE, **asks})
    assert allowed.status == 204
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.headers["access-control-allow-headers"] == "authorization,x-sdk"
    for status, one in ((200, key), (401, None)):
        answer = blue.ask("/v1/models", one, headers={"Origin": PAGE})
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "retry-after" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"
    other = blue.ask(CHAT, method="OPTIONS", headers={"Origin": "https://app.example.com.evil.test", **asks})
    assert (other.status, other.error["code"]) == (405, "method_not_allowed")
    assert "access-control-allow-origin" not in other.headers


def test_an_engine_does_not_say_who_it_is_nor_who_may_ask(blue: Edge, key: str) -> None:
    answer = blue.complete(key)
    assert {"server", "access-control-allow-origin"} & answer.headers.keys() == set()


def test_a_stream_of_an_engine_is_left_as_it_is(blue: Edge, key: str) -> None:
    answer = blue.ask(ANTHROPIC, key, {"model": MODEL, "stream": True})
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert json.loads(answer.text.split("data: ")[1])["object"] == "chat.completion.chunk"
