"""The known_hosts file: SSH host keys from what is trusted, an instance's console output and its tag.

A line is ``<instance id> <type> <key> <owner>``, found by ssh through ``HostKeyAlias=<instance id>``. An
instance's id never comes back, so a key once pinned is never replaced: ssh refuses another key under that id.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# cloud-init's block; Debian's images print it to the console once, at the first boot.
_BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY KEYS-----\s*\n(.*?)-----END SSH HOST KEY KEYS-----",
    re.DOTALL,
)
_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")

_TAG_CHARACTERS = 256
"""The longest value of an EC2 tag: room for the id, an Ed25519 key and one of ECDSA, and for no RSA key."""


def host_keys(console_output: str) -> list[str]:
    """Return the host keys (``<type> <base64>``) that a console output announces, none if it does not yet.

    Console lines may carry a prefix of cloud-init's or the kernel's; anything that is not whole is left out.
    """
    blocks = _BLOCK.findall(console_output.replace("\r", ""))
    keys = [key for line in (blocks[-1].splitlines() if blocks else []) if (key := _key(line))]
    return list(dict.fromkeys(keys))


def _key(line: str) -> str | None:
    words = line.split()
    for position, word in enumerate(words[:-1]):
        if word in _KEY_TYPES and _is_key_of(word, words[position + 1]):
            return f"{word} {words[position + 1]}"
    return None


def _is_key_of(key_type: str, encoded: str) -> bool:
    """Whether ``encoded`` is base64 that begins with its own type's name, as every SSH public key does."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one; so is what is not ASCII
        return False
    name = key_type.encode()
    return raw.startswith(len(name).to_bytes(4, "big") + name) and len(raw) > len(name) + 20


def as_tag(instance_id: str, keys: Sequence[str]) -> str:
    """Return what the instance's tag keeps: its id, then as many of its ``keys`` as fit, the shortest first.

    Empty where none fits. A key's type is not repeated: it is what the key itself begins with. The id makes a
    tag worthless on any other instance, such as one that was started as a copy of this one.
    """
    kept: list[str] = []
    for key in sorted(keys, key=lambda key: _KEY_TYPES.index(key.split()[0])):
        encoded = key.split()[1]
        if len(" ".join([instance_id, *kept, encoded])) <= _TAG_CHARACTERS:
            kept.append(encoded)
    return " ".join([instance_id, *kept]) if kept else ""


def from_tag(instance_id: str, value: str) -> list[str]:
    """Return the keys that the instance's tag keeps, none if it is another instance's or not whole."""
    owner, *encoded = value.split()[:8] or [""]
    if owner != instance_id:
        return []
    keys = [f"{kind} {one}" for one in encoded for kind in _KEY_TYPES if _is_key_of(kind, one)]
    return keys if len(keys) == len(encoded) else []


def pins(path: Path) -> dict[str, list[str]]:
    """Return the keys that the file holds, by instance id."""
    held: dict[str, list[str]] = {}
    for line in _lines(path):
        words = line.split()
        if len(words) >= 3 and not line.startswith("#"):
            held.setdefault(words[0], []).append(f"{words[1]} {words[2]}")
    return held


def update(path: Path, owner: str, new: Mapping[str, Sequence[str]], existing: Collection[str]) -> bool:
    """Pin ``new`` keys by instance id, drop ``owner``'s entries of instances that are not ``existing``.

    ``owner`` marks the lines of one stack, so that stacks share a file without removing each other's.
    Entries of an instance that is pinned already stay as they are. The file is replaced in one step and is
    readable by its owner only. Returns whether it changed.
    """
    if not new and not _stale(_lines(path), owner, existing):
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path):
        before = _lines(path)
        gone = _stale(before, owner, existing)
        known = pins(path)
        added = [f"{id_} {key} {owner}" for id_, keys in new.items() if id_ not in known for key in keys]
        after = [line for line in before if line not in gone] + added
        if after == before:
            return False
        _replace(path, after)
    return True


def _stale(lines: Sequence[str], owner: str, existing: Collection[str]) -> set[str]:
    return {line for line in lines if line.endswith(f" {owner}") and line.split(" ", 1)[0] not in existing}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, lines: Sequence[str]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
