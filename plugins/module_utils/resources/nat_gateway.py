"""NAT gateway. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from ..errors import AirliftError, NeverUsableError
from ..reconcile.model import Found, Value
from ..reconcile.schema import IMMUTABLE, Schema, declare
from .ec2 import Ec2Kind, client, client_token, ignore_not_found, tag_specifications
from .kind import KEY_TAG, STACK_TAG, Context
from .tagging import as_mapping, is_ours
from .values import text

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, NatGatewayTypeDef

_REPLAYS = 10
_DESCRIBED = timedelta(minutes=50)
"""AWS describes a deleted gateway for about an hour, but remembers its token for longer."""

_LEAVING = ("failed", "deleting", "deleted")


class NatGateway(Ec2Kind["NatGatewayTypeDef"]):
    """Properties: ``subnet``, ``allocation`` (of its Elastic IP address). Output: ``id``."""

    name: ClassVar[str] = "NAT gateway"
    schema: ClassVar[Schema] = declare(
        subnet=IMMUTABLE,
        allocation=IMMUTABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"subnet", "elastic_ip", "internet_gateway"})
    billable: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 100
    timeout_seconds: ClassVar[int] = 600
    gone_seconds: ClassVar[int] = 600
    deletable_in_use: ClassVar[bool] = True
    id_filter: ClassVar[str] = "nat-gateway-id"

    def describe(self, context: Context, filters: Sequence[FilterTypeDef]) -> Iterable[NatGatewayTypeDef]:
        """Page through DescribeNatGateways."""
        for page in client(context).get_paginator("describe_nat_gateways").paginate(Filters=filters):
            yield from page["NatGateways"]

    def found(self, context: Context, item: NatGatewayTypeDef) -> Found | None:
        """Read one NAT gateway. A failed one serves nobody and leaves by itself within the hour."""
        tags = as_mapping(item.get("Tags", []))
        if not is_ours(context, tags) or item["State"] in _LEAVING:
            return None
        identifier = item["NatGatewayId"]
        addresses = [one["AllocationId"] for one in item["NatGatewayAddresses"] if "AllocationId" in one]
        properties: dict[str, Value] = {
            "subnet": item["SubnetId"],
            "allocation": addresses[0] if addresses else None,
        }
        return Found("nat_gateway", tags[KEY_TAG], identifier, properties, {"id": identifier}, tags)

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create the gateway. AWS may answer with a dead one of this token: then its successor is next."""
        ours: list[FilterTypeDef] = [
            {"Name": f"tag:{STACK_TAG}", "Values": [context.stack]},
            {"Name": f"tag:{KEY_TAG}", "Values": [key]},
        ]
        before = {item["NatGatewayId"]: item["State"] for item in self.describe(context, ours)}
        dead = [name for name, state in before.items() if state in _LEAVING]
        subnet, allocation = text(properties, "subnet"), text(properties, "allocation")
        if dead:
            self._release(context, [name for name in dead if before[name] == "deleting"], allocation)
        tags = tag_specifications(context, key, "natgateway")
        for _ in range(_REPLAYS):
            gateway = client(context).create_nat_gateway(
                SubnetId=subnet,
                AllocationId=allocation,
                ClientToken=client_token(context, key, subnet, allocation, tags, sorted(dead)),
                TagSpecifications=tags,
            )["NatGateway"]
            identifier = gateway["NatGatewayId"]
            states = self._states(context, gateway)
            if not states & {"deleting", "deleted"}:
                outputs = {"id": identifier}
                return Found("nat_gateway", key, identifier, properties, outputs, context.tags_for(key))
            dead.append(identifier)
            self._release(context, [identifier] if "deleting" in states else [], allocation)
        raise AirliftError(
            f"AWS answers each request for {key} with a deleted NAT gateway.", "Try again in a day."
        )

    def settled(self, context: Context, found: Found) -> Found | None:
        """Wait for the state available."""
        for item in self.describe(context, [{"Name": self.id_filter, "Values": [found.id]}]):
            if item["State"] == "available":
                return self.found(context, item)
            if item["State"] in _LEAVING:
                reason = item.get("FailureMessage") or item.get("FailureCode") or f"it is {item['State']}"
                raise NeverUsableError(
                    f"{found.id} cannot be used: {reason}", "Run again once the cause is gone."
                )
        return None

    def delete(self, context: Context, found: Found) -> None:
        """Delete the gateway."""
        with ignore_not_found():
            client(context).delete_nat_gateway(NatGatewayId=found.id)

    def gone(self, context: Context, found: Found) -> bool:
        """Wait for the state deleted: until then it holds its address and its network interface."""
        items = self.describe(context, [{"Name": self.id_filter, "Values": [found.id]}])
        return all(item["State"] in ("deleted", "failed") for item in items)

    def _states(self, context: Context, gateway: NatGatewayTypeDef) -> set[str]:
        """Return the states of the gateway that a creation was answered with, as answered and as described.

        One of long ago that is described no more is deleted; a new one may only not be described yet.
        """
        this: list[FilterTypeDef] = [{"Name": self.id_filter, "Values": [gateway["NatGatewayId"]]}]
        described: set[str] = {item["State"] for item in self.describe(context, this)}
        if described:
            return described
        old = datetime.now(UTC) - gateway["CreateTime"] > _DESCRIBED
        return {gateway["State"], "deleted"} if old else {gateway["State"]}

    def _release(self, context: Context, deleting: list[str], allocation: str) -> None:
        """Wait until predecessors have let go of the address; take it back from anything else."""
        ec2 = client(context)
        if deleting:
            waiter = ec2.get_waiter("nat_gateway_deleted")
            waiter.wait(NatGatewayIds=deleting, WaiterConfig={"Delay": 5, "MaxAttempts": 60})
        for address in ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]:
            if association := address.get("AssociationId"):
                ec2.disassociate_address(AssociationId=association)
