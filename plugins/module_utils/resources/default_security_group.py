"""The VPC's default security group, made empty so that nothing can use it by accident (FSBP EC2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..aws.remedies import AGAIN
from ..errors import NotVisibleYetError
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UNORDERED, Schema, declare
from .ec2 import Ec2Kind, client, retry_until_visible
from .kind import KEY_TAG, Context
from .permissions import permissions_in_words
from .read_cache import security_groups
from .tagging import as_mapping, as_pairs, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SecurityGroupTypeDef


class DefaultSecurityGroup(Ec2Kind["SecurityGroupTypeDef"]):
    """Properties: ``vpc``, ``ingress``, ``egress`` (both are wanted empty). Output: ``id``.

    AWS makes it with the VPC and deletes it with the VPC; here it is adopted by its tags.
    """

    name: ClassVar[str] = "default security group"
    schema: ClassVar[Schema] = declare(
        vpc=IMMUTABLE,
        ingress=UNORDERED,
        egress=UNORDERED,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc"})
    id_filter: ClassVar[str] = "group-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[SecurityGroupTypeDef]:
        """Page through DescribeSecurityGroups, default groups only."""
        only: list[FilterTypeDef] = [*filters, {"Name": "group-name", "Values": ["default"]}]
        for page in client(context).get_paginator("describe_security_groups").paginate(Filters=only):
            yield from page["SecurityGroups"]

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """Return the one of the stack's groups that is its VPC's default."""
        items = (group for group in security_groups(context) if group["GroupName"] == "default")
        return [one for group in items if (one := self.found(context, group)) is not None]

    def found(self, context: Context, item: SecurityGroupTypeDef) -> Found | None:
        """Read one default group with its rules in words."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        properties: dict[str, Value] = {
            "vpc": item["VpcId"],
            "ingress": permissions_in_words(item["IpPermissions"]),
            "egress": permissions_in_words(item["IpPermissionsEgress"]),
        }
        identifier = item["GroupId"]
        return Found(
            "default_security_group", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags
        )

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Adopt the VPC's group: tag it and take its rules away."""
        vpc = text(properties, "vpc")
        group = next(iter(self.describe(context, [{"Name": "vpc-id", "Values": [vpc]}])), None)
        if group is None:
            raise NotVisibleYetError(f"{vpc} shows no default security group yet.", AGAIN)
        identifier, tags = group["GroupId"], context.tags_for(key)
        retry_until_visible(lambda: client(context).create_tags(Resources=[identifier], Tags=as_pairs(tags)))
        self._empty(context, identifier)
        return Found("default_security_group", key, identifier, properties, {"id": identifier}, tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Take its rules away."""
        self._empty(context, found.id)
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def delete(self, context: Context, found: Found) -> None:
        """Leave it: AWS deletes it with the VPC, and refuses to delete it alone."""

    def _empty(self, context: Context, identifier: str) -> None:
        ec2 = client(context)
        for group in self.describe(context, [{"Name": self.id_filter, "Values": [identifier]}]):
            if group["IpPermissions"]:
                ec2.revoke_security_group_ingress(GroupId=identifier, IpPermissions=group["IpPermissions"])
            if group["IpPermissionsEgress"]:
                ec2.revoke_security_group_egress(
                    GroupId=identifier, IpPermissions=group["IpPermissionsEgress"]
                )
