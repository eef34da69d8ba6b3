#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""The files by which a CLI knows an endpoint: whole ones, and entries in files that are the user's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cli_files
short_description: Write the files by which a CLI knows an endpoint, and take exactly them out again
version_added: 0.1.0
description:
  - A file with O(files[].text) or O(files[].key) is written whole. One with O(files[].entries) is JSON, with
    comments or without, and the user's own. The entries join it, and all else in it stays as it is written.
  - Every file is read and its new text made before the first one is written, so a file that cannot be changed
    safely changes nothing. Each is replaced at once, and is its owner's alone where it is new.
  - With O(state=absent) the whole files and the entries go, and so does what is empty then.
options:
  state:
    description: Whether the files and entries shall be there.
    type: str
    choices: [present, absent]
    default: present
  key:
    description: The secret of files with O(files[].key).
    type: str
  files:
    description: The files, each with one of O(files[].text), O(files[].key) and O(files[].entries).
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where it is; C(~) is the home of the user.
        type: str
        required: true
      text:
        description: The file's whole text.
        type: str
      key:
        description: Whether the file holds the key and nothing else.
        type: bool
        default: false
      mode:
        description: The mode of a file with a whole text, in octal digits.
        type: str
        default: "0600"
      entries:
        description: The entries in a JSON object.
        type: list
        elements: dict
        suboptions:
          path:
            description: The keys on the way to it, from the outermost.
            type: list
            elements: str
            required: true
          value:
            description: What it shall be. In a list it is an object.
            type: raw
            required: true
          by:
            description: In a list, the member by which the entry is known among the list's items.
            type: str
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Says what would change and changes nothing.
    support: full
  diff_mode:
    description: The files may hold secrets of the user's, and are never shown.
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Make the endpoint known to opencode
  airlift.stack.cli_files:
    key: "{{ api_key }}"
    files:
      - path: ~/.config/airlift/airlift/key
        key: true
      - path: ~/.config/opencode/opencode.json
        entries:
          - path: [provider, airlift]
            value:
              npm: "@ai-sdk/openai-compatible"
              options: {baseURL: https://airlift.example.com/v1}
"""

RETURN = r"""
changed_files:
  description: O(files[].path) of those that were made, changed or removed.
  returned: always
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils import json_text, text_file
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, CliConfigError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module

FILES = {
    "path": {"type": "str", "required": True},
    "text": {"type": "str"},
    "key": {"type": "bool", "default": False, "no_log": False},
    "mode": {"type": "str", "default": "0600"},
    "entries": {
        "type": "list",
        "elements": "dict",
        "options": {
            "path": {"type": "list", "elements": "str", "required": True},
            "value": {"type": "raw", "required": True},
            "by": {"type": "str"},
        },
    },
}


def keep(module: AnsibleModule) -> dict[str, Any]:
    """Write what differs, or take out what is there."""
    absent = module.params["state"] == "absent"
    planned = [
        (Path(one["path"]).expanduser(), one, _edit(one, module.params["key"], absent))
        for one in module.params["files"]
    ]
    for path, _, edit in planned:
        _read(path, edit)
    changed = []
    for path, one, edit in planned:
        whole = one["entries"] is None
        if text_file.change(module, path, edit, int(one["mode"], 8), secret=whole):
            changed.append(one["path"])
            if absent and not module.check_mode and not path.exists():
                _remove_empty(path.parent)
    return {"changed": bool(changed), "changed_files": changed}


def _edit(one: Mapping[str, Any], key: str | None, absent: bool) -> Callable[[str], str]:
    """Return what makes a file's new text of its old one."""
    if one["entries"] is None:
        text = "" if absent else f"{key}\n" if one["key"] else str(one["text"])
        return lambda _: text
    entries = [json_text.Entry(entry["path"], entry["value"], entry["by"]) for entry in one["entries"]]

    def edit(text: str) -> str:
        for entry in entries:
            text = json_text.drop(text, entry) if absent else json_text.put(text, entry)
        return text

    return edit


def _read(path: Path, edit: Callable[[str], str]) -> None:
    try:
        edit(path.read_text() if path.exists() else "")
    except (CliConfigError, UnicodeDecodeError) as error:
        raise AirliftError(
            f"Failed to change {path}: {error}.", "Correct the file by hand, then run this again."
        ) from error


def _remove_empty(directory: Path) -> None:
    """Remove the directory and those above it that are empty now, below the user's home."""
    home = Path.home()
    while directory != home and home in directory.parents and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent


def main() -> None:
    run_module(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "key": {"type": "str", "no_log": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": FILES,
                "mutually_exclusive": [("text", "entries")],
            },
        },
        keep,
        required_if=[("state", "present", ("key",))],
    )


if __name__ == "__main__":
    main()
