"""Bucket policies, less what moto cannot judge.

moto judges each statement of a bucket's policy without the request's conditions, and denies where it cannot
tell: a bucket that admits TLS only would refuse every object. The endpoint here is plain HTTP within one
machine, in the place of AWS's TLS, so statements with conditions are left out of account.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

type Judge = Callable[[FakeBucket, str, str], Any]


def without_conditions(_original: Judge) -> Judge:
    """Return what takes the place of `FakeBucket.get_permission`."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        judged = [statement for statement in statements if "Condition" not in statement]
        return IAMPolicy(json.dumps({**policy, "Statement": judged})).is_action_permitted(action, resource)

    return get_permission
