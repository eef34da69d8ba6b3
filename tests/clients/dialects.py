"""The three dialects of llama.cpp's server: requests into ``Request``, an answer into bodies and events.

Keys and the order of events are those of the real engine: ``test_shapes.py`` compares both.
"""

from __future__ import annotations

import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from tests.clients.conversation import Answer, Call, Json, Request, Say, Tool

CREATED = 1_700_000_000
COUNTER = itertools.count(1)
TIMINGS: Json = dict.fromkeys(
    (
        *("cache_n", "prompt_n", "prompt_ms", "prompt_per_token_ms", "prompt_per_second"),
        *("predicted_n", "predicted_ms", "predicted_per_token_ms", "predicted_per_second"),
    ),
    1,
)

type Event = tuple[str | None, Json | str]


class BadRequestError(Exception):
    """What the engine does not take, in its own words."""


def text_of(content: Any) -> str:
    """Return the text of a message's content: a string, nothing, or a list of parts."""
    if isinstance(content, list):
        parts = (
            part.get("text") or text_of(part.get("content")) for part in content if isinstance(part, dict)
        )
        return "\n".join(part for part in parts if part)
    return content if isinstance(content, str) else ""


def tokens(body: Any) -> int:
    """Return how long a prompt is, as a model of four bytes per token would count."""
    return len(json.dumps(body)) // 4


def _arguments(call: Call) -> tuple[str, str]:
    """Return the arguments in two pieces, as a model gives them bit by bit."""
    text = json.dumps(call.arguments)
    return text[:1], text[1:]


class Dialect(ABC):
    """One way to speak to the engine."""

    prompt_keys: ClassVar[tuple[str, ...]]

    def __init__(self, model: str, prompt_tokens: int) -> None:
        self.model, self.prompt_tokens = model, prompt_tokens
        self.id = f"{next(COUNTER):032d}"

    @classmethod
    def prompt_of(cls, body: Json) -> list[Any]:
        """Return what of a request the model would read."""
        return [body[key] for key in cls.prompt_keys if key in body]

    @classmethod
    @abstractmethod
    def parse(cls, body: Json) -> Request:
        """Read a request. Raises BadRequestError."""

    @abstractmethod
    def whole(self, answer: Answer) -> Json:
        """Return the answer as one body."""

    @abstractmethod
    def begin(self, answer: Answer) -> Iterator[Event]:
        """Yield the events before the first word."""

    @abstractmethod
    def word(self, word: str) -> Event:
        """Return the event of one word."""

    @abstractmethod
    def call(self, call: Call) -> Iterator[Event]:
        """Yield the events of a tool's call."""

    @abstractmethod
    def end(self, answer: Answer, request: Request) -> Iterator[Event]:
        """Yield the events after the last word."""

    def answer_tokens(self, answer: Answer) -> int:
        """Return how long an answer is."""
        return len(answer.words) if isinstance(answer, Say) else 12


class Chat(Dialect):
    """``/v1/chat/completions``."""

    prompt_keys = ("messages", "tools")

    @classmethod
    def parse(cls, body: Json) -> Request:
        """Read OpenAI's messages."""
        turns = [(one["role"], text_of(one.get("content"))) for one in body["messages"]]
        tools = [
            Tool(one["function"]["name"], one["function"].get("parameters", {}))
            for one in body.get("tools") or []
            if one.get("type") == "function"
        ]
        options = body.get("stream_options") or {}
        return Request(
            tuple(turns), tuple(tools), bool(body.get("stream")), bool(options.get("include_usage"))
        )

    def _usage(self, answer: Answer) -> Json:
        written = self.answer_tokens(answer)
        return {
            "completion_tokens": written,
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": written + self.prompt_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "created": CREATED,
            "id": f"chatcmpl-{self.id}",
            "model": self.model,
            "system_fingerprint": "b0-unknown",
            "object": kind,
        }

    def whole(self, answer: Answer) -> Json:
        """Return a ``chat.completion``."""
        message: dict[str, Any] = {"role": "assistant", "content": ""}
        if isinstance(answer, Call):
            function = {"name": answer.name, "arguments": "".join(_arguments(answer))}
            message["tool_calls"] = [{"type": "function", "function": function, "id": self.id}]
        else:
            message["content"] = "".join(answer.words)
        reason = "tool_calls" if isinstance(answer, Call) else "stop"
        choice = {"finish_reason": reason, "index": 0, "message": message}
        return {
            "choices": [choice],
            **self._head("chat.completion"),
            "usage": self._usage(answer),
            "timings": TIMINGS,
        }

    def _chunk(self, delta: Json, reason: str | None = None) -> Event:
        choice = {"finish_reason": reason, "index": 0, "delta": delta}
        return None, {"choices": [choice], **self._head("chat.completion.chunk")}

    def begin(self, answer: Answer) -> Iterator[Event]:
        """Yield the role."""
        yield self._chunk({"role": "assistant", "content": None})

    def word(self, word: str) -> Event:
        """Return a delta."""
        return self._chunk({"content": word})

    def call(self, call: Call) -> Iterator[Event]:
        """Yield the call's head, then its arguments."""
        first, rest = _arguments(call)
        function = {"name": call.name, "arguments": first}
        yield self._chunk(
            {"tool_calls": [{"index": 0, "id": self.id, "type": "function", "function": function}]}
        )
        yield self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": rest}}]})

    def end(self, answer: Answer, request: Request) -> Iterator[Event]:
        """Yield why it ended, what it cost, and the end mark."""
        last = self._chunk({}, "tool_calls" if isinstance(answer, Call) else "stop")
        timings = {"timings": TIMINGS}
        if request.includes_usage:
            yield last
            head = self._head("chat.completion.chunk")
            yield None, {"choices": [], **head, "usage": self._usage(answer), **timings}
        else:
            assert not isinstance(last[1], str)
            yield None, {**last[1], **timings}
        yield None, "[DONE]"


class Responses(Dialect):
    """``/v1/responses``."""

    prompt_keys = ("instructions", "input", "tools")

    @classmethod
    def parse(cls, body: Json) -> Request:
        """Read OpenAI's items. Only functions are tools here: the engine passes over the other kinds."""
        turns = [("system", body["instructions"])] if body.get("instructions") else []
        given = body["input"]
        for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
            kind = item.get("type", "message")
            if kind == "function_call_output":
                turns.append(("tool", text_of(item["output"])))
            elif kind == "function_call":
                turns.append(("assistant", ""))
            elif kind == "reasoning":
                if not isinstance(item.get("content"), list):
                    raise BadRequestError("item['content'] is not an array")
            elif kind == "message" and "role" in item:
                turns.append((item["role"], text_of(item.get("content"))))
            else:
                raise BadRequestError("Cannot determine type of 'item'")
        tools = [
            Tool(one["name"], one.get("parameters") or {})
            for one in body.get("tools") or []
            if one.get("type") == "function"
        ]
        return Request(tuple(turns), tuple(tools), bool(body.get("stream")))

    def _usage(self, answer: Answer) -> Json:
        written = self.answer_tokens(answer)
        return {
            "input_tokens": self.prompt_tokens,
            "output_tokens": written,
            "total_tokens": written + self.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
        }

    def _item(self, answer: Answer) -> Json:
        if isinstance(answer, Call):
            return {
                "type": "function_call",
                "status": "completed",
                "arguments": "".join(_arguments(answer)),
                "id": f"fc_{self.id}",
                "call_id": f"call_{self.id}",
                "name": answer.name,
            }
        return {
            "type": "message",
            "status": "completed",
            "id": f"msg_{self.id}",
            "content": [self._part("".join(answer.words))],
            "role": "assistant",
        }

    def _part(self, text: str) -> Json:
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}

    def whole(self, answer: Answer) -> Json:
        """Return a ``response``."""
        return {
            "completed_at": CREATED,
            "created_at": CREATED,
            "id": f"resp_{self.id}",
            "model": self.model,
            "object": "response",
            "output": [self._item(answer)],
            "status": "completed",
            "usage": self._usage(answer),
        }

    def _event(self, kind: str, **more: Any) -> Event:
        return kind, {"type": kind, **more}

    def begin(self, answer: Answer) -> Iterator[Event]:
        """Yield that it began, and the message that the words belong to."""
        response = {"id": f"resp_{self.id}", "object": "response", "status": "in_progress"}
        yield self._event("response.created", response=response)
        yield self._event("response.in_progress", response=response)
        if isinstance(answer, Say):
            item = {
                "content": [],
                "id": f"msg_{self.id}",
                "role": "assistant",
                "status": "in_progress",
                "type": "message",
            }
            yield self._event("response.output_item.added", item=item)
            part = {"type": "output_text", "text": ""}
            yield self._event("response.content_part.added", item_id=f"msg_{self.id}", part=part)

    def word(self, word: str) -> Event:
        """Return a delta."""
        return self._event("response.output_text.delta", item_id=f"msg_{self.id}", delta=word)

    def call(self, call: Call) -> Iterator[Event]:
        """Yield the call, and its arguments bit by bit."""
        item = {
            "id": f"fc_{self.id}",
            "arguments": "",
            "call_id": f"call_{self.id}",
            "name": call.name,
            "type": "function_call",
            "status": "in_progress",
        }
        yield self._event("response.output_item.added", item=item)
        for piece in _arguments(call):
            yield self._event("response.function_call_arguments.delta", delta=piece, item_id=f"fc_{self.id}")

    def end(self, answer: Answer, request: Request) -> Iterator[Event]:
        """Yield what is done, from the inside out."""
        item = self._item(answer)
        if isinstance(answer, Say):
            text, name = "".join(answer.words), f"msg_{self.id}"
            yield self._event("response.output_text.done", item_id=name, text=text)
            yield self._event("response.content_part.done", item_id=name, part=self._part(text))
        yield self._event("response.output_item.done", item=item)
        response = {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": CREATED,
            "status": "completed",
            "model": self.model,
            "output": [item],
            "usage": self._usage(answer),
        }
        yield self._event("response.completed", response=response, timings=TIMINGS)


class Messages(Dialect):
    """``/v1/messages``."""

    prompt_keys = ("system", "messages", "tools")

    @classmethod
    def parse(cls, body: Json) -> Request:
        """Read Anthropic's messages. A tool's result is a part of what the user says."""
        turns = [("system", text_of(body.get("system")))]
        for message in body["messages"]:
            content = message["content"]
            parts: Sequence[Any] = (
                content if isinstance(content, list) else [{"type": "text", "text": content}]
            )
            for part in parts:
                if part.get("type") == "tool_result":
                    turns.append(("tool", text_of(part.get("content"))))
                elif part.get("type") == "text":
                    turns.append((message["role"], part["text"]))
        tools = [
            Tool(one["name"], one["input_schema"]) for one in body.get("tools") or [] if "input_schema" in one
        ]
        return Request(tuple(turns), tuple(tools), bool(body.get("stream")))

    def _reason(self, answer: Answer) -> str:
        return "tool_use" if isinstance(answer, Call) else "end_turn"

    def _message(self, content: list[Json], reason: str | None, written: int) -> Json:
        return {
            "id": f"chatcmpl-{self.id}",
            "type": "message",
            "role": "assistant",
            "content": content,
            "model": self.model,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": {
                "cache_read_input_tokens": 0,
                "input_tokens": self.prompt_tokens,
                "output_tokens": written,
            },
        }

    def whole(self, answer: Answer) -> Json:
        """Return a ``message``."""
        if isinstance(answer, Call):
            part: Json = {"type": "tool_use", "id": self.id, "name": answer.name, "input": answer.arguments}
        else:
            part = {"type": "text", "text": "".join(answer.words)}
        return self._message([part], self._reason(answer), self.answer_tokens(answer))

    def _event(self, kind: str, **more: Any) -> Event:
        return kind, {"type": kind, **more}

    def begin(self, answer: Answer) -> Iterator[Event]:
        """Yield the message, and the block that the words belong to."""
        yield self._event("message_start", message=self._message([], None, 0))
        if isinstance(answer, Say):
            yield self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})

    def word(self, word: str) -> Event:
        """Return a delta."""
        return self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})

    def call(self, call: Call) -> Iterator[Event]:
        """Yield the block of a tool's use."""
        block = {"type": "tool_use", "id": self.id, "name": call.name}
        yield self._event("content_block_start", index=0, content_block=block)
        for piece in _arguments(call):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield self._event("content_block_delta", index=0, delta=delta)

    def end(self, answer: Answer, request: Request) -> Iterator[Event]:
        """Yield the end of the block and of the message."""
        yield self._event("content_block_stop", index=0)
        delta = {"stop_reason": self._reason(answer), "stop_sequence": None}
        yield self._event("message_delta", delta=delta, usage={"output_tokens": self.answer_tokens(answer)})
        yield self._event("message_stop")


DIALECTS: dict[str, type[Dialect]] = {
    "/v1/chat/completions": Chat,
    "/v1/responses": Responses,
    "/v1/messages": Messages,
}
