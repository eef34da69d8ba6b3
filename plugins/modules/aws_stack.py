#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""The whole stack in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_stack
short_description: Provision, change or remove a whole inference stack on AWS
version_added: 0.1.0
description:
  - Takes the whole wanted stack, compares it with what the account has, and makes it so.
  - Resources are recognised by the tags C(airlift:stack) and C(airlift:key).
    What does not carry them is never touched.
  - Everything that does not wait for something else is made side by side. A failed resource stops only what
    needs it, and every error is reported with its resource and a remedy. The same task run again goes on
    where it stopped.
  - A run that changes nothing makes about one call for each kind of resource.
# Options are written once, in plugins/module_utils/blueprint/options.py; the fragments are made of them.
extends_documentation_fragment:
  - airlift.stack.stack
  - airlift.stack.aws
attributes:
  check_mode:
    description: Only reads. The plan is the true one from an empty account, too.
    support: full
  diff_mode:
    description: Shows the plan.
    support: full
seealso:
  - module: airlift.stack.aws_stack_info
notes:
  - This always runs on the controller, in Ansible's own process and Python, whatever the connection is.
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Provision the stack
  airlift.stack.aws_stack:
    name: airlift
    region: eu-central-1
    network:
      cidr: 10.20.0.0/16
      admin_cidrs: [203.0.113.7/32]
    compute:
      count: 2
      instance_type: g6.xlarge
      ssh_public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"
    ingress:
      domain: ai.example.com
      certificate_file: pki/ai.example.com.pem
      private_key_file: pki/ai.example.com.key
  register: stack

- name: Remove it, and its data
  airlift.stack.aws_stack:
    name: airlift
    region: eu-central-1
    state: absent
    destroy_data: true
"""

RETURN = r"""
plan:
  description:
    - What was, or in check mode would be, done. Empty where nothing has to change.
    - Secret values are masked.
  returned: on success
  type: list
  elements: dict
  contains:
    action: {description: "One of create, update, replace, delete, keep.", type: str, returned: always}
    kind: {description: The kind of resource., type: str, returned: always}
    key: {description: "The resource's name within the stack.", type: str, returned: always}
    id: {description: "AWS's identifier, where it exists.", type: str, returned: always}
    reason: {description: Why., type: str, returned: always}
    changes:
      description: Path, before and after of each difference.
      type: list
      elements: dict
      returned: always
  sample:
    - {action: create, kind: vpc, key: network/vpc, id: null, reason: it does not exist, changes: []}
summary:
  description: How many resources there are of each action, C(none) being those that stay as they are.
  returned: always
  type: dict
  sample: {create: 0, update: 1, replace: 0, delete: 0, none: 47}
outputs:
  description: What the stack's users need to know. Values that are not known yet are null.
  returned: when O(state=present)
  type: dict
  sample:
    account_id: "123456789012"
    region: us-east-1
    vpc_id: vpc-0a1b2c
    vpc_cidr: 10.20.0.0/16
    subnet_ids: {public: [subnet-1, subnet-2], private: [subnet-3, subnet-4]}
    bucket: airlift-123456789012-us-east-1
    repository_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/airlift/inference
    api_keys_secret: airlift/api-keys
    release_parameter: /airlift/release
    load_balancer_dns_name: airlift-1.us-east-1.elb.amazonaws.com
    target_group_arn: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/airlift-edge/1
    edge_port: 8080
    idle_timeout_seconds: 1200
    endpoint_url: https://ai.example.com/v1
    instance_ids: [i-1, i-2]
    architectures: [amd64]
    log_groups: {edge: /airlift/edge, inference: /airlift/inference, host: /airlift/host}
cost:
  description: An estimate of what the stack costs per month on AWS.
  returned: when O(state=present)
  type: dict
timings:
  description: Seconds by operation, with the time waited until the resource could be used.
  returned: when something was done
  type: dict
  sample: {create network/vpc: 0.4}
failures:
  description: Every operation that failed, in one sentence each.
  returned: on failure
  type: list
  elements: str
unmanaged:
  description: ARNs that carry the stack's tag although Airlift made none such. They were not touched.
  returned: when O(state=absent)
  type: list
  elements: str
"""
