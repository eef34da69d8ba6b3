"""The API keys of a stack: several may be valid at once, so that clients can change over. Pure."""

from __future__ import annotations

import datetime
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .errors import AirliftError

PREFIX = "al-"


@dataclass(frozen=True, slots=True)
class Key:
    """One valid key. ``ends`` is when it stops being valid, None while it is the current one."""

    id: str
    key: str = field(repr=False)
    ends: datetime.datetime | None = None


def parse(text: str) -> tuple[Key, ...]:
    """Read the secret's value. Raises AirliftError where it is not one."""
    try:
        listed = json.loads(text)["keys"]
        return tuple(
            Key(
                str(item["id"]),
                str(item["key"]),
                datetime.datetime.fromisoformat(item["ends"]) if item.get("ends") else None,
            )
            for item in listed
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AirliftError(
            "The secret does not hold API keys.",
            'It has to be JSON: {"keys": [{"id": "default", "key": "…"}]}. Put such a value there.',
        ) from error


def text(keys: Sequence[Key]) -> str:
    """Return the secret's value."""
    listed = [
        {"id": key.id, "key": key.key, **({"ends": key.ends.isoformat()} if key.ends else {})} for key in keys
    ]
    return json.dumps({"keys": listed}, sort_keys=True)


def fresh(now: datetime.datetime) -> Key:
    """Return a new random key, named by the moment."""
    return Key(f"{now:%Y%m%dT%H%M%SZ}", f"{PREFIX}{secrets.token_urlsafe(32)}")


def rotated(
    keys: Sequence[Key], new: Key, now: datetime.datetime, grace: datetime.timedelta
) -> tuple[Key, ...]:
    """Return ``keys`` with ``new`` in front, older ones valid for ``grace`` more, and none that ended."""
    ends = now + grace
    older = (replace(key, ends=min(key.ends, ends) if key.ends else ends) for key in keys)
    return (new, *valid(tuple(older), now))


def valid(keys: Sequence[Key], now: datetime.datetime) -> tuple[Key, ...]:
    """Return the keys that have not ended."""
    return tuple(key for key in keys if key.ends is None or key.ends > now)
