"""What an engine serves: its own word, in one line of JSON, as the edge tells it to clients. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .errors import DeliveryError

TASKS: Mapping[str, str] = {"chat": "chat", "embed": "embeddings", "rerank": "ranking"}
_LIST = "*"
"""No model has this name."""

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


def entries(model: str, facts: Facts | None, created: int) -> Mapping[str, str]:
    """Return the edge's map of models: what each can do, and a list of all, which HAProxy makes of no map.

    ``created`` is in seconds since 1970.
    """
    value = _UNKNOWN if facts is None else _compact({**asdict(facts), "created": created})
    return {model: value, _LIST: _compact([model])}


def names(entries: Mapping[str, str]) -> frozenset[str]:
    """Return the models in the edge's map; none where its list is not true, so that it is written anew."""
    found = entries.keys() - {_LIST}
    return frozenset(found) if entries.get(_LIST) == _compact(sorted(found)) else frozenset()


def of_entry(value: str | None) -> Facts | None:
    """Read a model's value in the edge's map; None where that says nothing."""
    try:
        return parse(value or "")
    except DeliveryError:
        return None


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _tokens(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is no number of tokens")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")
    return value
