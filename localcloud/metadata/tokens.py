"""Session tokens of IMDSv2: signed, bound to one instance, and good for as long as asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

MAX_SECONDS = 21600
DIGEST_BYTES = 32


class Tokens:
    """Issues and checks tokens; nothing is stored."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(DIGEST_BYTES)
        self._now = now

    def issue(self, instance_id: str, seconds: int) -> str:
        """A token for one instance. Raises ValueError unless 1 ≤ seconds ≤ 21600."""
        if not 1 <= seconds <= MAX_SECONDS:
            raise ValueError(f"{seconds} is not between 1 and {MAX_SECONDS}")
        expiry = int(self._now() + seconds).to_bytes(8, "big")
        return base64.urlsafe_b64encode(expiry + self._sign(instance_id, expiry)).decode()

    def valid(self, instance_id: str, token: str) -> bool:
        """Whether it was issued to this instance and has not expired."""
        try:
            raw = base64.urlsafe_b64decode(token.encode())
        except ValueError:
            return False
        expiry, signature = raw[:8], raw[8:]
        genuine = hmac.compare_digest(signature, self._sign(instance_id, expiry))
        return genuine and int.from_bytes(expiry, "big") > self._now()

    def _sign(self, instance_id: str, expiry: bytes) -> bytes:
        return hmac.digest(self._key, instance_id.encode() + b"\0" + expiry, hashlib.sha256)
