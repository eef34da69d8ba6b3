"""The API keys of a stack: several may be valid at once, so that clients can change over. Pure."""

from __future__ import annotations

import datetime
import json
import secrets
from collections.abc import Sequence
from dataclasses import replace

from .delivery.key_ring import PREFIX, Key, current
from .errors import DeliveryError


def text(keys: Sequence[Key]) -> str:
    """Return the secret's value."""
    listed = [
        {
            "id": key.id,
            "key": key.key,
            **({"ends": key.ends.isoformat()} if key.ends else {}),
            **({"client": True} if key.client else {}),
        }
        for key in keys
    ]
    return json.dumps({"keys": listed}, sort_keys=True)


def fresh(now: datetime.datetime) -> Key:
    """Return a new random key, named by the moment."""
    return Key(f"{now:%Y%m%dT%H%M%SZ}", _random())


def _random() -> str:
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def with_client(keys: Sequence[Key], client: str) -> tuple[Key, ...]:
    """Return ``keys`` with one for ``client`` at the end, which stays where there is one.

    Raises DeliveryError where the id is the owner's.
    """
    if current(keys, client):
        return tuple(keys)
    if any(key.id == client for key in keys):
        raise DeliveryError(f"The owner's key has the id {client}.", "Call the client something else.")
    return (*keys, Key(client, _random(), client=True))


def without_client(keys: Sequence[Key], client: str) -> tuple[Key, ...]:
    """Return ``keys`` without those of ``client``."""
    return tuple(key for key in keys if not (key.client and key.id == client))


def rotated(
    keys: Sequence[Key], new: Key, now: datetime.datetime, grace: datetime.timedelta
) -> tuple[Key, ...]:
    """Return ``keys`` with ``new`` in front, older ones valid for ``grace`` more, and none that ended.

    Clients' keys stay as they are: each ends when it is revoked.
    """
    ends = now + grace
    older = (
        key if key.client else replace(key, ends=min(key.ends, ends) if key.ends else ends) for key in keys
    )
    return (new, *valid(tuple(older), now))


def valid(keys: Sequence[Key], now: datetime.datetime) -> tuple[Key, ...]:
    """Return the keys that have not ended."""
    return tuple(key for key in keys if key.ends is None or key.ends > now)
