"""The filter airlift.stack.address_pool_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: address_pool_faults
short_description: What is wrong with Docker's address pools
version_added: 0.1.0
description:
  - Returns one phrase for each pool that dockerd would refuse, and for each that overlaps a network which
    the host has to reach, such as the VPC's.
options:
  _input:
    description: The pools, each with C(base) and C(size), as daemon.json has them.
    type: list
    elements: dict
    required: true
  reserved:
    description: Networks that containers must leave alone.
    type: list
    elements: str
    default: []
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Check the pools
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "Failed to configure Docker: {{ wrong | join('; ') }}. Choose other networks."
  vars:
    wrong: "{{ [{'base': '10.0.0.0/16', 'size': 24}] | airlift.stack.address_pool_faults(['10.0.0.0/8']) }}"
"""

RETURN = r"""
_value:
  description: The phrases.
  type: list
  elements: str
"""

from collections.abc import Callable

from ansible_collections.airlift.stack.plugins.module_utils.address_pools import faults


class FilterModule:
    """Filters about networks."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"address_pool_faults": faults}
