"""The commands of the two engines that stand behind the edge here: a scripted one, and llama.cpp's server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("AIRLIFT_CLIENTS_CACHE", ROOT / ".airlift/clients"))
"""Where ``scripts/clients`` installs what is not in the checkout's own environment."""

type Command = tuple[str | Path, ...]


def scripted(port: int) -> Command:
    """Return how to run the scripted engine. Its directory must be ``ROOT``."""
    return (sys.executable, "-m", "tests.clients.scripted_engine", "--port", str(port))


def real(port: int, context_tokens: int = 2048, *task: str) -> Command:
    """Return how to run llama.cpp's server. With a task, an answer without a limit of its own is short."""
    (model,) = (CACHE / "model").rglob("*.gguf")
    here = ROOT / "tests/clients"
    program = (CACHE / "engine/bin/python", here / "real_engine.py")
    return (*program, model, here / "tool_template.jinja", str(port), str(context_tokens), "1", *task)
