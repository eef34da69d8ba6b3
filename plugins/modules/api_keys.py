#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Rotate the API keys of a stack, give clients their own, or drop those that have ended."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_keys
short_description: Rotate a stack's API keys, give clients keys of their own, or revoke these
version_added: 0.1.0
description:
  - Puts a fresh random key in front of the others in the secret, and gives those a date on which they end.
  - Or gives a client a key of its own, which rotation leaves as it is, or revokes that.
  - Every run drops the keys whose date has passed. The hosts do not wait for that, they know each key's date.
  - A secret with a key that no client could send (with a line break at its end, for instance) is refused, and
    left as it is.
  - Hosts learn of it by the next release (M(airlift.stack.release)). No key is an argument or a result.
extends_documentation_fragment: airlift.stack.aws
options:
  stack:
    description: The stack's name.
    type: str
    required: true
  secret:
    description: "The secret's name. Default: C(<stack>/api-keys)."
    type: str
  rotate:
    description: Whether to add a fresh key. Without it only keys that have ended are dropped.
    type: bool
    default: false
  grace_hours:
    description: For how many hours the keys before it stay valid. V(0) drops them at once.
    type: int
    default: 24
  client:
    description: Whose key is given or revoked, 1 to 64 of the characters A-Z a-z 0-9 . _ -.
    type: str
  client_state:
    description:
      - V(present) adds a key of the client's where it has none; V(absent) drops the one it has.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Says what would change.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Add a key; clients have a day to change over
  airlift.stack.api_keys:
    stack: demo
    rotate: true
    grace_hours: 24

- name: Give a colleague a key
  airlift.stack.api_keys:
    stack: demo
    client: alice
"""

RETURN = r"""
keys:
  description:
    - The valid keys, the current one first, each with its C(id), when it C(ends), and whether it is a
      C(client)'s.
  returned: success
  type: list
  elements: dict
"""

import datetime
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import api_keys, audit
from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.delivery import key_ring
from ..module_utils.delivery.key_ring import Key
from ..module_utils.errors import DeliveryError
from ..module_utils.module_main import run_module


def rotate(module: AnsibleModule) -> dict[str, Any]:
    """Rotate the keys or change a client's where that is asked for, drop what has ended, say who is left."""
    name = module.params["secret"] or f"{module.params['stack']}/api-keys"
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    session = Session(connection(module.params))
    client = session.client("secretsmanager")
    with wording("rotate", f"secret {name}", session.region, endpoint_url=session.endpoint_url):
        before = key_ring.parse(client.get_secret_value(SecretId=name)["SecretString"], name)
        after = api_keys.valid(before, now)
        if module.params["rotate"]:
            grace = datetime.timedelta(hours=module.params["grace_hours"])
            after = api_keys.rotated(before, api_keys.fresh(now), now, grace)
        if client_name := module.params["client"]:
            change = {"present": api_keys.with_client, "absent": api_keys.without_client}
            after = change[module.params["client_state"]](after, client_name)
            key_ring.parse(api_keys.text(after), name)
        if not after:
            raise DeliveryError(
                f"Every key of the secret {name} has ended.", "Add one: playbooks/rotate.yml."
            )
        if after != before and not module.check_mode:
            client.put_secret_value(SecretId=name, SecretString=api_keys.text(after))
    warning = None
    if after != before and not module.check_mode:
        warning = audit.record(session, module.params["stack"], *_action(module.params, before, after))
    shown = [
        {"id": key.id, "ends": key.ends.isoformat() if key.ends else None, "client": key.client}
        for key in after
    ]
    return {"changed": after != before, "keys": shown, "warnings": [warning] if warning else []}


def _action(params: dict[str, Any], before: Sequence[Key], after: Sequence[Key]) -> tuple[str, str]:
    """Return in words what was done; no key is in them."""
    if params["client"]:
        gave = "gave" if params["client_state"] == "present" else "took back"
        return "invite", f"{gave} the API key of {params['client']}"
    gone = [key.id for key in before if key.id not in {one.id for one in after}]
    added = f"added the API key {after[0].id}" if params["rotate"] else ""
    dropped = f"dropped {', '.join(gone)}" if gone else ""
    return "rotate", ", ".join(filter(None, [added, dropped]))


def main() -> None:
    run_module(
        {
            **CONNECTION,
            "stack": {"type": "str", "required": True},
            "secret": {"type": "str", "no_log": False},
            "rotate": {"type": "bool", "default": False},
            "grace_hours": {"type": "int", "default": 24},
            "client": {"type": "str"},
            "client_state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        rotate,
    )


if __name__ == "__main__":
    main()
