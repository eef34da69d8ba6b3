"""IAM roles with inline policies. Which are ours: see ``iam_names``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UNORDERED, UPDATABLE, Schema, declare
from . import iam_names
from .kind import KEY_TAG, Context, Kind
from .passing import IAM_NOT_VISIBLE, IAM_STILL_USED, Passing
from .tagging import as_mapping, as_pairs
from .values import absent, document, mapping, optional_text, text, touched

if TYPE_CHECKING:
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_iam.type_defs import CreateRoleRequestTypeDef, RoleTypeDef


class IamRole(Kind):
    """A role: ``name``, ``description``, ``trust_policy``, ``permissions_boundary``, ``policies`` (inline).

    Inline policies of other names, and attached managed policies, are left alone until the role is deleted.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """

    name: ClassVar[str] = "IAM role"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        description=UPDATABLE,
        trust_policy=UNORDERED,
        policies=UNORDERED,
        permissions_boundary=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"bucket", "repository", "secret", "parameter", "log_group"})
    create_before_delete: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 10
    not_yet: ClassVar[tuple[Passing, ...]] = IAM_NOT_VISIBLE
    still_used: ClassVar[tuple[Passing, ...]] = IAM_STILL_USED

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the roles in our path; for each of those, and each that is wanted, two by its name.

        Lists lag behind what was just made, reads by name hardly do, and only these tell the tags.
        """
        client: IAMClient = context.session.client("iam")
        policies = {text(one.properties, "name"): mapping(one.properties, "policies") for one in wanted}
        pages = client.get_paginator("list_roles").paginate(PathPrefix=iam_names.path(context))
        listed = [role["RoleName"] for page in pages for role in page["Roles"]]
        names = iam_names.to_read(context, list(policies), listed)
        return [
            one
            for name in names
            if (one := self._read(client, context, name, policies.get(name, {}))) is not None
        ]

    def _read(
        self, client: IAMClient, context: Context, name: str, wanted_policies: Mapping[str, Value]
    ) -> Found | None:
        """Return our role of that name with the wanted of its inline policies, or None."""
        with absent("NoSuchEntity"):
            role = client.get_role(RoleName=name)["Role"]
            tags = as_mapping(role.get("Tags", ()))
            if iam_names.is_ours(client, context, tags, name):
                policies = {policy: _inline_policy(client, name, policy) for policy in wanted_policies}
                return _found(role, tags[KEY_TAG], tags, policies)
        return None

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the role, then its inline policies. The next run completes one that was killed between."""
        client: IAMClient = context.session.client("iam")
        name = text(properties, "name")
        tags = iam_names.tags_for(context, key)
        request: CreateRoleRequestTypeDef = {
            "RoleName": name,
            "Path": iam_names.path(context),
            "AssumeRolePolicyDocument": json.dumps(properties["trust_policy"]),
            "Description": optional_text(properties, "description") or "",
            "Tags": as_pairs(tags),
        }
        if boundary := optional_text(properties, "permissions_boundary"):
            request["PermissionsBoundary"] = boundary
        try:
            role = client.create_role(**request)["Role"]
        except ClientError as error:
            if code_of(error) == "EntityAlreadyExists" and self._is_foreign(client, context, name):
                raise AirliftError(
                    f"The IAM role {name} is not this stack's; it was not touched.",
                    "Choose another stack name, or delete or rename that role if nothing needs it.",
                ) from error
            raise
        policies = mapping(properties, "policies")
        _put_policies(client, name, policies)
        return _found(role, key, tags, policies)

    def _is_foreign(self, client: IAMClient, context: Context, name: str) -> bool:
        """Whether there is a role of that name for everybody to see, and it is not ours."""
        with absent("NoSuchEntity"):
            tags = as_mapping(client.get_role(RoleName=name)["Role"].get("Tags", ()))
            return not iam_names.is_ours(client, context, tags, name)
        return False

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write what differs: each is one idempotent call."""
        client: IAMClient = context.session.client("iam")
        parts = touched(changes)
        if "trust_policy" in parts:
            client.update_assume_role_policy(
                RoleName=found.id, PolicyDocument=json.dumps(properties["trust_policy"])
            )
        if "description" in parts:
            client.update_role(RoleName=found.id, Description=text(properties, "description"))
        if "permissions_boundary" in parts:
            client.put_role_permissions_boundary(
                RoleName=found.id, PermissionsBoundary=text(properties, "permissions_boundary")
            )
        if "policies" in parts:
            policies = mapping(properties, "policies")
            _put_policies(client, found.id, policies)
        return found

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: IAMClient = context.session.client("iam")
        client.tag_role(RoleName=found.id, Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete the role and first what would hold it: its policies, inline and attached."""
        client: IAMClient = context.session.client("iam")
        with absent("NoSuchEntity"):
            for page in client.get_paginator("list_role_policies").paginate(RoleName=found.id):
                for policy in page["PolicyNames"]:
                    client.delete_role_policy(RoleName=found.id, PolicyName=policy)
            for attached in client.get_paginator("list_attached_role_policies").paginate(RoleName=found.id):
                for managed in attached["AttachedPolicies"]:
                    client.detach_role_policy(RoleName=found.id, PolicyArn=managed["PolicyArn"])
            client.delete_role(RoleName=found.id)


def _put_policies(client: IAMClient, role: str, policies: Mapping[str, Value]) -> None:
    for name, policy in policies.items():
        client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def _inline_policy(client: IAMClient, role: str, name: str) -> Value:
    with absent("NoSuchEntity"):
        return document(client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    return None


def _found(role: RoleTypeDef, key: str, tags: Mapping[str, str], policies: Mapping[str, Value]) -> Found:
    return Found(
        kind="iam_role",
        key=key,
        id=role["RoleName"],
        properties={
            "name": role["RoleName"],
            "description": role.get("Description", ""),
            "trust_policy": document(role.get("AssumeRolePolicyDocument")),
            "policies": policies,
            "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        },
        outputs={"name": role["RoleName"], "arn": role["Arn"]},
        tags=tags,
    )
