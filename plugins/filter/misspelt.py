"""The filter airlift.stack.misspelt."""

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt
short_description: Sentences about variables that Airlift does not know
version_added: 0.1.0
description: Returns one sentence for each name beginning with C(airlift_) that is no variable of Airlift's.
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "{{ wrong | join(' ') }}"
  vars:
    wrong: "{{ lookup('ansible.builtin.varnames', '^airlift_', wantlist=true) | airlift.stack.misspelt }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable

from ansible_collections.airlift.stack.plugins.module_utils.variables import misspelt


class FilterModule:
    """Filters about variables."""

    def filters(self) -> dict[str, Callable[[Iterable[str]], list[str]]]:
        """Return the filters by name."""
        return {"misspelt": misspelt}
