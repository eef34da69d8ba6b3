#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Run a command on a host that is reached by no port: through SSM Run Command."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_command
short_description: Run a command on an instance through SSM Run Command
version_added: 0.1.0
description:
  - Runs a command as root on an instance with the SSM agent, and returns what it printed and its exit status.
  - SSM keeps the first 24,000 characters of the output.
extends_documentation_fragment: airlift.stack.aws
options:
  instance_id:
    description: The instance's id.
    type: str
    required: true
  command:
    description: The program and its arguments. No shell sees them as anything but words.
    type: list
    elements: str
    required: true
  timeout_seconds:
    description: How long it may run.
    type: int
    default: 1800
  accepted:
    description: Exit statuses that are no failure.
    type: list
    elements: int
    default: [0]
attributes:
  check_mode:
    description: Runs nothing.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Ask the release agent
  airlift.stack.host_command:
    instance_id: i-0123456789abcdef0
    command: [/usr/bin/airlift-release, status, --json]
  changed_when: false
"""

RETURN = r"""
rc:
  description: The exit status; -1 when the command was not run to its end.
  returned: always
  type: int
stdout:
  description: What it printed.
  returned: always
  type: str
stderr:
  description: What it printed as errors.
  returned: always
  type: str
status:
  description: SSM's word for how it ended, such as C(Success), C(Failed) or C(TimedOut).
  returned: always
  type: str
details:
  description: SSM's finer word for it, such as C(ExecutionTimedOut) or C(DeliveryTimedOut).
  returned: always
  type: str
"""

import shlex
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.errors import CheckFailedError
from ..module_utils.module_main import run_module
from ..module_utils.run_command.command import Ended, run_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient


def run(
    ssm: SSMClient,
    instance_id: str,
    command: list[str],
    timeout_seconds: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Send the command and wait for its end; see ``run_lines``."""
    return run_lines(ssm, instance_id, [shlex.join(command)], timeout_seconds, what=command[0], sleep=sleep)


def sentence(ended: Ended, command: list[str], instance_id: str, region: str) -> str:
    """Return what to say of a command that did not succeed."""
    last = (ended.stderr.strip() or ended.stdout.strip() or "it printed nothing").splitlines()[-1]
    undelivered = " Is the SSM agent running, and may the host's role use it?" if ended.rc == -1 else ""
    return (
        f"Failed to run {command[0]} on instance {instance_id} in {region}: {ended.status}, "
        f"exit status {ended.rc}: {last}.{undelivered}"
    )


def ask(module: AnsibleModule) -> dict[str, Any]:
    """Run the command on the host and return how it ended."""
    instance_id, command = module.params["instance_id"], module.params["command"]
    if module.check_mode:
        return {"changed": True, "skipped": True, "msg": "Check mode runs nothing."}
    session = Session(connection(module.params))
    what = f"{command[0]} on instance {instance_id}"
    with wording("run", what, session.region, endpoint_url=session.endpoint_url):
        ended = run(session.client("ssm"), instance_id, command, module.params["timeout_seconds"])
    seen = asdict(ended)
    if ended.rc not in module.params["accepted"]:
        raise CheckFailedError(sentence(ended, command, instance_id, session.region), **seen)
    return {"changed": True, **seen}


def main() -> None:
    run_module(
        {
            **CONNECTION,
            "instance_id": {"type": "str", "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "timeout_seconds": {"type": "int", "default": 1800},
            "accepted": {"type": "list", "elements": "int", "default": [0]},
        },
        ask,
    )


if __name__ == "__main__":
    main()
