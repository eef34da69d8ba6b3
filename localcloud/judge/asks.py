"""Everything that AWS asks IAM about one call: its own action, and those that it takes along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.actions import Action
from localcloud.judge import objects
from localcloud.judge.catalogue import action_name
from localcloud.judge.parameters import parameters, tags_of
from localcloud.judge.policy import Ask, Context, Principal
from localcloud.judge.resources import resources
from localcloud.judge.roles import linked_role, passed_roles
from localcloud.judge.scope import Scope
from localcloud.judge.tags import tags_on

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

WITHOUT_PERMISSION = ("sts:GetCallerIdentity", "sts:GetSessionToken")
"""Whoever has a key may call these, whatever policies say."""
TAGS_AT_CREATION = {
    "acm": "acm:AddTagsToCertificate",
    "cloudwatch": "cloudwatch:TagResource",
    "ecr": "ecr:TagResource",
    "elasticloadbalancing": "elasticloadbalancing:AddTags",
    "kms": "kms:TagResource",
    "logs": "logs:TagResource",
    "secretsmanager": "secretsmanager:TagResource",
    "ssm": "ssm:AddTagsToResource",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateUser": "iam:TagUser",
}
"""Service or action → what a call that creates and tags asks for besides."""
PARAMETER_KEYS = {
    "cloudwatch:PutMetricData": ("Namespace", "cloudwatch:namespace"),
    "iam:CreateRole": ("PermissionsBoundary", "iam:permissionsboundary"),
    "iam:PutRolePermissionsBoundary": ("PermissionsBoundary", "iam:permissionsboundary"),
    "iam:AttachRolePolicy": ("PolicyArn", "iam:policyarn"),
    "iam:DetachRolePolicy": ("PolicyArn", "iam:policyarn"),
    "iam:CreateServiceLinkedRole": ("AWSServiceName", "iam:awsservicename"),
    "ec2:RunInstances": ("InstanceType", "ec2:instancetype"),
    "secretsmanager:CreateSecret": ("Name", "secretsmanager:name"),
}
"""Action → (parameter, the condition key that has its value)."""
RESOURCE_TAGS = {"ec2": "ec2:resourcetag/", "elasticloadbalancing": "elasticloadbalancing:resourcetag/",
                 "ssm": "ssm:resourcetag/", "secretsmanager": "secretsmanager:resourcetag/"}  # fmt: skip


def asks(environ: WSGIEnvironment, action: Action, who: Principal, scope: Scope) -> list[Ask]:
    """Every question; all must be answered with yes."""
    name = action_name(action.service, action.name)
    common = _common(environ, who, scope)
    if name in WITHOUT_PERMISSION:
        return []
    if action.service in ("s3", "unsigned"):
        return objects.asks(environ, action, common, scope)
    given = parameters(environ, action)
    requested = tags_of(given)
    context = {**common, **_request_tags(requested), **_parameter_keys(name, given)}
    found = [
        Ask(name, arn, {**context, **_resource_tags(name, arn), **_tags_of_new(arn, given)})
        for arn in resources(name, given, scope)
    ]
    found += _tagging(name, given, found, common, scope)
    found += [
        Ask("iam:PassRole", arn, {**common, "iam:passedtoservice": (service,)})
        for arn, service in passed_roles(name, given, scope)
    ]
    if linked := linked_role(name, given, scope):
        context = {**common, "iam:awsservicename": (linked.service,)}
        found.append(Ask("iam:CreateServiceLinkedRole", linked.arn, context))
    return found


def _common(environ: WSGIEnvironment, who: Principal, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The keys that every request has. One machine's loopback stands for TLS."""
    now = datetime.now(UTC)
    context: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (now.isoformat(),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:principalaccount": (who.account_id,),
        "aws:principalarn": (who.role_arn or who.arn,),
        "aws:principaltype": (who.kind,),
        "aws:requestedregion": (scope.region,),
        "aws:resourceaccount": (scope.account_id,),
        "aws:securetransport": ("true",),
        "aws:sourceip": (environ.get("REMOTE_ADDR", ""),),
        "aws:useragent": (environ.get("HTTP_USER_AGENT", ""),),
        "aws:userid": (who.unique_id,),
        "aws:viaawsservice": ("false",),
        "ec2:region": (scope.region,),
    }
    if who.kind == "User":
        context["aws:username"] = (who.arn.rpartition("/")[2],)
    context.update({f"aws:principaltag/{key.lower()}": (value,) for key, value in who.tags.items()})
    return context


def _request_tags(requested: Mapping[str, str]) -> Context:
    if not requested:
        return {}
    values = {f"aws:requesttag/{key.lower()}": (value,) for key, value in requested.items()}
    return {**values, "aws:tagkeys": tuple(requested)}


def _tags_of_new(arn: str, given: dict[str, Any]) -> Context:
    """The tags that a call to EC2 gives to what it makes."""
    kind = arn.rpartition(":")[2].partition("/")[0]
    specifications = given.get("TagSpecification", [])
    return _request_tags(
        {
            key: value
            for one in specifications
            if one["ResourceType"] == kind
            for key, value in tags_of(one).items()
        }
    )


def _parameter_keys(name: str, given: dict[str, Any]) -> Context:
    parameter, key = PARAMETER_KEYS.get(name, ("", ""))
    return {key: (str(given[parameter]),)} if parameter in given else {}


def _resource_tags(name: str, arn: str) -> Context:
    keys = ["aws:resourcetag/"]
    if own := RESOURCE_TAGS.get(name.partition(":")[0]):
        keys.append(own)
    return {f"{key}{tag.lower()}": (value,) for tag, value in tags_on(arn).items() for key in keys}


def _tagging(name: str, given: dict[str, Any], found: list[Ask], common: Context, scope: Scope) -> list[Ask]:
    """Tags at creation are a permission of their own."""
    service, _, operation = name.partition(":")
    if service == "ec2":
        return [
            Ask(
                "ec2:CreateTags",
                f"arn:{scope.partition}:ec2:{scope.region}:{scope.account_id}:{one['ResourceType']}/*",
                {**common, **_request_tags(tags_of(one)), "ec2:createaction": (operation,)},
            )
            for one in given.get("TagSpecification", [])
        ]
    action = TAGS_AT_CREATION.get(name, TAGS_AT_CREATION.get(service))
    if action is None or not tags_of(given) or action == name:
        return []
    if not operation.startswith(("Create", "Put", "Import", "Request", "Register")):
        return []
    return [
        Ask(action, ask.resource.removesuffix(":log-stream:"), {**common, **_request_tags(tags_of(given))})
        for ask in found
    ]
