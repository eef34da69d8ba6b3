#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What can be known of an account before anything is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: account_preflight
short_description: Ask an account all that can be known before a stack is provisioned
version_added: 0.1.0
description:
  - Asks side by side who we are, what provisioning would do (zones, image, instance type and whatever else a
    plan needs are looked up for it), whether the quota of vCPUs suffices (on demand or spot), and whether the
    model fits the hosts' memory and disk. Checks the certificate.
  - Changes nothing. Fails with everything that is wrong at once.
  - What may not be asked, or what an endpoint in place of AWS does not know, is said and is no fault.
extends_documentation_fragment:
  - airlift.stack.stack.preflight
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
- name: Ask before anything is changed
  airlift.stack.account_preflight:
    name: airlift
    region: eu-central-1
    compute:
      count: 2
      instance_type: g6.xlarge
    model_bytes: 4920739232
"""

RETURN = r"""
answers:
  description: What came of each question.
  returned: success
  type: list
  elements: dict
  contains:
    question:
      description: One of credentials, certificate, plan, quota, instance type, model, memory, disk.
      type: str
      returned: always
    fault:
      description: Whether something is wrong; null where it could not be asked.
      type: bool
      returned: always
    said: {description: The answer in words., type: str, returned: always}
"""
