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
options:
  name:
    description:
      - The stack's name. It is part of the names of its resources.
      - Two to twenty lower-case letters, digits and hyphens, beginning with a letter.
    type: str
    required: true
  state:
    description:
      - With V(absent) the whole stack is deleted, in reverse order, and looked for again until nothing is
        found.
      - What holds data (bucket, images, secret, releases) is then kept, unless O(destroy_data) is set.
    type: str
    choices: [present, absent]
    default: present
  destroy_data:
    description: Whether data may be deleted, by O(state=absent) or by a replacement.
    type: bool
    default: false
  replace_hosts:
    description:
      - Whether all hosts may be replaced at once, as another instance type or volume size makes necessary.
        New hosts serve only once they are configured and released, so there is a gap.
    type: bool
    default: false
  tags:
    description: Further tags for every resource. Tags that others add are left alone.
    type: dict
    default: {}
  network:
    description: The VPC.
    type: dict
    suboptions:
      cidr:
        description: The VPC's addresses, between V(/16) and V(/24).
        type: str
        default: 10.213.0.0/16
      zones:
        description: Over how many availability zones the stack spans.
        type: int
        default: 2
      nat:
        description:
          - How hosts in private subnets reach the internet. V(single) is one NAT gateway for all zones,
            V(per_zone) one for each, V(none) is for networks that have another way out.
        type: str
        choices: [single, per_zone, none]
        default: single
      s3_endpoint:
        description:
          - Whether S3 is reached through a gateway endpoint, which costs nothing and spares the NAT gateway.
        type: bool
        default: true
      admin_cidrs:
        description: From where the hosts may be reached by SSH.
        type: list
        elements: str
        default: []
  identity:
    description: IAM.
    type: dict
    suboptions:
      permissions_boundary:
        description: The ARN of a policy that bounds the hosts' role.
        type: str
  storage:
    description: The bucket of models and access logs.
    type: dict
    suboptions:
      expire_noncurrent_days:
        description: After how many days replaced objects are deleted.
        type: int
        default: 30
      log_expiry_days:
        description: After how many days access logs are deleted.
        type: int
        default: 90
  registry:
    description: The repository of images.
    type: dict
    suboptions:
      keep_images:
        description: How many images its lifecycle policy keeps.
        type: int
        default: 10
  secrets:
    description: The API keys in Secrets Manager.
    type: dict
    suboptions:
      recovery_window_days:
        description: For how many days a deleted secret can be brought back. V(0) deletes it at once.
        type: int
        default: 7
  compute:
    description: The hosts.
    type: dict
    suboptions:
      count:
        description: How many. They are spread over the zones.
        type: int
        default: 2
      instance_type:
        description: The EC2 instance type.
        type: str
        default: m7i.large
      image_name:
        description:
          - The name of the image, in which V(*) stands for anything. The newest one is taken for new hosts;
            existing hosts keep theirs.
        type: str
        default: debian-13-amd64-*
      image_owners:
        description: Whose images count, by account id or alias. The default is Debian's account.
        type: list
        elements: str
        default: ["136693071363"]
      volume_gib:
        description: The size of the encrypted root volume, in GiB.
        type: int
        default: 30
      spot:
        description: Whether the hosts are spot instances.
        type: bool
        default: false
      hop_limit:
        description:
          - How many network hops the metadata service answers over. V(1) keeps containers away from it.
        type: int
        default: 1
      access:
        description: Whether people reach the hosts by SSH or by SSM Session Manager.
        type: str
        choices: [ssh, ssm]
        default: ssh
      ssh_public_key:
        description:
          - The public key that hosts accept, one line in OpenSSH's form. Needed with O(compute.access=ssh).
        type: str
  ingress:
    description: The load balancer with its certificate. Without this option the stack has none.
    type: dict
    suboptions:
      domain:
        description: The name under which the endpoint is reached.
        type: str
        required: true
      certificate_file:
        description: The certificate in PEM form.
        type: path
        required: true
      certificate_chain_file:
        description: The certificates between it and the authority, in PEM form.
        type: path
      private_key_file:
        description: The certificate's private key in PEM form, without a passphrase.
        type: path
        required: true
      allowed_cidrs:
        description: From where the endpoint may be reached.
        type: list
        elements: str
        default: ["0.0.0.0/0"]
      health_path:
        description: The path by which the load balancer asks a host whether it serves.
        type: str
        default: /health
      edge_port:
        description: The port on which the hosts' edge proxy listens.
        type: int
        default: 8080
      idle_timeout_seconds:
        description: After how many silent seconds the load balancer closes a connection.
        type: int
        default: 300
      deletion_protection:
        description: Whether AWS refuses to delete the load balancer.
        type: bool
        default: false
      tls_policy:
        description: The load balancer's TLS security policy.
        type: str
        default: ELBSecurityPolicy-TLS13-1-2-2021-06
  observability:
    description: CloudWatch.
    type: dict
    suboptions:
      log_retention_days:
        description: For how many days logs are kept.
        type: int
        default: 30
  delivery:
    description: Releases. There is nothing to choose yet.
    type: dict
    suboptions: {}
extends_documentation_fragment: airlift.stack.aws
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
    subnet_ids: {public: [subnet-1, subnet-2], private: [subnet-3, subnet-4]}
    bucket: airlift-123456789012-us-east-1
    repository_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/airlift/inference
    api_keys_secret: airlift/api-keys
    release_parameter: /airlift/release
    load_balancer_dns_name: airlift-1.us-east-1.elb.amazonaws.com
    target_group_arn: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/airlift-edge/1
    endpoint_url: https://ai.example.com/v1
    instance_ids: [i-1, i-2]
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
