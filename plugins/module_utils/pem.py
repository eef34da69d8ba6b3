"""PEM text: what is in it, and the fingerprints of its certificates. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)\s*-----END \1-----", re.DOTALL)


def labels(pem: str) -> list[str]:
    """Return what each block of ``pem`` says it is: ``CERTIFICATE``, ``PRIVATE KEY``."""
    return [match.group(1) for match in _BLOCK.finditer(pem)]


def fingerprints(pem: str) -> tuple[str, ...]:
    """Return the SHA-256 fingerprint, in hex, of each certificate in ``pem``, in its order.

    Raises ``ValueError`` if a block is not base64.
    """
    bodies = [match.group(2) for match in _BLOCK.finditer(pem) if match.group(1) == "CERTIFICATE"]
    try:
        return tuple(
            hashlib.sha256(base64.b64decode("".join(body.split()), validate=True)).hexdigest()
            for body in bodies
        )
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
