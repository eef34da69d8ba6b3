#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What a stack has to tell."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_stack_info
short_description: Return the outputs of a stack
version_added: 0.1.0
description:
  - Finds the resources of a stack by their tags and returns what its users need to know. Changes nothing.
extends_documentation_fragment:
  - airlift.stack.stack.name
  - airlift.stack.aws
attributes:
  check_mode:
    description: Only reads.
    support: full
seealso:
  - module: airlift.stack.aws_stack
notes:
  - This always runs on the controller, in Ansible's own process and Python, whatever the connection is.
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Look at the stack
  airlift.stack.aws_stack_info:
    name: airlift
    region: eu-central-1
  register: stack
"""

RETURN = r"""
exists:
  description: Whether there is anything of the stack.
  returned: always
  type: bool
outputs:
  description: As of M(airlift.stack.aws_stack). Values of what does not exist are null.
  returned: always
  type: dict
cost:
  description: An estimate of what that costs per month on AWS, as of M(airlift.stack.aws_stack).
  returned: always
  type: dict
resources:
  description: Everything that there is of the stack.
  returned: always
  type: list
  elements: dict
  contains:
    kind: {description: The kind of resource., type: str, returned: always}
    key: {description: "The resource's name within the stack.", type: str, returned: always}
    id: {description: "AWS's identifier.", type: str, returned: always}
"""
