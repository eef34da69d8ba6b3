"""What a request asks and what is answered, whichever dialect it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Json = Mapping[str, Any]


@dataclass(frozen=True)
class Tool:
    """A function that the client runs when asked to."""

    name: str
    schema: Json

    @property
    def properties(self) -> Json:
        """Return its parameters' own schemas by name."""
        found: Json = self.schema.get("properties", {})
        return found

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of the parameters that have to be given."""
        return tuple(self.schema.get("required", ()))


@dataclass(frozen=True)
class Request:
    """One request: its tools, and the conversation's turns in order, as ``(role, text)``."""

    turns: tuple[tuple[str, str], ...]
    tools: tuple[Tool, ...] = ()
    stream: bool = False
    includes_usage: bool = True


@dataclass(frozen=True)
class Say:
    """Words, and how long to wait between them. ``endless`` goes on until the client leaves."""

    words: tuple[str, ...]
    seconds_between: float = 0.0
    endless: bool = False


@dataclass(frozen=True)
class Call:
    """A tool to be called."""

    name: str
    arguments: Json = field(default_factory=dict)


type Answer = Say | Call
