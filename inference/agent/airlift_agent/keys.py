"""From the secret to what the edge may know: SHA-256 hashes of the keys, their names, and when they end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .delivery import key_ring
from .errors import DeliveryError


def hashes(secret_value: str, secret_name: str, now: float) -> Mapping[str, str]:
    """Return hex SHA-256 → ``<id>``, or ``<id> <seconds since 1970>`` of a key that ends then.

    Keys that ended before ``now`` are left out. Raises DeliveryError, which never contains a key.
    """
    entries = {
        hashlib.sha256(key.key.encode()).hexdigest(): key.id if until is None else f"{key.id} {until}"
        for key in key_ring.parse(secret_value, secret_name)
        if (until := int(key.ends.timestamp()) if key.ends else None) is None or until > now
    }
    if not entries:
        raise DeliveryError(
            f"Every key of the secret {secret_name} has ended.", "Add one: playbooks/rotate.yml."
        )
    return entries
