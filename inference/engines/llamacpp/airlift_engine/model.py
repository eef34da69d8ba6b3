"""Which of a model's files to load."""

from __future__ import annotations

import json
import re
from pathlib import Path

MANIFEST = "airlift-manifest.json"
_LATER_SHARD = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")


class ModelError(ValueError):
    """The mounted directory holds no model that this engine can load."""


def find_weights(directory: Path) -> Path:
    """Return the GGUF file to open: the only one, or the first shard of a split one."""
    manifest = directory / MANIFEST
    try:
        listed = [str(entry["path"]) for entry in json.loads(manifest.read_text())["files"]]
    except FileNotFoundError:
        raise ModelError(f"{manifest} is not there. Mount a published model at {directory}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{manifest} is not a manifest: {error}.") from error
    weights = [path for path in listed if path.lower().endswith(".gguf") and "mmproj" not in Path(path).name]
    candidates = [path for path in weights if not _LATER_SHARD.search(path)]
    if len(candidates) != 1:
        found = ", ".join(candidates) or "none"
        raise ModelError(
            f"This engine needs a model with one GGUF file; found: {found}. Publish one variant."
        )
    return directory / candidates[0]
