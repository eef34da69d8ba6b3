"""Gateway endpoint. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from ..errors import NeverUsableError
from ..reconcile.model import Change, Found, Value
from ..reconcile.schema import IMMUTABLE, UNORDERED, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, is_ours
from .values import text, texts

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, VpcEndpointTypeDef

_LEAVING = ("deleting", "deleted", "rejected", "expired")


class VpcEndpoint(Ec2Kind["VpcEndpointTypeDef"]):
    """Properties: ``vpc``, ``service``, ``route_tables``. Output: ``id``. Its policy stays AWS's default.

    A policy that named only the stack's bucket would cut the hosts off from ECR's layers, which are in S3.
    """

    name: ClassVar[str] = "gateway endpoint"
    schema: ClassVar[Schema] = declare(
        vpc=IMMUTABLE,
        service=IMMUTABLE,
        route_tables=UNORDERED,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc", "route_table"})
    timeout_seconds: ClassVar[int] = 180
    gone_seconds: ClassVar[int] = 180
    id_filter: ClassVar[str] = "vpc-endpoint-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[VpcEndpointTypeDef]:
        """Page through DescribeVpcEndpoints."""
        for page in client(context).get_paginator("describe_vpc_endpoints").paginate(Filters=filters):
            yield from page["VpcEndpoints"]

    def found(self, context: Context, item: VpcEndpointTypeDef) -> Found | None:
        """Read one endpoint."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags) or item["State"].lower() in _LEAVING:
            return None
        identifier = item["VpcEndpointId"]
        properties: dict[str, Value] = {
            "vpc": item["VpcId"],
            "service": item["ServiceName"],
            "route_tables": sorted(item.get("RouteTableIds", [])),
        }
        return Found("vpc_endpoint", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the endpoint; AWS adds its routes to the tables."""
        endpoint = client(context).create_vpc_endpoint(
            VpcEndpointType="Gateway",
            VpcId=text(properties, "vpc"),
            ServiceName=text(properties, "service"),
            RouteTableIds=texts(properties, "route_tables"),
            TagSpecifications=tag_specifications(context, key, "vpc-endpoint"),
        )["VpcEndpoint"]
        identifier = endpoint["VpcEndpointId"]
        return Found("vpc_endpoint", key, identifier, properties, {"id": identifier}, context.tags_for(key))

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Add and remove route tables."""
        now, wanted = set(texts(found.properties, "route_tables")), set(texts(properties, "route_tables"))
        client(context).modify_vpc_endpoint(
            VpcEndpointId=found.id,
            AddRouteTableIds=sorted(wanted - now),
            RemoveRouteTableIds=sorted(now - wanted),
        )
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def settled(self, context: Context, found: Found) -> Found | None:
        """Wait for the state available."""
        for item in self._by_id(context, found.id):
            if item["State"].lower() == "available":
                return self.found(context, item)
            if item["State"].lower() in ("failed", *_LEAVING):
                raise NeverUsableError(
                    f"{found.id} is {item['State']}.", "Delete it in the console and run again."
                )
        return None

    def delete(self, context: Context, found: Found) -> None:
        """Delete the endpoint. This call answers 200 with the errors inside."""
        with ignore_not_found():
            answer = client(context).delete_vpc_endpoints(VpcEndpointIds=[found.id])
            for item in answer.get("Unsuccessful", []):
                details = item.get("Error", {})
                raise ClientError(
                    {"Error": {"Code": details.get("Code", ""), "Message": details.get("Message", "")}},
                    "DeleteVpcEndpoints",
                )

    def gone(self, context: Context, found: Found) -> bool:
        """Wait until its routes have left the tables."""
        items = self._by_id(context, found.id)
        return all(item["State"].lower() == "deleted" for item in items)

    def _by_id(self, context: Context, identifier: str) -> list[VpcEndpointTypeDef]:
        """Return the endpoint as AWS has it, or nothing. The embedded AWS knows no filter for the id."""
        with ignore_not_found():
            return client(context).describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        return []
