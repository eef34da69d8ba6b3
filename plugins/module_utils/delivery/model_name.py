"""The one rule for a model's name, which a client gives as ``model`` in a request.

It is the rule of the edge (roles/edge_proxy): letters of both cases, digits and ``. _ : -``, in one part
or in two with a slash between them, as in ``org/Model-7B-Instruct``. Such a name is one word in HAProxy's
map, in a URL's path, in an environment variable and in a metric's dimension. No key in the bucket holds it:
those are digests.
"""

from __future__ import annotations

import re

from ..errors import DeliveryError

MAX_CHARACTERS = 96
"""What model hubs allow, too."""

_PART = r"[A-Za-z0-9][A-Za-z0-9._:-]*"
_NAME = re.compile(rf"{_PART}(/{_PART})?")


def check_model_name(name: str) -> None:
    """Raise DeliveryError, with the rule, unless ``name`` can be a model's."""
    if len(name) > MAX_CHARACTERS or ".." in name or not _NAME.fullmatch(name):
        raise DeliveryError(
            f"The model name {name!r} cannot be used.",
            "Use letters, digits, dots, hyphens, underscores and colons, a letter or digit first, with one "
            "slash at most (as in org/Model-7B-Instruct), no two dots in a row, "
            f"{MAX_CHARACTERS} characters at most.",
        )
