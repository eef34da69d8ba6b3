"""What IAM and STS know of an instance's role, read from moto's backends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localcloud.judge.decision import Held, ResourcePolicy, refusal
from localcloud.judge.policy import Ask, Principal
from localcloud.judge.principals import trust_of
from localcloud.judge.scope import Scope
from localcloud.settings import ACCOUNT_ID


@dataclass(frozen=True)
class RoleCredentials:
    """Temporary credentials of a role, known to STS."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


@dataclass(frozen=True)
class Profile:
    """An instance profile and its role."""

    arn: str
    id: str
    role_name: str | None
    role_arn: str | None


def profile(arn: str) -> Profile | None:
    """An instance profile by ARN."""
    for item in list(iam_backends[ACCOUNT_ID]["aws"].instance_profiles.values()):
        if item.arn == arn:
            role = item.roles[0] if item.roles else None
            return Profile(item.arn, item.id, role.name if role else None, role.arn if role else None)
    return None


def trusts(role_arn: str, service: str) -> bool:
    """Whether a role's trust policy lets a service, such as `ec2.amazonaws.com`, act as it."""
    trust = ResourcePolicy(trust_of(role_arn, Scope("us-east-1", ACCOUNT_ID)), required=True)
    return refusal(Ask("sts:AssumeRole", role_arn), Held(Principal(service, "Service")), trust) is None


def assume_role(region: str, role_arn: str, session: str, seconds: int) -> RoleCredentials:
    """Credentials of a role, which STS GetCallerIdentity recognises."""
    role = sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=region,
        role_session_name=session,
        role_arn=role_arn,
        policy="",
        duration=seconds,
        external_id="",
    )
    return RoleCredentials(role.access_key_id, role.secret_access_key, role.session_token, role.expiration)
