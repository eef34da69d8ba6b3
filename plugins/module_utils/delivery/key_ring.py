"""The API keys of a stack, as the secret holds them: what a release, a rotation and every host accept. Pure.

No client can send a key with a line break at its end: all would hear 401. It is refused before it is live.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import DeliveryError

PREFIX = "al-"
SHORTEST_KEY, LONGEST_KEY = 20, 512

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SENDABLE = re.compile(r"[\x21-\x7e]*")
_BLANKS: Mapping[str, str] = {"\n": "a line break", "\r": "a line break", " ": "a space", "\t": "a tab"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``ends`` is when it stops being valid, None while no end is set.

    A client's key is one person's or program's, named by ``id``: rotation leaves it as it is.
    """

    id: str
    key: str = field(repr=False)
    ends: datetime.datetime | None = None
    client: bool = False


def parse(text: str, secret: str = "") -> tuple[Key, ...]:
    """Read the value of the secret of this name.

    Raises DeliveryError that names every key that is wrong, by position and id, and shows none.
    """
    where = f"The secret {secret}".rstrip()
    remedy = (
        'Its value must be {"keys": [{"id": "…", "key": "…"}]}. Correct it in Secrets Manager; the hosts '
        "keep the keys that they have."
    )
    try:
        listed = json.loads(text)["keys"]
        pairs = [(item["id"], item["key"], item.get("ends")) for item in listed]
        clients = [item.get("client") is True for item in listed]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError(f"{where} does not hold API keys.", remedy) from None
    if not pairs:
        raise DeliveryError(f"{where} holds no key.", remedy)
    keys = [key for _, key, _ in pairs]
    faults = [
        f"{_named(position, key_id)} {fault}"
        for position, (key_id, key, ends) in enumerate(pairs, start=1)
        if (fault := _fault(key_id, key, ends, keys[: position - 1]))
    ]
    if faults:
        raise DeliveryError(f"{where} cannot be used: {'; '.join(faults)}.", remedy)
    return tuple(
        Key(key_id, key, _moment(ends), client)
        for (key_id, key, ends), client in zip(pairs, clients, strict=True)
    )


def current(keys: Sequence[Key], key_id: str = "") -> Key | None:
    """Return the key that its owner uses, or the client's of this id; None where there is none."""
    found = (key for key in keys if (key.client and key.id == key_id if key_id else not key.client))
    return next(found, None)


def key_of(text: str, secret: str, client: str = "") -> str:
    """Return the key that the owner uses, or the client's. Raises DeliveryError where there is none."""
    found = current(parse(text, secret), client)
    if found is None:
        raise DeliveryError(
            f"The secret {secret} has no key of {client or 'its owner'}.",
            f"Add one: playbooks/invite.yml -e airlift_client={client}."
            if client
            else "Add one: playbooks/rotate.yml.",
        )
    return found.key


def _named(position: int, key_id: object) -> str:
    return f"key {position}" if _id_fault(key_id) else f"key {position} ({key_id})"


def _fault(key_id: object, key: object, ends: object, before: Sequence[object]) -> str | None:
    """Say what is wrong with one entry, or None. ``before`` are the keys of the entries before it."""
    if fault := _id_fault(key_id) or _key_fault(key):
        return fault
    if key in before:
        return f"is the same as key {before.index(key) + 1}"
    try:
        moment = _moment(ends)
    except (ValueError, TypeError):
        return "has an end that is no date"
    return "has an end without a time zone" if moment is not None and moment.tzinfo is None else None


def _id_fault(key_id: object) -> str | None:
    if not isinstance(key_id, str) or not _ID.fullmatch(key_id):
        return "has a bad id: 1 to 64 of the characters A-Z a-z 0-9 . _ -"
    # Where both were put in each other's place, the id must not be shown.
    if key_id.startswith(PREFIX) and len(key_id) >= SHORTEST_KEY:
        return "has an id that looks like a key"
    return None


def _key_fault(key: object) -> str | None:
    if not isinstance(key, str):
        return "is no text"
    sendable = _SENDABLE.match(key)
    place = sendable.end() if sendable else 0
    if place < len(key):
        return f"{_place(key, place)} {_kind(key[place])}"
    if len(key) < SHORTEST_KEY:
        return f"is shorter than {SHORTEST_KEY} characters"
    return f"is longer than {LONGEST_KEY} characters" if len(key) > LONGEST_KEY else None


def _place(key: str, place: int) -> str:
    if place == 0:
        return "begins with"
    return "ends with" if not key[place + 1 :].strip() else f"has, as character {place + 1},"


def _kind(character: str) -> str:
    if character in _BLANKS:
        return _BLANKS[character]
    return "a control character" if character.isascii() else "a character that is not ASCII"


def _moment(ends: object) -> datetime.datetime | None:
    if ends is None or ends == "":
        return None
    if not isinstance(ends, str):
        raise TypeError(ends)
    return datetime.datetime.fromisoformat(ends)
