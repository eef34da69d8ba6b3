"""Text of a file that is partly somebody else's, with what shall be in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ansible.module_utils.common.dict_transformations import dict_merge

from .errors import FileRefusedError


def merge_json(path: Path, text: str, keys: Mapping[str, object]) -> str:
    """Return the text of a JSON object with ``keys`` in it; as it is where they are.

    Raises FileRefusedError.
    """
    try:
        stored = json.loads(text or "{}")
    except ValueError as error:
        raise FileRefusedError(f"Failed to read {path}: {error}. Correct or remove the file.") from error
    if not isinstance(stored, dict):
        raise FileRefusedError(f"Failed to read {path}: it is no JSON object. Correct or remove the file.")
    wanted = dict_merge(stored, keys)
    return text if text and wanted == stored else json.dumps(wanted, indent=2) + "\n"


def set_values(text: str, settings: Mapping[str, object]) -> str:
    """Return the lines with each setting once: where it stands first, or at the end."""
    left, lines = dict(settings), []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] not in settings:
            lines.append(line)
        elif words[0] in left:
            wanted = f"{words[0]} {left.pop(words[0])}"
            lines.append(line if " ".join(words) == wanted else wanted)
    return "\n".join([*lines, *(f"{name} {value}" for name, value in left.items())]) + "\n"
