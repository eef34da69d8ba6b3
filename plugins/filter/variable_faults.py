"""The filter airlift.stack.variable_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: variable_faults
short_description: What is wrong with the values of Airlift's variables
version_added: 0.1.0
description: Returns a sentence for each variable that cannot have the value it has.
options:
  _input:
    description: Some of Airlift's variables and their values.
    type: dict
    required: true
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Check the stack's name
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "{{ wrong | join(' ') }}"
  vars:
    wrong: "{{ {'airlift_stack_name': 'demo-'} | airlift.stack.variable_faults }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping

from ansible_collections.airlift.stack.plugins.module_utils.variables import variable_faults


class FilterModule:
    """Filters about variables' values."""

    def filters(self) -> dict[str, Callable[[Mapping[str, object]], list[str]]]:
        """Return the filters by name."""
        return {"variable_faults": variable_faults}
