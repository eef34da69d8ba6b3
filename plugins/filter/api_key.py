"""The filter airlift.stack.api_key."""

from __future__ import annotations

DOCUMENTATION = r"""
name: api_key
short_description: The current API key of a secret's value
version_added: 0.1.0
description:
  - Returns the first key that the value of a stack's secret holds.
  - A value with a key that no client could send (with a line break at its end, for instance) is refused, in
    words that show no key.
options:
  _input:
    description: The value of the secret.
    type: str
    required: true
  secret:
    description: The name of the secret, for what is said of it.
    type: str
    default: ''
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Give the CLI its key
  airlift.stack.llm_key:
    directory: ~/.config/io.datasette.llm
    name: airlift
    key: "{{ lookup('amazon.aws.secretsmanager_secret', name) | airlift.stack.api_key(name) }}"
  vars:
    name: demo/api-keys
"""

RETURN = r"""
_value:
  description: The key.
  type: str
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.airlift.stack.plugins.module_utils.delivery.key_ring import parse
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError


def api_key(value: str, secret: str = "") -> str:
    """Return the current key."""
    try:
        return parse(value, secret)[0].key
    except DeliveryError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Filters about API keys."""

    def filters(self) -> dict[str, Callable[[str, str], str]]:
        """Return the filters by name."""
        return {"api_key": api_key}
