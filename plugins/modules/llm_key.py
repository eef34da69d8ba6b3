#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""One of the keys that the llm CLI keeps."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_key
short_description: Keep an API key where the llm CLI looks for it
version_added: 0.1.0
description:
  - Keeps one entry of C(keys.json), as C(llm keys set) does, without the key on a command line.
  - The file can be read by its owner only. It is removed when its last key goes.
options:
  directory:
    description: The directory of llm's files, such as the parent of what C(llm keys path) prints.
    type: path
    required: true
  name:
    description: The name of the key.
    type: str
    required: true
  state:
    description: Whether the key shall be kept.
    type: str
    choices: [present, absent]
    default: present
  key:
    description: The key. Required with O(state=present).
    type: str
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Says what would change and changes nothing.
    support: full
  diff_mode:
    description: The file holds secrets and is never shown.
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Keep the key
  airlift.stack.llm_key:
    directory: ~/.config/io.datasette.llm
    name: airlift
    key: "{{ api_key }}"
"""

RETURN = r"""
path:
  description: The file with the key.
  returned: always
  type: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils import llm_config, text_file
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, CliConfigError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module

FILE_NAME = "keys.json"


def keep(module: AnsibleModule) -> dict[str, Any]:
    """Put the key into the file, or take it out."""
    name, key = module.params["name"], module.params["key"]
    path = Path(module.params["directory"]) / FILE_NAME

    def edit(before: str) -> str:
        if module.params["state"] == "absent":
            return llm_config.drop_key(before, name)
        return llm_config.put_key(before, name, key)

    try:
        changed = text_file.change(module, path, edit, 0o600, secret=True)
    except CliConfigError as error:
        raise AirliftError(
            f"Failed to keep key {name} in {path}: {error}.", "Correct the file by hand, then run again."
        ) from error
    return {"changed": changed, "path": str(path)}


def main() -> None:
    run_module(
        {
            "directory": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "key": {"type": "str", "no_log": True},
        },
        keep,
        required_if=[("state", "present", ("key",))],
    )


if __name__ == "__main__":
    main()
