"""What an engine serves: its own word, in one line of JSON, as the edge tells it to clients. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .errors import DeliveryError

TASKS: Mapping[str, str] = {"chat": "chat", "embed": "embeddings", "rerank": "ranking"}
_UNKNOWN = "1"
"""What the edge is told of an engine that says nothing: that there is such a model."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes in tokens; ``max_output_tokens`` is the most that a request may ask for, None for no bound.

    ``tasks`` are what it can be asked for: ``chat``, ``embed``, ``rerank``.
    """

    context_tokens: int
    max_output_tokens: int | None
    tools: bool
    vision: bool
    json_schema: bool
    reasoning: bool
    tasks: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say it in a line: ``chat, 8192 tokens of context, tools``."""
        can = {"tools": self.tools, "vision": self.vision, "JSON schemas": self.json_schema}
        able = [name for name, has in {**can, "reasoning": self.reasoning}.items() if has]
        tasks = " and ".join(TASKS[task] for task in self.tasks)
        return ", ".join([tasks, f"{self.context_tokens} tokens of context", *able])


def parse(text: str) -> Facts:
    """Read an engine's word, or the edge's. Raises DeliveryError where it is none; more may be in it."""
    try:
        said = json.loads(text)
        most = said["max_output_tokens"]
        tasks = tuple(said["tasks"])
        flags = {name: _flag(said[name]) for name in ("tools", "vision", "json_schema", "reasoning")}
        facts = Facts(
            _tokens(said["context_tokens"]), None if most is None else _tokens(most), tasks=tasks, **flags
        )
        if not tasks or not set(tasks) <= TASKS.keys():
            raise ValueError(f"its tasks are {list(tasks)}, not of {list(TASKS)}")
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryError(f"The engine does not say what it serves: {error!r} in {text[:200]!r}.") from None
    return facts


def entry(facts: Facts | None, created: int) -> str:
    """Return the value in the edge's map of models. ``created`` is in seconds since 1970."""
    if facts is None:
        return _UNKNOWN
    return json.dumps({**asdict(facts), "created": created}, separators=(",", ":"))


def of_entry(value: str | None) -> Facts | None:
    """Read what ``entry`` made; None where that says nothing."""
    try:
        return parse(value or "")
    except DeliveryError:
        return None


def _tokens(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is no number of tokens")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")
    return value
