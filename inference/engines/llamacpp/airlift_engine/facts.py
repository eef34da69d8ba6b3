"""What the running engine serves, as one line of JSON: the image's command in the label ``airlift.facts``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from .settings import PORT, Settings, parse


def main() -> int:
    """Ask llama.cpp and print what it says."""
    try:
        print(json.dumps(facts(_properties(), parse(os.environ))))
    except (OSError, HTTPException, ValueError, KeyError) as error:
        print(f"engine: llama.cpp does not say what it serves: {error!r}", file=sys.stderr)
        return 1
    return 0


def facts(properties: Mapping[str, Any], settings: Settings) -> dict[str, object]:
    """Return what a client can ask for, from llama.cpp's ``GET /props``.

    A model calls tools where its template knows them; llama.cpp drops them silently where it does not. Any
    chat can be held to a JSON schema. The template of a model that thinks has a place for its thoughts.
    """
    chats = settings.task == "chat"
    can = {name for name, has in properties.get("chat_template_caps", {}).items() if has is True}
    template = str(properties.get("chat_template", ""))
    thinks = bool(can & {"supports_preserve_reasoning", "supports_reasoning_effort"})
    return {
        "context_tokens": int(properties["default_generation_settings"]["n_ctx"]),
        # A request may ask for more than default_max_tokens: llama.cpp knows no bound but the context.
        "max_output_tokens": None,
        "tools": chats and {"supports_tools", "supports_tool_calls"} <= can,
        "vision": chats and properties.get("modalities", {}).get("vision") is True,
        "json_schema": chats,
        "reasoning": chats and (thinks or "<think>" in template or "enable_thinking" in template),
        "tasks": [settings.task],
    }


def _properties() -> Mapping[str, Any]:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
    try:
        connection.request("GET", "/props")
        answer: Mapping[str, Any] = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
