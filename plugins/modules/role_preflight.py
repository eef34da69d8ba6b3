#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action of this name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: role_preflight
short_description: Check what every role has to know before it changes a host
version_added: 0.1.0
description:
  - The first task of a role. Refuses variables that are named after the role and are not in its defaults,
    each with the name that may have been meant.
  - Then gathers those facts that the role decides by and that nobody has gathered yet.
  - Then refuses a host whose operating system the roles do not know.
options:
  facts:
    description:
      - The facts that the role reads, besides those of O(purpose). What is there already is not gathered
        again.
    type: list
    elements: str
    default: []
    choices:
      - architecture
      - default_ipv4
      - distribution
      - distribution_major_version
      - distribution_release
      - distribution_version
      - kernel
      - kernel_version
      - mounts
      - os_family
      - swaptotal_mb
      - virtualization_role
      - virtualization_type
  purpose:
    description:
      - What the role does, as in "Failed to V(install Docker) on host". Where it is given, the operating
        system is checked.
    type: str
  reason:
    description: Why the operating system matters, as in "and V(the role is tested on) Debian 12 and 13".
    type: str
    default: the role is tested on
attributes:
  check_mode:
    description: Changes nothing.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Preflight | Check the variables' names and the operating system
  airlift.stack.role_preflight:
    facts: [virtualization_role, virtualization_type]
    purpose: install Docker
"""

RETURN = r"""
ansible_facts:
  description: The facts that were gathered.
  returned: when one was missing
  type: dict
"""
