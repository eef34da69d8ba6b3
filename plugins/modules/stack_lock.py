#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""One run at a time changes a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_lock
short_description: Keep other runs off a stack until this one ends
version_added: 0.1.0
description:
  - Takes the stack's lock for the whole run of C(ansible-playbook). Another run that takes it fails, with who
    is at work, where, and since when.
  - The lock is the parameter C(/<stack>/lock) in SSM. A process beside the run renews it and removes it when
    the run has ended, however it did. Where that process is killed too, or the machine stops, it ends by
    itself after two minutes.
  - M(airlift.stack.aws_stack) takes the lock by itself for as long as it changes something.
extends_documentation_fragment:
  - airlift.stack.stack.lock
  - airlift.stack.aws
attributes:
  check_mode:
    description: Leaves the lock alone.
    support: full
notes:
  - This always runs on the controller, in Ansible's own process and Python, whatever the connection is.
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Keep others off the stack
  airlift.stack.stack_lock:
    name: airlift
    purpose: release
"""

RETURN = r"""#"""
