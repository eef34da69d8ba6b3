"""The filter airlift.stack.stack_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_faults
short_description: What is wrong with a wanted stack, before AWS is asked
version_added: 0.1.0
description:
  - Returns a sentence for each option of M(airlift.stack.aws_stack) that cannot have the value it has,
    and one if the stack would cost more than its budget.
positional: region
options:
  _input:
    description: The arguments of M(airlift.stack.aws_stack). What is null counts as not given.
    type: dict
    required: true
  region:
    description: The region, for its prices.
    type: str
    required: true
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Check the stack
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "{{ wrong | join(' ') }}"
  vars:
    wrong: "{{ {'name': 'demo', 'compute': {'count': 200}} | airlift.stack.stack_faults('eu-central-1') }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.airlift.stack.plugins.module_utils.arguments import STACK_CLASSES
from ansible_collections.airlift.stack.plugins.module_utils.stack_faults import stack_faults
from ansible_collections.airlift.stack.plugins.plugin_utils.in_process_action import converted


def _faults(arguments: Mapping[str, Any], region: str) -> list[str]:
    given = {name: value for name, value in json.loads(json.dumps(arguments)).items() if value is not None}
    values, said = converted(STACK_CLASSES, given)
    return stack_faults(values, region) or said


class FilterModule:
    """Filters about a wanted stack."""

    def filters(self) -> dict[str, Callable[[Mapping[str, Any], str], list[str]]]:
        """Return the filters by name."""
        return {"stack_faults": _faults}
