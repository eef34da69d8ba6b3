"""Which of the account's IAM resources are this stack's: AWS keeps them once for all regions.

Ours have the region in their name (the blueprint's), in their path (by which they are listed) and in a tag.
Before they had, roles and profiles were called ``<stack>-host``, the same in every region. Such a one belongs
to the stack of the region that its policy names: hosts in another could do nothing with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import tagging
from .kind import REGION_TAG, Context
from .values import absent, document

if TYPE_CHECKING:
    from mypy_boto3_iam.client import IAMClient

_OLD_POLICY = "host"
_REGION_IN_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]+):[0-9]{12}:")


def path(context: Context) -> str:
    """Return the path of what is the stack's in this region."""
    return f"/airlift/{context.stack}/{context.region}/"


def tags_for(context: Context, key: str) -> dict[str, str]:
    """Return all tags of the IAM resource ``key``."""
    return {**context.tags_for(key), REGION_TAG: context.region}


def to_read(context: Context, wanted: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Return the names to ask for, given those that are ``wanted`` and those ``listed`` in our path.

    The name of before is asked for as long as what is wanted is not listed, and whenever a look is to be
    thorough.
    """
    names = [*wanted, *(name for name in listed if name not in wanted)]
    if context.thorough or not set(wanted) <= set(listed):
        names.append(f"{context.stack}-host")
    return names


def is_ours(client: IAMClient, context: Context, tags: Mapping[str, str], role: str | None) -> bool:
    """Whether what carries ``tags`` is this stack's in this region.

    ``role`` is the name of the role that it is, or of the one in the profile.
    """
    if not tagging.is_ours(context, tags):
        return False
    if REGION_TAG in tags or role is None:
        return True
    regions = _regions(client, role)
    return not regions or context.region in regions


def _regions(client: IAMClient, role: str) -> set[str]:
    """Return the regions that the policy of before names; none if a run was killed before it was put."""
    with absent("NoSuchEntity"):
        policy = client.get_role_policy(RoleName=role, PolicyName=_OLD_POLICY)["PolicyDocument"]
        return set(_REGION_IN_ARN.findall(json.dumps(document(policy))))
    return set()
