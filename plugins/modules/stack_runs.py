#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Who works on a stack, and who did what before."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_runs
short_description: Show who works on a stack, and who did what before
version_added: 0.1.0
description:
  - Reads the stack's lock (M(airlift.stack.stack_lock)) and its audit, one object in the stack's bucket for
    each run that changed something.
extends_documentation_fragment:
  - airlift.stack.stack.runs
  - airlift.stack.aws
attributes:
  check_mode:
    description: Only reads.
    support: full
notes:
  - This always runs on the controller, in Ansible's own process and Python, whatever the connection is.
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Show the last runs
  airlift.stack.stack_runs:
    name: airlift
"""

RETURN = r"""
at_work:
  description: Who holds the stack's lock, or null.
  returned: always
  type: dict
  sample:
    purpose: release
    principal: arn:aws:iam::123456789012:user/alice
    where: alice@laptop (process 4711)
    since: 2026-11-28 12:00:00 UTC
runs:
  description: The last runs that changed something, the newest first.
  returned: always
  type: list
  elements: dict
  contains:
    at: {description: "When, in UTC.", type: str, returned: always}
    action:
      description: One of provision, destroy, release, rollback, rotate, invite.
      type: str
      returned: always
    outcome: {description: "One of done, failed, interrupted.", type: str, returned: always}
    what: {description: What was done., type: str, returned: always}
    principal: {description: The ARN of who did it., type: str, returned: always}
    where: {description: User and machine., type: str, returned: always}
"""
