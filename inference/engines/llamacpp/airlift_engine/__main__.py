"""The image's entry point."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .llamacpp import serve
from .model import ModelError, find_weights
from .settings import SettingsError, parse

MODEL_DIRECTORY = Path("/model")
EX_CONFIG = 78


def main() -> int:
    """Check what was given, then serve. 78 says that starting again will not help."""
    try:
        settings = parse(os.environ)
        serve(find_weights(MODEL_DIRECTORY), settings)
    except (SettingsError, ModelError) as error:
        print(f"engine: {error}", file=sys.stderr, flush=True)
        return EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
