"""What OpenAI's and Anthropic's own libraries make of the endpoint: their streams, tools and errors."""

from __future__ import annotations

import json
import ssl
from typing import Any

import anthropic
import openai
import pytest

from tests.clients import script
from tests.clients.edge import KEY, WRONG_KEY, Edge
from tests.clients.scripted_engine import CONTEXT_TOKENS, MODEL

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
FUNCTION = {"name": "read_file", "description": "Read a file.", "parameters": SCHEMA}
RESULT = f"The secret word is {'marzipan'}."
TOO_LONG = "word " * CONTEXT_TOKENS


@pytest.fixture
def of_openai(endpoint: Edge) -> Any:
    client = openai.OpenAI(base_url=f"{endpoint.url}/v1", api_key=KEY, http_client=_http(openai, endpoint))
    yield client
    client.close()


@pytest.fixture
def of_anthropic(endpoint: Edge) -> Any:
    client = anthropic.Anthropic(base_url=endpoint.url, api_key=KEY, http_client=_http(anthropic, endpoint))
    yield client
    client.close()


def _http(sdk: Any, endpoint: Edge) -> Any:
    return sdk.DefaultHttpxClient(verify=ssl.create_default_context(cafile=str(endpoint.authority)))


def _user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_models_are_listed_and_found(of_openai: Any, of_anthropic: Any) -> None:
    assert [one.id for one in of_openai.models.list()] == [MODEL]
    assert of_openai.models.retrieve(MODEL).id == MODEL
    listed = list(of_anthropic.models.list())
    assert [one.id for one in listed] == [MODEL]
    assert of_anthropic.models.retrieve(MODEL).type == "model"
    with pytest.raises(openai.NotFoundError):
        of_openai.models.retrieve("nobody")
    with pytest.raises(anthropic.NotFoundError):
        of_anthropic.models.retrieve("nobody")


def test_a_chat(of_openai: Any) -> None:
    made = of_openai.chat.completions.create(model=MODEL, messages=_user(script.PONG))
    assert (made.choices[0].message.content, made.choices[0].finish_reason) == ("pong", "stop")
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens


def test_a_chat_as_a_stream(of_openai: Any) -> None:
    with of_openai.chat.completions.stream(
        model=MODEL, messages=_user(script.COUNT), stream_options={"include_usage": True}
    ) as stream:
        words = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(words) == len(script.NUMBERS)
    assert final.choices[0].message.content == " ".join(script.NUMBERS)
    assert final.usage.completion_tokens == len(script.NUMBERS)


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_with_a_tool(of_openai: Any, stream: bool) -> None:
    asked = _user(script.READ)
    tools = [{"type": "function", "function": FUNCTION}]
    if stream:
        with of_openai.chat.completions.stream(model=MODEL, messages=asked, tools=tools) as events:
            message = events.get_final_completion().choices[0].message
    else:
        message = (
            of_openai.chat.completions.create(model=MODEL, messages=asked, tools=tools).choices[0].message
        )
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("read_file", {"path": "notes.txt"})
    said = {"role": "tool", "tool_call_id": call.id, "content": RESULT}
    turns = [*asked, message.model_dump(exclude_none=True, exclude={"parsed"}), said]
    last = of_openai.chat.completions.create(model=MODEL, messages=turns, tools=tools)
    assert last.choices[0].message.content == "It is marzipan."


def test_a_response(of_openai: Any) -> None:
    made = of_openai.responses.create(model=MODEL, input=script.PONG)
    assert (made.output_text, made.status) == ("pong", "completed")


def test_a_response_as_a_stream_has_its_events_in_order(of_openai: Any) -> None:
    events = [one.type for one in of_openai.responses.create(model=MODEL, input=script.PONG, stream=True)]
    assert events == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


def test_a_response_with_a_tool(of_openai: Any) -> None:
    asked = {"model": MODEL, "tools": [{"type": "function", **FUNCTION}]}
    (call,) = of_openai.responses.create(input=script.READ, **asked).output
    assert (call.type, json.loads(call.arguments)) == ("function_call", {"path": "notes.txt"})
    turns = [
        {"type": "message", "role": "user", "content": script.READ},
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": RESULT},
    ]
    assert of_openai.responses.create(input=turns, **asked).output_text == "It is marzipan."


def test_no_response_is_stored(of_openai: Any) -> None:
    with pytest.raises(openai.NotFoundError):
        of_openai.responses.retrieve("resp_1")
    with pytest.raises(openai.BadRequestError):
        of_openai.responses.create(model=MODEL, input=script.PONG, previous_response_id="resp_1")


def test_a_message(of_anthropic: Any) -> None:
    made = of_anthropic.messages.create(model=MODEL, max_tokens=50, messages=_user(script.PONG))
    assert (made.content[0].text, made.stop_reason) == ("pong", "end_turn")


def test_a_message_as_a_stream(of_anthropic: Any) -> None:
    with of_anthropic.messages.stream(model=MODEL, max_tokens=50, messages=_user(script.COUNT)) as stream:
        words = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(words) == len(script.NUMBERS)
    assert final.content[0].text == " ".join(script.NUMBERS)
    assert final.usage.output_tokens == len(script.NUMBERS)


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_with_a_tool(of_anthropic: Any, stream: bool) -> None:
    tool = {"name": "read_file", "description": "Read a file.", "input_schema": SCHEMA}
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 50, "tools": [tool]}
    if stream:
        with of_anthropic.messages.stream(messages=_user(script.READ), **asked) as events:
            made = events.get_final_message()
    else:
        made = of_anthropic.messages.create(messages=_user(script.READ), **asked)
    (use,) = made.content
    assert (use.type, use.input, made.stop_reason) == ("tool_use", {"path": "notes.txt"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": RESULT}
    content = [{"type": "tool_use", "id": use.id, "name": use.name, "input": use.input}]
    turns = [
        *_user(script.READ),
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result]},
    ]
    assert of_anthropic.messages.create(messages=turns, **asked).content[0].text == "It is marzipan."


def test_tokens_are_counted(of_anthropic: Any) -> None:
    counted = of_anthropic.messages.count_tokens(model=MODEL, messages=_user("word " * 400))
    assert 400 < counted.input_tokens < 700


def test_a_wrong_key_is_refused_at_once(endpoint: Edge) -> None:
    before = len(endpoint.log())
    with (
        openai.OpenAI(
            base_url=f"{endpoint.url}/v1", api_key=WRONG_KEY, http_client=_http(openai, endpoint)
        ) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()
    with (
        anthropic.Anthropic(
            base_url=endpoint.url, api_key=WRONG_KEY, http_client=_http(anthropic, endpoint)
        ) as other,
        pytest.raises(anthropic.AuthenticationError),
    ):
        other.messages.create(model=MODEL, max_tokens=5, messages=_user(script.PONG))
    assert [one["status"] for one in endpoint.log()[before:]] == [401, 401], "none is tried again"


def test_a_model_that_is_not_served(of_openai: Any, of_anthropic: Any) -> None:
    with pytest.raises(openai.NotFoundError) as openais:
        of_openai.chat.completions.create(model="nobody", messages=_user("x"))
    assert openais.value.code == "model_not_found"
    with pytest.raises(anthropic.NotFoundError) as anthropics:
        of_anthropic.messages.create(model="nobody", max_tokens=5, messages=_user("x"))
    assert anthropics.value.body["error"]["type"] == "not_found_error"


def test_over_the_context(of_openai: Any, of_anthropic: Any) -> None:
    with pytest.raises(openai.BadRequestError) as chat:
        of_openai.chat.completions.create(model=MODEL, messages=_user(TOO_LONG))
    assert chat.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as response:
        of_openai.responses.create(model=MODEL, input=TOO_LONG)
    assert response.value.code == "context_length_exceeded"
    with pytest.raises(anthropic.BadRequestError) as message:
        of_anthropic.messages.create(model=MODEL, max_tokens=5, messages=_user(TOO_LONG))
    assert "prompt is too long" in message.value.body["error"]["message"]


def test_what_the_engine_refuses_is_told_in_the_dialect(of_openai: Any, of_anthropic: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="messages"):
        of_openai.post("/chat/completions", body={"model": MODEL}, cast_to=object)
    with pytest.raises(anthropic.BadRequestError, match="messages") as error:
        of_anthropic.post("/v1/messages", body={"model": MODEL}, cast_to=object)
    assert error.value.body["type"] == "error"
