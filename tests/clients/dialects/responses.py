"""OpenAI's responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.clients.conversation import Answer, Call, Json, Request, Say, Tool
from tests.clients.dialects.base import (
    CREATED,
    TIMINGS,
    BadRequestError,
    Dialect,
    Event,
    arguments_of,
    text_of,
)


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
                "arguments": "".join(arguments_of(answer)),
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
        for piece in arguments_of(call):
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
