"""Instance profiles: what hands a role to an EC2 instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..aws.errors import code_of
from ..errors import AirliftError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .kind import KEY_TAG, Context, Kind
from .passing import IAM_NOT_VISIBLE, IAM_STILL_USED, Passing
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, text

if TYPE_CHECKING:
    from mypy_boto3_iam.client import IAMClient


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
    expected_seconds: ClassVar[int] = 10
    not_yet: ClassVar[tuple[Passing, ...]] = IAM_NOT_VISIBLE
    still_used: ClassVar[tuple[Passing, ...]] = IAM_STILL_USED

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call a profile, by name."""
        client: IAMClient = context.session.client("iam")
        found = []
        names = [text(one.properties, "name") for one in wanted]
        for name in names or [f"{context.stack}-host"]:
            with absent("NoSuchEntity"):
                profile = client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
                tags = as_mapping(profile.get("Tags", ()))
                if is_ours(context, tags):
                    role = profile["Roles"][0]["RoleName"] if profile["Roles"] else None
                    found.append(_found(tags[KEY_TAG], name, profile["Arn"], role, tags))
        return found

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the profile, wait until IAM knows it, and put the role in it."""
        client: IAMClient = context.session.client("iam")
        name, role, tags = text(properties, "name"), text(properties, "role"), context.tags_for(key)
        try:
            profile = client.create_instance_profile(InstanceProfileName=name, Tags=as_pairs(tags))
        except ClientError as error:
            if code_of(error) != "EntityAlreadyExists":
                raise
            raise AirliftError(
                f"The instance profile {name} is not this stack's; it was not touched.",
                "Choose another stack name, or delete that profile if nothing needs it.",
            ) from error
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
