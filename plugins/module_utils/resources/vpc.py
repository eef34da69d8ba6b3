"""VPC. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html"""

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
    from mypy_boto3_ec2.type_defs import FilterTypeDef, VpcTypeDef


class Vpc(Ec2Kind["VpcTypeDef"]):
    """Properties: ``cidr``, ``dns_support``, ``dns_hostnames``. Output: ``id``."""

    name: ClassVar[str] = "VPC"
    schema: ClassVar[Schema] = declare(
        cidr=IMMUTABLE,
        dns_support=UPDATABLE,
        dns_hostnames=UPDATABLE,
    )
    id_filter: ClassVar[str] = "vpc-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[VpcTypeDef]:
        """Page through DescribeVpcs."""
        for page in client(context).get_paginator("describe_vpcs").paginate(Filters=filters):
            yield from page["Vpcs"]

    def found(self, context: Context, item: VpcTypeDef) -> Found | None:
        """Read one VPC, with the two attributes that DescribeVpcs leaves out."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        ec2, identifier = client(context), item["VpcId"]
        support = ec2.describe_vpc_attribute(VpcId=identifier, Attribute="enableDnsSupport")
        hostnames = ec2.describe_vpc_attribute(VpcId=identifier, Attribute="enableDnsHostnames")
        properties: dict[str, Value] = {
            "cidr": item["CidrBlock"],
            "dns_support": support["EnableDnsSupport"].get("Value", False),
            "dns_hostnames": hostnames["EnableDnsHostnames"].get("Value", False),
        }
        return Found("vpc", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the VPC and set its DNS attributes."""
        vpc = client(context).create_vpc(
            CidrBlock=text(properties, "cidr"), TagSpecifications=tag_specifications(context, key, "vpc")
        )["Vpc"]
        identifier = vpc["VpcId"]
        self._set_dns(context, identifier, properties)
        return Found("vpc", key, identifier, properties, {"id": identifier}, context.tags_for(key))

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Set the DNS attributes."""
        self._set_dns(context, found.id, properties)
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def delete(self, context: Context, found: Found) -> None:
        """Delete the VPC; its default security group, route table and network ACL go with it."""
        with ignore_not_found():
            client(context).delete_vpc(VpcId=found.id)

    def _set_dns(self, context: Context, identifier: str, properties: Mapping[str, Value]) -> None:
        """Set both attributes; AWS takes one a call, support before hostnames."""
        modify = client(context).modify_vpc_attribute
        support, hostnames = properties.get("dns_support"), properties.get("dns_hostnames")
        if isinstance(support, bool):
            retry_until_visible(lambda: modify(VpcId=identifier, EnableDnsSupport={"Value": support}))
        if isinstance(hostnames, bool):
            retry_until_visible(lambda: modify(VpcId=identifier, EnableDnsHostnames={"Value": hostnames}))
