"""The secrets layer: the API keys that the edge accepts."""

from __future__ import annotations

import json

from ..errors import BlueprintError
from ..reconcile.model import Wanted
from .options import Facts, StackOptions

API_KEYS = "secrets/api-keys"


def wanted(options: StackOptions, facts: Facts) -> list[Wanted]:
    """Return the secret, with a first value that is used only if it has to be created."""
    days = options.secrets.recovery_window_days
    if days != 0 and not 7 <= days <= 30:
        raise BlueprintError(
            f"secrets.recovery_window_days is {days}; AWS takes 7 to 30, or 0 to delete at once."
        )
    return [
        Wanted(
            "secret",
            API_KEYS,
            {
                "name": f"{options.name}/api-keys",
                "description": f"API keys that the endpoint of {options.name} accepts",
                "value": json.dumps({"keys": [{"id": "default", "key": facts.new_api_key}]}),
                "recovery_window_days": days,
            },
            protected=True,
        )
    ]
