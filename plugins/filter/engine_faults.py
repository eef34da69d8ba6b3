"""The filter airlift.stack.engine_faults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: engine_faults
short_description: Sentences about an engine that cannot be released
version_added: 0.1.0
description:
  - Returns one sentence for each thing that is wrong with an engine's name and settings, by the schema in
    C(inference/engines/<name>/settings.json).
options:
  _input:
    description: The engine, with C(name) and C(settings).
    type: dict
    required: true
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Refuse settings that the engine does not take
  ansible.builtin.assert:
    that: wrong | length == 0
    fail_msg: "{{ wrong | join(' ') }}"
  vars:
    wrong: "{{ {'name': 'llamacpp', 'settings': {'threads': 2}} | airlift.stack.engine_faults }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

import json
from collections.abc import Callable, Mapping

from ansible_collections.airlift.stack.plugins.module_utils.engines import faults


def engine_faults(engine: Mapping[str, object]) -> list[str]:
    """Return what is wrong with an engine."""
    # Ansible's strings know where they come from; a schema asks for plain ones.
    plain = json.loads(json.dumps(engine))
    return faults(plain["name"], plain["settings"])


class FilterModule:
    """Filters about engines."""

    def filters(self) -> dict[str, Callable[[Mapping[str, object]], list[str]]]:
        """Return the filters by name."""
        return {"engine_faults": engine_faults}
