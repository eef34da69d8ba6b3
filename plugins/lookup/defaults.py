"""The lookup airlift.stack.defaults."""

from __future__ import annotations

DOCUMENTATION = r"""
name: defaults
short_description: The default of every variable of Airlift's
version_added: 0.1.0
description:
  - Returns the defaults as one dictionary, by the variables' names without C(airlift_), layer by layer. What
    has none is not in it.
options: {}
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Show how many hosts there are by default
  ansible.builtin.debug:
    msg: "{{ lookup('airlift.stack.defaults').compute.count }}"
"""

RETURN = r"""
_raw:
  description: The defaults, in a list of one.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.airlift.stack.plugins.module_utils.variables import DEFAULTS


class LookupModule(LookupBase):
    """Looks defaults up where options are declared."""

    def run(self, _terms: list[object], _variables: object = None, **_words: object) -> list[dict[str, Any]]:
        """Return them."""
        return [dict(DEFAULTS)]
