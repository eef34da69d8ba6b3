"""From the secret to what the edge may know: SHA-256 hashes of the keys, and the name of each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from .errors import DeliveryError

_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_SHORTEST_KEY = 20


def hashes(secret_value: str, secret_name: str) -> Mapping[str, str]:
    """Return hex SHA-256 → key id. Raises DeliveryError, which never contains a key."""
    remedy = (
        'Its value must be {"keys": [{"id": "…", "key": "…"}]}; run playbooks/rotate.yml to write it anew.'
    )
    try:
        entries = [(str(entry["id"]), str(entry["key"])) for entry in json.loads(secret_value)["keys"]]
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(f"The secret {secret_name} cannot be read.", remedy) from None
    if not entries:
        raise DeliveryError(f"The secret {secret_name} holds no key.", remedy)
    for position, (key_id, key) in enumerate(entries, start=1):
        if not _ID.match(key_id) or len(key) < _SHORTEST_KEY:
            raise DeliveryError(
                f"Key {position} of the secret {secret_name} has a bad id or is too short.", remedy
            )
    return {hashlib.sha256(key.encode()).hexdigest(): key_id for key_id, key in entries}
