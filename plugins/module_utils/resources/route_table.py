"""Route table. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypedDict

from ..reconcile.model import Change, Found, Value
from ..reconcile.schema import IMMUTABLE, UNORDERED, Schema, declare
from .ec2 import Ec2Kind, client, ignore_not_found, retry_until_visible, tag_specifications
from .kind import KEY_TAG, Context
from .tagging import as_mapping, is_ours
from .values import mapping, text, texts, touched

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, RouteTableTypeDef, RouteTypeDef


class _Target(TypedDict, total=False):
    GatewayId: str
    NatGatewayId: str


class RouteTable(Ec2Kind["RouteTableTypeDef"]):
    """Properties: ``vpc``, ``routes`` (each ``destination`` and ``target``), ``subnets``. Output: ``id``.

    The routes that count are those by which the VPC reaches the internet: to an internet or NAT gateway. The
    local route and those of endpoints belong to AWS, those to a peering or transit gateway to their owner.
    """

    name: ClassVar[str] = "route table"
    schema: ClassVar[Schema] = declare(
        vpc=IMMUTABLE,
        routes=UNORDERED,
        subnets=UNORDERED,
    )
    after: ClassVar[frozenset[str]] = frozenset({"vpc", "subnet", "internet_gateway", "nat_gateway"})
    id_filter: ClassVar[str] = "route-table-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[RouteTableTypeDef]:
        """Page through DescribeRouteTables."""
        for page in client(context).get_paginator("describe_route_tables").paginate(Filters=filters):
            yield from page["RouteTables"]

    def found(self, context: Context, item: RouteTableTypeDef) -> Found | None:
        """Read one route table."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags):
            return None
        subnets = [one["SubnetId"] for one in item.get("Associations", []) if "SubnetId" in one]
        identifier = item["RouteTableId"]
        properties: dict[str, Value] = {
            "vpc": item["VpcId"],
            "routes": [route for one in item.get("Routes", []) if (route := _route(one)) is not None],
            "subnets": sorted(subnets),
        }
        return Found("route_table", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the table with its routes, and then move its subnets to it."""
        table = client(context).create_route_table(
            VpcId=text(properties, "vpc"), TagSpecifications=tag_specifications(context, key, "route-table")
        )["RouteTable"]
        identifier = table["RouteTableId"]
        self._set_routes(context, identifier, {}, _routes(properties))
        self._set_subnets(context, identifier, set(), set(texts(properties, "subnets")))
        return Found("route_table", key, identifier, properties, {"id": identifier}, context.tags_for(key))

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Set what differs of routes and subnets."""
        differs = touched(changes)
        if "routes" in differs:
            self._set_routes(context, found.id, _routes(found.properties), _routes(properties))
        if "subnets" in differs:
            now, wanted = set(texts(found.properties, "subnets")), set(texts(properties, "subnets"))
            self._set_subnets(context, found.id, now, wanted)
        return Found(found.kind, found.key, found.id, properties, found.outputs, found.tags)

    def delete(self, context: Context, found: Found) -> None:
        """Give its subnets back to the VPC's main table and delete it."""
        self._set_subnets(context, found.id, set(texts(found.properties, "subnets")), set())
        with ignore_not_found():
            client(context).delete_route_table(RouteTableId=found.id)

    def _set_routes(
        self, context: Context, table: str, now: Mapping[str, str], wanted: Mapping[str, str]
    ) -> None:
        ec2 = client(context)
        for destination in sorted(now.keys() - wanted.keys()):
            with ignore_not_found():
                ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)
        for destination, target in sorted(wanted.items()):
            if destination not in now:
                create = partial(ec2.create_route, RouteTableId=table, DestinationCidrBlock=destination)
                retry_until_visible(partial(create, **_target(target)))
            elif now[destination] != target:
                ec2.replace_route(RouteTableId=table, DestinationCidrBlock=destination, **_target(target))

    def _set_subnets(self, context: Context, table: str, now: set[str], wanted: set[str]) -> None:
        """Associate and disassociate subnets. One that another table has is moved, without a gap."""
        ec2 = client(context)
        changing = sorted(now ^ wanted)
        if not changing:
            return
        held = {
            association["SubnetId"]: (association["RouteTableAssociationId"], item["RouteTableId"])
            for item in self.describe(context, [{"Name": "association.subnet-id", "Values": changing}])
            for association in item.get("Associations", [])
            if "SubnetId" in association
        }
        for subnet in changing:
            association, holder = held.get(subnet, ("", ""))
            if subnet not in wanted:
                if holder == table:
                    with ignore_not_found():
                        ec2.disassociate_route_table(AssociationId=association)
            elif association:
                ec2.replace_route_table_association(AssociationId=association, RouteTableId=table)
            else:
                retry_until_visible(partial(ec2.associate_route_table, RouteTableId=table, SubnetId=subnet))


def _route(item: RouteTypeDef) -> dict[str, Value] | None:
    """Return a route that leads to the internet, or None for one that is not ours to keep."""
    target = item.get("NatGatewayId") or item.get("GatewayId", "")
    destination = item.get("DestinationCidrBlock")
    if destination is None or not target.startswith(("igw-", "nat-")):
        return None
    return {"destination": destination, "target": target}


def _routes(properties: Mapping[str, Value]) -> dict[str, str]:
    """Return the property ``routes`` by destination."""
    routes = properties["routes"]
    assert isinstance(routes, Sequence)
    pairs = [mapping({"route": route}, "route") for route in routes]
    return {text(route, "destination"): text(route, "target") for route in pairs}


def _target(identifier: str) -> _Target:
    """Return the argument that takes this kind of target."""
    return {"NatGatewayId": identifier} if identifier.startswith("nat-") else {"GatewayId": identifier}
