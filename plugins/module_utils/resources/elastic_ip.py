"""Elastic IP address. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Found, Value
from ..reconcile.schema import Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, is_ours

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import AddressTypeDef, FilterTypeDef


class ElasticIp(Ec2Kind["AddressTypeDef"]):
    """No properties. Outputs: ``allocation_id``, ``public_ip``."""

    name: ClassVar[str] = "Elastic IP address"
    schema: ClassVar[Schema] = declare()
    billable: ClassVar[bool] = True
    id_filter: ClassVar[str] = "allocation-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[AddressTypeDef]:
        """Return DescribeAddresses, which has no pages."""
        return client(context).describe_addresses(Filters=filters)["Addresses"]

    def found(self, context: Context, item: AddressTypeDef) -> Found | None:
        """Read one address."""
        tags = as_mapping(item.get("Tags", []))
        return (
            _found(tags[KEY_TAG], item["AllocationId"], item["PublicIp"], tags)
            if is_ours(context, tags)
            else None
        )

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Allocate an address."""
        address = client(context).allocate_address(
            Domain="vpc", TagSpecifications=tag_specifications(context, key, "elastic-ip")
        )
        return _found(key, address["AllocationId"], address["PublicIp"], context.tags_for(key))

    def delete(self, context: Context, found: Found) -> None:
        """Release the address."""
        with ignore_not_found():
            client(context).release_address(AllocationId=found.id)


def _found(key: str, allocation: str, public_ip: str, tags: Mapping[str, str]) -> Found:
    return Found(
        "elastic_ip", key, allocation, {}, {"allocation_id": allocation, "public_ip": public_ip}, tags
    )
