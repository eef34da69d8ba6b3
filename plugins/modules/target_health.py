#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Ask a load balancer which targets it sends requests to, or wait until there are enough."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_health
short_description: Health of a target group's targets
version_added: 0.1.0
description:
  - Returns what the load balancer sees of every target, and can wait until enough of them are healthy.
extends_documentation_fragment: airlift.stack.aws
options:
  target_group_arn:
    description: The target group's ARN.
    type: str
    required: true
  healthy:
    description: How many targets have to be healthy. With C(0) nothing is waited for.
    type: int
    default: 0
  timeout_seconds:
    description: How long to wait for them.
    type: int
    default: 300
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Wait until both hosts take requests
  airlift.stack.target_health:
    target_group_arn: "{{ outputs.target_group_arn }}"
    healthy: 2
"""

RETURN = r"""
targets:
  description: The targets, each with C(id), C(zone), C(port), C(state) and C(reason).
  returned: always
  type: list
  elements: dict
healthy:
  description: How many are healthy.
  returned: always
  type: int
"""

import time
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.errors import CheckFailedError
from ..module_utils.module_main import run_module

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

POLL_SECONDS = 2.0

type Target = dict[str, str | int | None]


def targets(elbv2: ElasticLoadBalancingv2Client, target_group_arn: str) -> list[Target]:
    """Return what the load balancer sees of each target.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
    """
    answer = elbv2.describe_target_health(TargetGroupArn=target_group_arn)
    listed: list[Target] = []
    for described in answer["TargetHealthDescriptions"]:
        target, health = described.get("Target", {}), described.get("TargetHealth", {})
        listed.append(
            {
                "id": target.get("Id"),
                "port": target.get("Port"),
                "zone": target.get("AvailabilityZone"),
                "state": health.get("State"),
                "reason": health.get("Description") or health.get("Reason"),
            }
        )
    return sorted(listed, key=lambda target: str(target["id"]))


def healthy(listed: list[Target]) -> int:
    """Return how many take requests."""
    return sum(target["state"] == "healthy" for target in listed)


def unhealthy_sentence(listed: list[Target], wanted: int, seconds: int, region: str) -> str:
    """Return what to say when too few got healthy."""
    others = [f"{t['id']} is {t['state']} ({t['reason']})" for t in listed if t["state"] != "healthy"]
    return (
        f"Failed to find {wanted} healthy targets in {region}: {healthy(listed)} after {seconds} s"
        f"{'; ' if others else ''}{'; '.join(others)}. Run playbooks/status.yml, and on the host "
        "`airlift-release status`: the edge is healthy when an engine behind it can complete."
    )


def wait(module: AnsibleModule) -> dict[str, Any]:
    """Wait until as many targets as wanted are healthy; in check mode look once."""
    wanted, seconds = module.params["healthy"], module.params["timeout_seconds"]
    arn = module.params["target_group_arn"]
    deadline = time.monotonic() + seconds
    session = Session(connection(module.params))
    elbv2 = session.client("elbv2")
    what = f"the health of target group {arn}"
    with wording("read", what, session.region, endpoint_url=session.endpoint_url):
        listed = targets(elbv2, arn)
        while healthy(listed) < wanted and time.monotonic() < deadline and not module.check_mode:
            time.sleep(POLL_SECONDS)
            listed = targets(elbv2, arn)
    if healthy(listed) < wanted and not module.check_mode:
        raise CheckFailedError(unhealthy_sentence(listed, wanted, seconds, session.region), targets=listed)
    return {"changed": False, "targets": listed, "healthy": healthy(listed)}


def main() -> None:
    run_module(
        {
            **CONNECTION,
            "target_group_arn": {"type": "str", "required": True},
            "healthy": {"type": "int", "default": 0},
            "timeout_seconds": {"type": "int", "default": 300},
        },
        wait,
    )


if __name__ == "__main__":
    main()
