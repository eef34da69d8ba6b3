"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.clients.conversation import Answer, Call, Json, Request, Say, Tool
from tests.clients.dialects.base import Dialect, Event, arguments_of, text_of


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
        for piece in arguments_of(call):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield self._event("content_block_delta", index=0, delta=delta)

    def end(self, answer: Answer, request: Request) -> Iterator[Event]:
        """Yield the end of the block and of the message."""
        yield self._event("content_block_stop", index=0)
        delta = {"stop_reason": self._reason(answer), "stop_sequence": None}
        yield self._event("message_delta", delta=delta, usage={"output_tokens": self.answer_tokens(answer)})
        yield self._event("message_stop")
