"""Foreign text made safe for HAProxy's configuration language.

Names, paths and bodies come from whoever calls the API: none may end a word, a line or a format string.
"""

from __future__ import annotations

import re


def word(text: str) -> str:
    """One argument in double quotes. Line breaks become `\\n`, other control characters are dropped."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    safe = safe.replace("\r", "").replace("\n", "\\n")
    return '"' + "".join(character for character in safe if character >= " ") + '"'


def literal(text: str) -> str:
    """Text inside a log-format string, where `%` begins a variable."""
    return text.replace("%", "%%")


def comment(text: str) -> str:
    """One line of comment."""
    return "# " + re.sub(r"[\x00-\x1f]", " ", text)


def wildcard(pattern: str) -> str:
    """ELBv2's pattern (`*` any characters, `?` exactly one) as a regular expression over the whole text."""
    parts = {"*": ".*", "?": "."}
    return "^" + "".join(parts.get(character, re.escape(character)) for character in pattern) + "$"
