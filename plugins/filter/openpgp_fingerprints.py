"""The filter airlift.stack.openpgp_fingerprints."""

from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_fingerprints
short_description: The fingerprints of a file of OpenPGP keys
version_added: 0.1.0
description:
  - Returns the fingerprint of each primary key in an armored key file, so that a repository's key can be
    pinned without a program that reads it. Text that is no key file has none.
options:
  _input:
    description: The armored text.
    type: str
    required: true
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Check whose key it is
  ansible.builtin.assert:
    that: (key | airlift.stack.openpgp_fingerprints) == ['9DC858229FC7DD38854AE2D88D81803C0EBFCD88']
    fail_msg: "Failed to trust the repository: it has another key. Compare the fingerprints."
"""

RETURN = r"""
_value:
  description: Fingerprints in capital hex digits, without spaces.
  type: list
  elements: str
"""

from collections.abc import Callable

from ansible_collections.airlift.stack.plugins.module_utils.openpgp import fingerprints


class FilterModule:
    """Filters about keys."""

    def filters(self) -> dict[str, Callable[[str], list[str]]]:
        """Return the filters by name."""
        return {"openpgp_fingerprints": fingerprints}
