#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Wait until the SSH host keys of every host of a stack are known, pin them, and keep them in AWS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_keys
short_description: Pin the SSH host keys of a stack's new hosts
version_added: 0.1.0
description:
  - Writes the SSH host keys of running instances to the known_hosts file that the inventory plugin
    P(airlift.stack.airlift#inventory) makes ssh use. Entries of instances that no longer exist are removed.
  - An instance's keys come from its tag C(airlift:host-keys), and where it has none from its console output,
    which is read again and again until it shows them. cloud-init prints them there once, and the console
    keeps the last 64 KB.
  - What is pinned is kept in the tag of an instance that has none, so that another machine pins a host
    whose console has long said other things. This needs C(ec2:CreateTags), which hosts must not have.
  - Nothing is asked of instances that are pinned already.
  - A tag with other keys than are pinned here is an error, and nothing is changed for that host.
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
kept:
  description: Ids of the instances whose keys have been written to their tags by this run.
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
from ..module_utils.errors import CheckFailedError, OverdueError
from ..module_utils.inventory import hosts, known_hosts, source
from ..module_utils.module_main import run_module

POLL_SECONDS = 2.0


def pin(access: hosts.Access, session: Session, timeout_seconds: float) -> tuple[list[str], list[str]]:
    """Pin until no running instance is unknown. Returns who is new in the file, and whose tag is.

    Raises OverdueError with the instances that stayed silent, CheckFailedError with those whose tag differs.
    """
    ec2 = session.client("ec2")
    before = known_hosts.pins(access.known_hosts)
    deadline = time.monotonic() + timeout_seconds
    kept: list[str] = []
    while True:
        found = source.stack_instances(ec2, access.stack)
        now, silent, differing = source.pin_and_keep(ec2, found, access)
        kept += now
        if differing:
            raise CheckFailedError(
                f"Failed to pin SSH host keys in {access.region}: the tag {hosts.HOST_KEYS_TAG} of "
                f"{', '.join(differing)} has other keys than {access.known_hosts}. Somebody changed one of "
                "them. Compare both with the host's own (/etc/ssh/ssh_host_*.pub, over another way), and "
                "remove the wrong one."
            )
        if not silent:
            new = known_hosts.pins(access.known_hosts).keys() - before.keys()
            return sorted(new), sorted(set(kept))
        if time.monotonic() > deadline:
            raise OverdueError(
                f"Failed to pin SSH host keys in {access.region}: the console of {', '.join(silent)} shows "
                f"none after {timeout_seconds:g} s, and no tag {hosts.HOST_KEYS_TAG} has them.",
                "Look at it (aws ec2 get-console-output). Where the host has rebooted, its console is past "
                "them: run this from a machine that has them pinned. An image that does not print its keys "
                "at first boot can be reached over SSM (airlift_compute.access: ssm).",
            )
        time.sleep(POLL_SECONDS)


def work(module: AnsibleModule) -> dict[str, Any]:
    """Pin, or in check mode leave it."""
    if module.check_mode:
        return {"changed": False, "pinned": [], "kept": []}
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
        before = known_hosts.pins(access.known_hosts)
        pinned, kept = pin(access, session, module.params["timeout_seconds"])
    changed = bool(kept) or known_hosts.pins(access.known_hosts) != before
    return {"changed": changed, "pinned": pinned, "kept": kept}


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
