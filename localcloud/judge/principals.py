"""Who is behind an access key, and which policies hold for them: read from moto's IAM and STS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import sts_backends

from localcloud.judge.decision import Held
from localcloud.judge.policy import Principal, Statement, parse
from localcloud.judge.scope import Scope
from localcloud.judge.tags import pairs

ISSUED = ("AKIA", "ASIA")
"""How the keys begin that IAM and STS give out. Every other key is the account's own: its root user's."""
ANONYMOUS = Held(Principal("*", "Anonymous"))


@dataclass(frozen=True)
class UnknownKeyError(Exception):
    """A key that opens nothing. `expired`: it once did; `token`: the session token is not the key's."""

    expired: bool = False
    token: bool = False


def holder(access_key: str, token: str, scope: Scope) -> Held:
    """Whom a key belongs to. Raises UnknownKeyError."""
    if not access_key.startswith(ISSUED):
        return root(scope)
    iam = iam_backends[scope.account_id][scope.partition]
    session = sts_backends[scope.account_id][scope.partition].get_assumed_role_from_access_key(access_key)
    if session is not None:
        if session.session_token != token:
            raise UnknownKeyError(token=True)
        expiration = session.expiration.replace(tzinfo=session.expiration.tzinfo or UTC)
        if expiration <= datetime.now(UTC):
            raise UnknownKeyError(expired=True)
        return of_role(session.role_arn, session.session_name, scope, session.policy or "")
    for user in list(iam.users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key and key.status == "Active":
                return _of_user(iam, user)
    raise UnknownKeyError()


def root(scope: Scope) -> Held:
    """The account's root user."""
    arn = f"arn:{scope.partition}:iam::{scope.account_id}:root"
    return Held(Principal(arn, "Account", unique_id=scope.account_id))


def of_role(role_arn: str, session_name: str, scope: Scope, session_policy: str = "") -> Held:
    """A session of a role. A role that is gone allows nothing."""
    iam = iam_backends[scope.account_id][scope.partition]
    role = next((one for one in list(iam.roles.values()) if one.arn == role_arn), None)
    name = role_arn.rpartition("/")[2]
    principal = Principal(
        arn=f"arn:{scope.partition}:sts::{scope.account_id}:assumed-role/{name}/{session_name}",
        kind="AssumedRole",
        role_arn=role_arn,
        unique_id=f"{role.id if role else ''}:{session_name}",
        tags=pairs(role.tags) if role else {},
    )
    session = parse(session_policy) if session_policy else None
    if role is None:
        return Held(principal, session=session)
    return Held(principal, _identity(role), _boundary(iam, role.permissions_boundary_arn), session)


def trust_of(role_arn: str, scope: Scope) -> tuple[Statement, ...]:
    """A role's trust policy."""
    roles = list(iam_backends[scope.account_id][scope.partition].roles.values())
    return next((parse(role.assume_role_policy_document) for role in roles if role.arn == role_arn), ())


def _of_user(iam: IAMBackend, user: Any) -> Held:
    groups = [group for group in list(iam.groups.values()) if user in group.users]
    identity = tuple(statement for one in (user, *groups) for statement in _identity(one))
    boundary = getattr(user, "permissions_boundary_arn", None)
    principal = Principal(user.arn, "User", unique_id=user.id)
    return Held(principal, identity, _boundary(iam, boundary))


def _identity(owner: Any) -> tuple[Statement, ...]:
    """The inline and managed policies of a user, group or role."""
    inline = owner.policies.values() if isinstance(owner.policies, dict) else owner.policies
    documents = [str(one) for one in list(inline)]
    documents += [_default_version(one) for one in list(owner.managed_policies.values())]
    return tuple(statement for document in documents for statement in parse(document))


def _default_version(policy: Any) -> str:
    return str(next(one for one in policy.versions if one.version_id == policy.default_version_id).document)


def _boundary(iam: IAMBackend, arn: str | None) -> tuple[Statement, ...] | None:
    if not arn:
        return None
    policy = iam.managed_policies.get(arn)
    if policy is not None:
        return parse(_default_version(policy))
    return parse(document) if (document := _document_of_aws(arn.rpartition("/")[2])) else ()


@cache
def _document_of_aws(name: str) -> str:
    """A policy that AWS manages itself; moto has them in one large file."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415  # large

    known = json.loads(aws_managed_policies_data)
    return json.dumps(known[name]["Document"]) if name in known else ""
