"""A run that dies after any call, its answer unread: the next one finishes, without duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.account import Account, account_with
from tests.integration.network_stack import KINDS, blueprint


class Death:
    """Ends a session with the first answer to ``action``: it is never read, and no call works any more."""

    def __init__(self, account: Account, action: str) -> None:
        self.action = action
        self.dead = False
        self.events = account.session.client("ec2").meta.events
        self.events.register("before-call.ec2", self.before)
        self.events.register("after-call.ec2", self.after)

    def before(self, **_event: object) -> None:
        if self.dead:
            raise ProcessLookupError("this process is dead")

    def after(self, model: Any, **_event: object) -> None:
        self.dead = self.dead or model.name == self.action
        self.before()

    def undo(self) -> None:
        self.events.unregister("before-call.ec2", self.before)
        self.events.unregister("after-call.ec2", self.after)


def shape(account: Account) -> dict[str, object]:
    """What AWS has, told without ids and without Airlift's own way of looking."""
    ec2 = account.session.client("ec2")
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    here: list[Any] = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
    groups = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
    tables = ec2.describe_route_tables(Filters=here)["RouteTables"]
    gateways = ec2.describe_internet_gateways()["InternetGateways"]
    return {
        "vpcs": len(vpcs),
        "hostnames": [
            ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]
            for vpc in vpcs
        ],
        "attached": [len(gateway["Attachments"]) for gateway in gateways],
        "subnets": sorted(one["CidrBlock"] for one in ec2.describe_subnets(Filters=here)["Subnets"]),
        "rules": sorted(
            (group["GroupName"], len(group["IpPermissions"]), len(group["IpPermissionsEgress"]))
            for group in groups
        ),
        "open": sorted(
            group["GroupName"]
            for group in groups
            if any(rule["IpProtocol"] == "-1" for rule in group["IpPermissionsEgress"])
        ),
        "routes": sorted((len(table["Routes"]), len(table["Associations"])) for table in tables),
        "nat": sorted(one["State"] for one in ec2.describe_nat_gateways(Filters=here)["NatGateways"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "endpoints": len(ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]),
    }


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture(scope="module")
def whole(served: Account) -> dict[str, object]:
    """What an undisturbed run makes."""
    served.reset()
    served.create(blueprint())
    return shape(served)


@pytest.mark.parametrize(
    "action",
    [
        "CreateVpc",
        "ModifyVpcAttribute",
        "CreateTags",
        "CreateInternetGateway",
        "CreateSecurityGroup",
        "CreateSubnet",
        "AllocateAddress",
        "CreateRouteTable",
        "CreateRoute",
        "CreateNatGateway",
        "CreateVpcEndpoint",
        "AuthorizeSecurityGroupIngress",
    ],
)
def test_killed_while_creating(served: Account, whole: dict[str, object], action: str) -> None:
    served.reset()
    death = Death(served, action)
    with pytest.raises(AssertionError, match="this process is dead"):
        served.converge(blueprint())
    death.undo()
    served.converge(blueprint())
    assert shape(served) == whole
    assert served.changes(blueprint()) == []


@pytest.mark.parametrize(
    "action",
    [
        "DeleteNatGateway",
        "DisassociateRouteTable",
        "DetachInternetGateway",
        "DeleteVpcEndpoints",
        "DeleteSubnet",
    ],
)
def test_killed_while_removing(served: Account, action: str) -> None:
    served.reset()
    nothing = shape(served)
    served.create(blueprint())
    death = Death(served, action)
    with pytest.raises(AssertionError, match="this process is dead"):
        served.remove()
    death.undo()
    served.remove()
    assert served.found() == ()
    assert {**shape(served), "nat": []} == nothing
