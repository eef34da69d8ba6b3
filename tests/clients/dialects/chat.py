"""OpenAI's chats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.clients.conversation import Answer, Call, Json, Request, Tool
from tests.clients.dialects.base import CREATED, TIMINGS, Dialect, Event, arguments_of, text_of


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
            function = {"name": answer.name, "arguments": "".join(arguments_of(answer))}
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
        first, rest = arguments_of(call)
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
