#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""One entry among the further models of the llm CLI."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_model
short_description: Make the llm CLI know a model behind an OpenAI-compatible endpoint
version_added: 0.1.0
description:
  - Keeps one entry of C(extra-openai-models.yaml). Other entries, comments and blank lines stay as they are.
  - The file is removed when its last entry goes and nothing else is in it.
options:
  directory:
    description: The directory of llm's files, such as the parent of what C(llm keys path) prints.
    type: path
    required: true
  name:
    description: The name to use in llm, as in C(llm -m NAME).
    type: str
    required: true
  state:
    description: Whether the entry shall exist.
    type: str
    choices: [present, absent]
    default: present
  model_name:
    description: The model's name at the endpoint. Required with O(state=present).
    type: str
  api_base:
    description: The endpoint, up to and including C(/v1). Required with O(state=present).
    type: str
  api_key_name:
    description: The name under which llm keeps the key.
    type: str
  options:
    description: Further fields of the entry, such as C(supports_tools) or C(aliases).
    type: dict
    default: {}
requirements: [PyYAML]
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Says what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows the file's change.
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Make the model known
  airlift.stack.llm_model:
    directory: ~/.config/io.datasette.llm
    name: airlift
    model_name: smollm2-135m-instruct
    api_base: https://airlift.example.com/v1
    api_key_name: airlift
"""

RETURN = r"""
path:
  description: The file with the entry.
  returned: always
  type: str
"""

from pathlib import Path
from typing import Any, cast

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils import llm_config, text_file
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, CliConfigError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module

FILE_NAME = "extra-openai-models.yaml"


def keep(module: AnsibleModule) -> dict[str, Any]:
    """Put the entry into the file, or take it out."""
    path = Path(module.params["directory"]) / FILE_NAME
    diff = {"before_header": str(path), "after_header": str(path)}

    def edit(before: str) -> str:
        after = _edited(before, module.params)
        diff.update(before=before, after=after)
        return after

    try:
        changed = text_file.change(module, path, edit, 0o644)
    except CliConfigError as error:
        raise AirliftError(
            f"Failed to set model {module.params['name']} in {path}: {error}.",
            "Correct the file by hand, then run this again.",
        ) from error
    return {"changed": changed, "path": str(path), "diff": diff}


def _edited(text: str, params: dict[str, object]) -> str:
    name = str(params["name"])
    if params["state"] == "absent":
        return llm_config.drop_model(text, name)
    fields = ("model_name", "api_base", "api_key_name")
    given = {field: params[field] for field in fields if params[field] is not None}
    further = cast("dict[str, object]", params["options"])
    return llm_config.put_model(text, cast("llm_config.Model", {"model_id": name, **given, **further}))


def main() -> None:
    run_module(
        {
            "directory": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "model_name": {"type": "str"},
            "api_base": {"type": "str"},
            "api_key_name": {"type": "str", "no_log": False},
            "options": {"type": "dict", "default": {}},
        },
        keep,
        required_if=[("state", "present", ("model_name", "api_base"))],
    )


if __name__ == "__main__":
    main()
