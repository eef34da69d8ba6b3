"""What the dialects share: how a request is read, and in which steps an answer is given."""

from __future__ import annotations

import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from tests.clients.conversation import Answer, Call, Json, Request, Say

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


def arguments_of(call: Call) -> tuple[str, str]:
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
