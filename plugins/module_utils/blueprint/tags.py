"""The owner's tags: every service that the stack tags has its own rules, and what one refuses is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

OURS = ("Name", "airlift:stack", "airlift:key", "airlift:role", "airlift:host-keys", "airlift:region")
"""What resources carry besides the owner's tags: hosts a role and keys, those of IAM a region, none all."""

MAX_TAGS = 50
_MOST_OF_OURS = len(OURS) - 1
MAX_KEY = 128
MAX_VALUE = 256
_MARKS = "_.:/=+-@"
_ALLOWED = f"letters, digits, spaces and {' '.join(_MARKS)}"


def tag_faults(tags: Mapping[str, str]) -> list[str]:
    """Return a sentence for each tag that one of the services would refuse, and one for too many."""
    faults = [fault for key, value in tags.items() for fault in _faults_of(key, value)]
    reserved = sorted(key for key in tags if key.lower().startswith(("aws:", "airlift:")))
    if reserved:
        faults.append(f"tags may not begin with aws: or airlift: ({', '.join(reserved)}).")
    faults.extend(_twins([*OURS, *(key for key in tags if key not in OURS)]))
    room = MAX_TAGS - _MOST_OF_OURS
    if len({*tags} - {*OURS}) > room:
        faults.append(f"tags are {len(tags)}; a resource has room for {room} besides Airlift's own.")
    return faults


def _faults_of(key: str, value: str) -> Iterable[str]:
    if not 1 <= len(key) <= MAX_KEY:
        yield f"tags has a name of {len(key)} characters ({_short(key)!r}); AWS takes 1 to {MAX_KEY}."
    if foreign := _foreign(key):
        yield f"tags has the name {_short(key)!r} with {foreign}; every service takes only {_ALLOWED}."
    if len(value) > MAX_VALUE:
        yield f"tags.{_short(key)} has {len(value)} characters; AWS takes up to {MAX_VALUE}."
    if foreign := _foreign(value):
        yield f"tags.{_short(key)} is {_short(value)!r} with {foreign}; every service takes only {_ALLOWED}."


def _foreign(text: str) -> str:
    """Return the characters of ``text`` outside ``[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]``, as IAM's API has it."""
    foreign = (one for one in text if unicodedata.category(one)[0] not in "LZN" and one not in _MARKS)
    return " ".join(repr(one)[1:-1] for one in dict.fromkeys(foreign))


def _twins(keys: list[str]) -> Iterable[str]:
    """Yield a sentence for each name that differs from an earlier one by case alone: IAM knows no case."""
    seen: dict[str, str] = {}
    for key in keys:
        first = seen.setdefault(key.lower(), key)
        if first != key:
            yield f"tags has {key}, and there is {first}: to IAM they are the same. Leave one out."


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
