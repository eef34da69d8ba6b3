"""The delivery layer: the document that says which release the hosts make true."""

from __future__ import annotations

import json

from ..reconcile.model import Wanted
from .options import Facts, StackOptions

RELEASE = "delivery/release"


def wanted(options: StackOptions, _facts: Facts) -> list[Wanted]:
    """Return the parameter, with a first value that releases nothing. Its later versions are the releases."""
    return [
        Wanted(
            "parameter",
            RELEASE,
            {
                "name": f"/{options.name}/release",
                "description": f"The release that the hosts of {options.name} run",
                "value": json.dumps({"schema": 1, "release": None}),
            },
            protected=True,
        )
    ]
