#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Ask an endpoint what its model can do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_model
short_description: Ask an OpenAI-compatible endpoint for its model's context and abilities
version_added: 0.1.0
description:
  - Reads the model's entry of C(GET /v1/models). What the endpoint does not say is V(null), never guessed.
  - An endpoint that does not answer yet is no failure, but a warning; nothing is known then.
options:
  url:
    description: The base URL, up to and including C(/v1).
    type: str
    required: true
  name:
    description: The model's name at the endpoint.
    type: str
    required: true
  key:
    description: The API key.
    type: str
    required: true
  ca_file:
    description: The authorities to trust in place of the system's, as a PEM file.
    type: path
  timeout_seconds:
    description: How long the answer may take.
    type: int
    default: 20
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Ask what the model can do
  airlift.stack.endpoint_model:
    url: https://airlift.example.com/v1
    name: smollm2-135m-instruct
    key: "{{ api_key }}"
"""

RETURN = r"""
model:
  description:
    - C(context_tokens) and C(max_output_tokens) are numbers, C(tools), C(vision) and C(reasoning) booleans.
    - Each is V(null) where the endpoint does not say.
  returned: always
  type: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.client import Endpoint
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.model_facts import ModelFacts, facts_of
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module


def ask(module: AnsibleModule) -> dict[str, Any]:
    """Return what the endpoint says of the model."""
    params = module.params
    ca_file = Path(params["ca_file"]) if params["ca_file"] else None
    endpoint = Endpoint(params["url"], ca_file=ca_file, timeout_seconds=params["timeout_seconds"])
    try:
        answer = endpoint.get("/models", params["key"])
    except OSError as error:
        module.warn(f"{params['url']} does not answer yet ({error}): the model's context is not known.")
        return {"changed": False, "model": ModelFacts().as_dict()}
    facts = facts_of(answer.json(), params["name"])
    if facts is None:
        module.warn(
            f"{params['url']} does not list the model {params['name']} (status {answer.status}): "
            "its context is not known."
        )
    return {"changed": False, "model": (facts or ModelFacts()).as_dict()}


def main() -> None:
    run_module(
        {
            "url": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": True},
            "ca_file": {"type": "path"},
            "timeout_seconds": {"type": "int", "default": 20},
        },
        ask,
    )


if __name__ == "__main__":
    main()
