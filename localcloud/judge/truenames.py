"""Names as they stand in ARNs: with what AWS adds to them."""

from __future__ import annotations

from collections.abc import Mapping

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from localcloud.judge.scope import Scope

UNKNOWN_SUFFIX = "-??????"
"""Of a secret that is not there (yet): AWS puts six characters behind its name."""


def true_name(template: str, name: str, given: Mapping[str, str], scope: Scope) -> str:
    """A name of the request as it stands in the ARN of `template`."""
    if ":parameter/" in template:
        return name.removeprefix("/")
    if ":secret:" in template:
        return _secret(name, scope)
    if ":iam:" in template:
        return _with_path(template, name, given, scope)
    return name


def owners(association: str, scope: Scope) -> list[str]:
    """Ids of what an association of EC2's is with; none of another text."""
    if association.startswith("iip-assoc-"):
        profiles = list(
            ec2_backends[scope.account_id][scope.region].iam_instance_profile_associations.values()
        )
        return [one.instance.id for one in profiles if one.association_id == association]
    if association.startswith("rtbassoc-"):
        tables = list(ec2_backends[scope.account_id][scope.region].route_tables.values())
        return [one.id for one in tables if association in one._associations]
    return []


def _secret(name: str, scope: Scope) -> str:
    backend = secretsmanager_backends[scope.account_id][scope.region]
    if name not in backend.secrets:
        return name + UNKNOWN_SUFFIX
    return str(backend.secrets[name].arn).rpartition(":secret:")[2]


def _with_path(template: str, name: str, given: Mapping[str, str], scope: Scope) -> str:
    backend = iam_backends[scope.account_id][scope.partition]
    if ":role/" in template:
        role = next((one for one in list(backend.roles.values()) if one.name == name), None)
        path = role.path if role else given.get("Path")
    elif ":instance-profile/" in template:
        profile = next((one for one in list(backend.instance_profiles.values()) if one.name == name), None)
        path = profile.path if profile else given.get("Path")
    else:
        path = given.get("Path")
    return (path or "/").removeprefix("/") + name
