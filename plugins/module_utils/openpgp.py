"""Whose an OpenPGP key file is: the fingerprints of its primary keys (RFC 9580, 4.2 and 5.5.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_BLOCK = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n]+:[^\n]*\n)*\s*\n([A-Za-z0-9+/=\s]*?)"
    r"(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----"
)
_PUBLIC_KEY = 6
_OLD_LENGTH_BYTES = (1, 2, 4)


def fingerprints(armored: str) -> list[str]:
    """Return the primary keys' fingerprints in capital hex digits; none where the text is no key file.

    The text must be one block and nothing else: in what is left out here, another program may find a key.
    """
    block = _BLOCK.fullmatch(armored.strip())
    if block is None:
        return []
    try:
        packets = list(_packets(base64.b64decode("".join(block[1].split()), validate=True)))
        return [_fingerprint(body) for tag, body in packets if tag == _PUBLIC_KEY]
    except (binascii.Error, IndexError, ValueError):
        return []


def _fingerprint(body: bytes) -> str:
    if body[0] == 4:
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)
        return digest.hexdigest().upper()
    if body[0] == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise ValueError(f"version {body[0]}")


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each packet's tag and body. Raises ValueError or IndexError where the data is cut short."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("no packet")
        if head & 0x40:
            tag, (size, at) = head & 0x3F, _new_length(data, at + 1)
        else:
            tag, width = (head & 0x3C) >> 2, _OLD_LENGTH_BYTES[head & 0x03]
            size, at = int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
        if at + size > len(data):
            raise ValueError("cut short")
        yield tag, data[at : at + size]
        at += size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the body's length and where it begins."""
    first = data[at]
    if first < 192:
        return first, at + 1
    if first < 224:
        return ((first - 192) << 8) + data[at + 1] + 192, at + 2
    if first == 255:
        return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5
    raise ValueError("a key comes in one piece")
