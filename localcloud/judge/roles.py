"""Roles that a call hands on: to an instance by its profile, to a service by name, or linked to a service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from localcloud.judge.parameters import leaves
from localcloud.judge.scope import Scope

ROLE_PARAMETERS = {
    "ecs": ({"taskRoleArn", "executionRoleArn"}, "ecs-tasks.amazonaws.com"),
    "lambda": ({"Role"}, "lambda.amazonaws.com"),
    "sagemaker": ({"ExecutionRoleArn", "RoleArn"}, "sagemaker.amazonaws.com"),
}
"""Service → parameters that name a role, and to whom it is passed."""
LINKED = {
    "elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing",
    "autoscaling:CreateAutoScalingGroup": "autoscaling",
    "ecs:CreateCluster": "ecs",
}
"""Actions for which AWS makes the service's own role where the account has none yet."""
LINKED_NAMES = {
    "autoscaling": "AWSServiceRoleForAutoScaling",
    "ecs": "AWSServiceRoleForECS",
    "elasticloadbalancing": "AWSServiceRoleForElasticLoadBalancing",
    "spot": "AWSServiceRoleForEC2Spot",
}


@dataclass(frozen=True)
class LinkedRole:
    """A service-linked role that the account lacks."""

    arn: str
    service: str
    name: str


def passed_roles(action: str, given: dict[str, Any], scope: Scope) -> list[tuple[str, str]]:
    """(ARN of a role, the service that gets it) for each role that a call passes on."""
    service = action.partition(":")[0]
    if service == "ec2":
        return [(arn, "ec2.amazonaws.com") for arn in _roles_of_profile(_profile(given, scope), scope)]
    if action == "iam:AddRoleToInstanceProfile":
        roles = list(iam_backends[scope.account_id][scope.partition].roles.values())
        found = [role.arn for role in roles if role.name == given.get("RoleName")]
        return [(arn, "ec2.amazonaws.com") for arn in found]
    names, passed_to = ROLE_PARAMETERS.get(service, (set(), ""))
    return [(text, passed_to) for name, text in leaves(given) if name in names and ":role/" in text]


def _profile(given: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """The instance profile of a call to EC2, of the call itself or of its launch template."""
    named: dict[str, Any] = given.get("IamInstanceProfile") or {}
    template = given.get("LaunchTemplate") or {}
    if named or not template:
        return named
    templates = list(ec2_backends[scope.account_id][scope.region].launch_templates.values())
    for one in templates:
        if template.get("LaunchTemplateId") == one.id or template.get("LaunchTemplateName") == one.name:
            data = one.get_version(template.get("Version") or "$Default").data
            return data.get("IamInstanceProfile") or {}
    return {}


def _roles_of_profile(named: dict[str, Any], scope: Scope) -> list[str]:
    wanted = {named.get("Name"), named.get("Arn")} - {None}
    profiles = list(iam_backends[scope.account_id][scope.partition].instance_profiles.values())
    return [role.arn for one in profiles if wanted & {one.name, one.arn} for role in one.roles]


def linked_role(action: str, given: dict[str, Any], scope: Scope) -> LinkedRole | None:
    """The role that AWS has to make first, because the account never used the service."""
    service = LINKED.get(action)
    if (
        action == "ec2:RunInstances"
        and (given.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
    ):
        service = "spot"
    if service is None:
        return None
    name = LINKED_NAMES[service]
    if any(
        role.name == name for role in list(iam_backends[scope.account_id][scope.partition].roles.values())
    ):
        return None
    path = f"aws-service-role/{service}.amazonaws.com/{name}"
    arn = f"arn:{scope.partition}:iam::{scope.account_id}:role/{path}"
    return LinkedRole(arn, f"{service}.amazonaws.com", name)


def make_linked_role(arn: str, scope: Scope) -> None:
    """What AWS does once it may: the account has the service's role from now on."""
    service, name = arn.split("/")[-2:]
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam_backends[scope.account_id][scope.partition].create_role(
        name,
        json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        f"/aws-service-role/{service}/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
        linked_service=service,
    )
