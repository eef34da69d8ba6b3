"""The tags of what a call is about, for conditions on them."""

from __future__ import annotations

from collections.abc import Mapping

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends


def tags_on(arn: str) -> Mapping[str, str]:
    """Tags by key; none of what does not exist, or of services whose tags no condition here asks for."""
    _, _, service, region, account, rest = [*arn.split(":", 5), "", "", "", "", ""][:6]
    if "*" in rest or not account:
        return {}
    identifier = rest.partition("/")[2]
    if service == "ec2":
        return dict(ec2_backends[account][region].tags.get(identifier) or {})
    if service == "elasticloadbalancing":
        return dict(elbv2_backends[account][region].tagging_service.get_tag_dict_for_resource(arn))
    if service == "secretsmanager":
        secrets = secretsmanager_backends[account][region].secrets
        return pairs(secrets[arn].tags) if arn in secrets else {}
    if service == "iam" and rest.startswith("role/"):
        roles = list(iam_backends[account][arn.split(":")[1]].roles.values())
        return next((pairs(role.tags) for role in roles if role.arn == arn), {})
    return {}


def pairs(tags: object) -> Mapping[str, str]:
    """Tags as moto's services keep them: a list of pairs, or such pairs by key."""
    listed = list(tags.values()) if isinstance(tags, dict) else tags
    if not isinstance(listed, list):
        return {}
    return {str(one["Key"]): str(one.get("Value", "")) for one in listed}
