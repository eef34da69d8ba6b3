#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Wait until every host of a stack has shown its SSH host keys, and pin them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_keys
short_description: Pin the SSH host keys of a stack's new hosts
version_added: 0.1.0
description:
  - Reads the console output of running instances whose keys are not pinned yet, again and again until each
    has shown its keys, and writes them to the known_hosts file that the inventory plugin
    P(airlift.stack.airlift#inventory) makes ssh use. Entries of instances that no longer exist are removed.
  - Nothing is asked of instances that are pinned already.
extends_documentation_fragment: airlift.stack.aws
options:
  stack:
    description: The stack's name.
    type: str
    required: true
  known_hosts_file:
    description: Where keys are pinned.
    type: path
    required: true
  timeout_seconds:
    description: How long to wait for consoles. AWS shows a console some minutes after the start.
    type: int
    default: 600
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Know the new hosts before logging in
  airlift.stack.host_keys:
    stack: demo
    known_hosts_file: .airlift/known_hosts
"""

RETURN = r"""
pinned:
  description: Ids of the instances whose keys have been pinned by this run.
  returned: success
  type: list
  elements: str
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.errors import OverdueError
from ..module_utils.inventory import hosts, known_hosts, source
from ..module_utils.module_main import run_module

POLL_SECONDS = 2.0


def pin(access: hosts.Access, session: Session, timeout_seconds: float) -> tuple[bool, list[str]]:
    """Pin until no running instance is unknown. Returns whether the file changed, and who is new in it.

    Raises OverdueError with the instances that stayed silent.
    """
    ec2 = session.client("ec2")
    before = known_hosts.pinned(access.known_hosts)
    deadline = time.monotonic() + timeout_seconds
    changed = False
    while True:
        now, silent = source.pin_new_hosts(ec2, source.stack_instances(ec2, access.stack), access)
        changed = changed or now
        if not silent:
            return changed, sorted(known_hosts.pinned(access.known_hosts) - before)
        if time.monotonic() > deadline:
            raise OverdueError(
                f"Failed to pin SSH host keys in {access.region}: the console of {', '.join(silent)} shows "
                f"none after {timeout_seconds:g} s.",
                "Look at it (aws ec2 get-console-output); an image that does not print its keys at first "
                "boot can be reached over SSM (airlift_compute.access: ssm).",
            )
        time.sleep(POLL_SECONDS)


def work(module: AnsibleModule) -> dict[str, Any]:
    """Pin, or in check mode leave it."""
    if module.check_mode:
        return {"changed": False, "pinned": []}
    options = connection(module.params)
    session = Session(options)
    access = hosts.Access(
        stack=module.params["stack"],
        region=session.region,
        connection="ssh",
        user="",
        known_hosts=Path(module.params["known_hosts_file"]).absolute(),
        profile=options.profile,
        endpoint_url=options.endpoint_url,
    )
    what = f"SSH host keys of stack {access.stack}"
    with wording("pin", what, session.region, endpoint_url=session.endpoint_url):
        changed, pinned = pin(access, session, module.params["timeout_seconds"])
    return {"changed": changed, "pinned": pinned}


def main() -> None:
    run_module(
        {
            **CONNECTION,
            "stack": {"type": "str", "required": True},
            "known_hosts_file": {"type": "path", "required": True},
            "timeout_seconds": {"type": "int", "default": 600},
        },
        work,
    )


if __name__ == "__main__":
    main()
