"""Subnet. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Change, Found, Value
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, retry_until_visible, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SubnetTypeDef


class Subnet(Ec2Kind["SubnetTypeDef"]):
    """Properties: ``vpc``, ``cidr``, ``availability_zone``, ``public_ip_on_launch``.

    Outputs: ``id``, ``availability_zone``.
    """

    name: ClassVar[str] = "subnet"
    schema: ClassVar[Schema] = declare(
        vpc=IMMUTABLE,
        cidr=IMMUTABLE,
        availability_zone=IMMUTABLE,
        public_ip_on_launch=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc"})
    id_filter: ClassVar[str] = "subnet-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[SubnetTypeDef]:
        """Page through DescribeSubnets."""
        for page in client(context).get_paginator("describe_subnets").paginate(Filters=filters):
            yield from page["Subnets"]

    def found(self, context: Context, item: SubnetTypeDef) -> Found | None:
        """Read one subnet."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        properties: dict[str, Value] = {
            "vpc": item["VpcId"],
            "cidr": item["CidrBlock"],
            "availability_zone": item["AvailabilityZone"],
            "public_ip_on_launch": item["MapPublicIpOnLaunch"],
        }
        outputs = {"id": item["SubnetId"], "availability_zone": item["AvailabilityZone"]}
        return Found("subnet", tags[KEY_TAG], item["SubnetId"], properties, outputs, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the subnet. AWS gives no public address by default; the contrary takes a second call."""
        zone = text(properties, "availability_zone")
        subnet = client(context).create_subnet(
            VpcId=text(properties, "vpc"),
            CidrBlock=text(properties, "cidr"),
            AvailabilityZone=zone,
            TagSpecifications=tag_specifications(context, key, "subnet"),
        )["Subnet"]
        identifier = subnet["SubnetId"]
        if properties.get("public_ip_on_launch", False) != subnet["MapPublicIpOnLaunch"]:
            self._set_public_ip(context, identifier, properties)
        outputs = {"id": identifier, "availability_zone": zone}
        return Found("subnet", key, identifier, properties, outputs, context.tags_for(key))

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Set whether what starts in the subnet gets a public address."""
        self._set_public_ip(context, found.id, properties)
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def delete(self, context: Context, found: Found) -> None:
        """Delete the subnet."""
        with ignore_not_found():
            client(context).delete_subnet(SubnetId=found.id)

    def _set_public_ip(self, context: Context, identifier: str, properties: Mapping[str, Value]) -> None:
        wanted = bool(properties.get("public_ip_on_launch"))
        retry_until_visible(
            lambda: client(context).modify_subnet_attribute(
                SubnetId=identifier, MapPublicIpOnLaunch={"Value": wanted}
            )
        )
