"""Instance profiles: what hands a role to an EC2 instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from . import iam_names
from .kind import KEY_TAG, Context, Kind
from .passing import IAM_NOT_VISIBLE, IAM_STILL_USED, Passing
from .tagging import as_mapping, as_pairs
from .values import absent, text

if TYPE_CHECKING:
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_iam.type_defs import InstanceProfileTypeDef


class InstanceProfile(Kind):
    """An instance profile: ``name`` and the ``role`` in it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
    """

    name: ClassVar[str] = "instance profile"
    schema: ClassVar[Schema] = declare(
        name=IMMUTABLE,
        role=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"iam_role"})
    create_before_delete: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 10
    not_yet: ClassVar[tuple[Passing, ...]] = IAM_NOT_VISIBLE
    still_used: ClassVar[tuple[Passing, ...]] = IAM_STILL_USED

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the profiles in our path; one for each of those, and of those wanted, by its name."""
        client: IAMClient = context.session.client("iam")
        path = iam_names.path(context)
        pages = client.get_paginator("list_instance_profiles").paginate(PathPrefix=path)
        # The embedded AWS lists those of every path.
        listed = [
            one["InstanceProfileName"]
            for page in pages
            for one in page["InstanceProfiles"]
            if one["Path"] == path
        ]
        names = iam_names.to_read(context, [text(one.properties, "name") for one in wanted], listed)
        found = []
        for name in names:
            profile = _profile(client, name)
            if profile is not None and _is_ours(client, context, profile):
                tags = as_mapping(profile.get("Tags", ()))
                found.append(_found(tags[KEY_TAG], name, profile["Arn"], _role_in(profile), tags))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the profile, wait until IAM knows it, and put the role in it."""
        client: IAMClient = context.session.client("iam")
        name, role, tags = (
            text(properties, "name"),
            text(properties, "role"),
            iam_names.tags_for(context, key),
        )
        try:
            profile = client.create_instance_profile(
                InstanceProfileName=name, Path=iam_names.path(context), Tags=as_pairs(tags)
            )
        except ClientError as error:
            there = _profile(client, name) if code_of(error) == "EntityAlreadyExists" else None
            if there is not None and not _is_ours(client, context, there):
                raise AirliftError(
                    f"The instance profile {name} is not this stack's; it was not touched.",
                    "Choose another stack name, or delete that profile if nothing needs it.",
                ) from error
            raise
        client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return _found(key, name, profile["InstanceProfile"]["Arn"], role, tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Swap the role: a profile holds one at most."""
        client: IAMClient = context.session.client("iam")
        role = text(properties, "role")
        _take_out_role(client, found)
        client.add_role_to_instance_profile(InstanceProfileName=found.id, RoleName=role)
        return _found(found.key, found.id, found.outputs["arn"], role, found.tags or {})

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: IAMClient = context.session.client("iam")
        client.tag_instance_profile(InstanceProfileName=found.id, Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Take the role out and delete the profile."""
        client: IAMClient = context.session.client("iam")
        _take_out_role(client, found)
        with absent("NoSuchEntity"):
            client.delete_instance_profile(InstanceProfileName=found.id)


def _profile(client: IAMClient, name: str) -> InstanceProfileTypeDef | None:
    with absent("NoSuchEntity"):
        return client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    return None


def _role_in(profile: InstanceProfileTypeDef) -> str | None:
    return profile["Roles"][0]["RoleName"] if profile["Roles"] else None


def _is_ours(client: IAMClient, context: Context, profile: InstanceProfileTypeDef) -> bool:
    return iam_names.is_ours(client, context, as_mapping(profile.get("Tags", ())), _role_in(profile))


def _take_out_role(client: IAMClient, found: Found) -> None:
    role = found.properties["role"]
    if role is not None:
        with absent("NoSuchEntity"):
            client.remove_role_from_instance_profile(InstanceProfileName=found.id, RoleName=str(role))


def _found(key: str, name: str, arn: str, role: str | None, tags: Mapping[str, str]) -> Found:
    return Found(
        kind="instance_profile",
        key=key,
        id=name,
        properties={"name": name, "role": role},
        outputs={"name": name, "arn": arn},
        tags=tags,
    )
