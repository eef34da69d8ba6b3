"""Temporary credentials of an instance's role, renewed before they end."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

from localcloud import iam
from localcloud.backends import InstanceView
from localcloud.iam import Profile, RoleCredentials

LIFETIME_SECONDS = 6 * 3600
RENEW_BEFORE = timedelta(minutes=30)
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Credentials:
    """One set per instance and role, known to STS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[tuple[str, str], tuple[datetime, RoleCredentials]] = {}

    def document(self, view: InstanceView, role_arn: str) -> str:
        """What the instance reads at iam/security-credentials/<role>."""
        now = datetime.now(UTC)
        if not iam.trusts(role_arn, "ec2.amazonaws.com"):
            return _refused(role_arn, now)
        with self._lock:
            issued = self._issued.get((view.id, role_arn))
            if issued is None or _aware(issued[1].expiration) - now < RENEW_BEFORE:
                made = iam.assume_role(view.region, role_arn, view.id, LIFETIME_SECONDS)
                issued = self._issued[view.id, role_arn] = (now, made)
        updated, credentials = issued
        content = {
            "Code": "Success",
            "LastUpdated": updated.strftime(TIME_FORMAT),
            "Type": "AWS-HMAC",
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "Token": credentials.session_token,
            "Expiration": _aware(credentials.expiration).strftime(TIME_FORMAT),
        }
        return json.dumps(content, indent=2)


def _refused(role_arn: str, now: datetime) -> str:
    """What the instance reads where the role's trust policy does not name EC2."""
    content = {
        "Code": "AssumeRoleUnauthorizedAccess",
        "Message": f"EC2 cannot assume the role {role_arn.rpartition('/')[2]}.",
        "LastUpdated": now.strftime(TIME_FORMAT),
    }
    return json.dumps(content, indent=2)


def info(profile: Profile) -> str:
    """What the instance reads at iam/info."""
    content = {
        "Code": "Success",
        "LastUpdated": datetime.now(UTC).strftime(TIME_FORMAT),
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }
    return json.dumps(content, indent=2)


def _aware(time: datetime) -> datetime:
    """moto's times are UTC without saying so."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
