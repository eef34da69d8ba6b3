"""The filter airlift.stack.api_key."""

from __future__ import annotations

DOCUMENTATION = r"""
name: api_key
short_description: The current API key of a secret's value
version_added: 0.1.0
description:
  - Returns the first key of its owner that the value of a stack's secret holds, or that of a client.
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
  client:
    description: Whose key, where it is not the owner's.
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
from ansible_collections.airlift.stack.plugins.module_utils.delivery.key_ring import key_of
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError


def api_key(value: str, secret: str = "", client: str = "") -> str:
    """Return the owner's current key, or a client's."""
    try:
        return key_of(value, secret, client)
    except DeliveryError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Filters about API keys."""

    def filters(self) -> dict[str, Callable[[str, str, str], str]]:
        """Return the filters by name."""
        return {"api_key": api_key}
