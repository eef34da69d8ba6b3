"""Every kind of the network against moto: create, look, drift, repair, delete.

What moto leaves unproven: how long AWS takes, that it denies for a while what it has just made, that a NAT
gateway can fail, and that a subnet's association cannot simply be made twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import network
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Wanted

from tests.integration.account import ACCOUNT, REGION, Account, account_with

KINDS = (
    "vpc",
    "default_security_group",
    "subnet",
    "internet_gateway",
    "elastic_ip",
    "nat_gateway",
    "route_table",
    "vpc_endpoint",
    "security_group",
    "security_group_rule",
)
FACTS = Facts(ACCOUNT, REGION, ("us-east-1a", "us-east-1b", "us-east-1c"))
INGRESS = {"domain": "airlift.test", "certificate": "-", "private_key": "-"}


def blueprint(**changes: object) -> list[Wanted]:
    options = {"name": "airlift", "region": REGION, "ingress": INGRESS, **changes}
    options["network"] = {"admin_cidrs": ["192.0.2.0/24"], **options.get("network", {})}
    return list(network.wanted(StackOptions.parse(options), FACTS))


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    served.reset()
    return served


@pytest.fixture
def network_up(account: Account) -> dict[str, Found]:
    account.create(blueprint())
    return account.by_key()


def test_a_look_asks_little(account: Account, network_up: dict[str, Found]) -> None:
    asked = account.calls(blueprint())
    assert asked.pop("DescribeVpcAttribute") == 2
    assert asked.pop("DescribeSecurityGroups") == 2
    assert asked.pop("DescribeSecurityGroupRules") == 2
    assert set(asked.values()) == {1}
    assert len(asked) == 7


@pytest.mark.parametrize("nat", ["single", "per_zone", "none"])
def test_created_then_nothing_to_do_then_gone(account: Account, nat: str) -> None:
    account.create(blueprint(network={"nat": nat}))
    account.remove()
    assert account.found() == ()
    ec2 = account.session.client("ec2")
    assert [vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert ec2.describe_addresses()["Addresses"] == []


def test_deleting_what_is_gone_is_no_error(account: Account, network_up: dict[str, Found]) -> None:
    account.remove()
    for found in network_up.values():
        account.kinds[found.kind].delete(account.context, found)


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        ({"nat": "none"}, {"nat": "single"}, {
            "create network/nat-address/a", "create network/nat/a",
            "update network/route-table/private/a", "update network/route-table/private/b",
        }),
        ({"nat": "per_zone"}, {"nat": "single"}, {
            "delete network/nat-address/b", "delete network/nat/b", "update network/route-table/private/b",
        }),
        ({"nat": "single"}, {"nat": "none"}, {
            "delete network/nat-address/a", "delete network/nat/a",
            "update network/route-table/private/a", "update network/route-table/private/b",
        }),
        ({"zones": 2}, {"zones": 3}, {
            "create network/subnet/public/c", "create network/subnet/private/c",
            "create network/route-table/private/c",
            "update network/route-table/public", "update network/endpoint/s3",
        }),
        ({"zones": 3}, {"zones": 2}, {
            "delete network/subnet/public/c", "delete network/subnet/private/c",
            "delete network/route-table/private/c",
            "update network/route-table/public", "update network/endpoint/s3",
        }),
        ({}, {"s3_endpoint": False}, {"delete network/endpoint/s3"}),
        ({}, {"admin_cidrs": []}, {"delete network/rule/host/ingress/ssh-from-192.0.2.0-24"}),
    ],
)  # fmt: skip
def test_one_option_changes_exactly_that(
    account: Account, before: dict[str, object], after: dict[str, object], steps: set[str]
) -> None:
    account.create(blueprint(network=before))
    assert set(account.converge(blueprint(network=after))) == steps
    assert account.changes(blueprint(network=after)) == []


def test_the_owners_tags_follow(account: Account, network_up: dict[str, Found]) -> None:
    account.tags = {"cost-center": "7"}
    assert len(account.converge(blueprint())) == len(network_up)
    assert account.changes(blueprint()) == []
    assert all((found.tags or {})["cost-center"] == "7" for found in account.found())


class TestDrift:
    """What somebody does by hand is shown, and undone."""

    def repaired(self, account: Account, *changes: str) -> None:
        assert account.changes(blueprint()) == list(changes)
        account.converge(blueprint())
        assert account.changes(blueprint()) == []

    def test_dns_switched_off(self, account: Account, network_up: dict[str, Found]) -> None:
        vpc = network_up["network/vpc"].id
        account.session.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
        self.repaired(account, "network/vpc dns_hostnames: False -> True")

    def test_public_addresses_switched_on(self, account: Account, network_up: dict[str, Found]) -> None:
        subnet = network_up["network/subnet/private/a"].id
        account.session.client("ec2").modify_subnet_attribute(
            SubnetId=subnet, MapPublicIpOnLaunch={"Value": True}
        )
        self.repaired(account, "network/subnet/private/a public_ip_on_launch: True -> False")

    def test_default_group_used(self, account: Account, network_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        group = network_up["network/default-security-group"].id
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        )
        self.repaired(account, "network/default-security-group ingress: ['tcp 22 0.0.0.0/0'] -> []")

    def test_gateway_detached(self, account: Account, network_up: dict[str, Found]) -> None:
        vpc, gateway = network_up["network/vpc"].id, network_up["network/internet-gateway"].id
        account.session.client("ec2").detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.repaired(account, f"network/internet-gateway vpc: None -> {vpc}")

    def test_route_deleted(self, account: Account, network_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        table, gateway = (
            network_up["network/route-table/public"].id,
            network_up["network/internet-gateway"].id,
        )
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
        route = [{"destination": "0.0.0.0/0", "target": gateway}]
        self.repaired(account, f"network/route-table/public routes: [] -> {route}")

    def test_route_turned_to_the_internet(self, account: Account, network_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        table = network_up["network/route-table/private/a"].id
        ec2.replace_route(
            RouteTableId=table,
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=network_up["network/internet-gateway"].id,
        )
        assert account.converge(blueprint()) == ["update network/route-table/private/a"]
        assert account.changes(blueprint()) == []

    def test_subnet_taken_by_another_table(self, account: Account, network_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        vpc, subnet = network_up["network/vpc"].id, network_up["network/subnet/private/a"].id
        other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        held = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        association = held["RouteTables"][0]["Associations"][0]["RouteTableAssociationId"]
        ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)
        self.repaired(account, f"network/route-table/private/a subnets: [] -> ['{subnet}']")

    def test_port_opened_in_our_group(self, account: Account, network_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        group = network_up["network/security-group/host"].id
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        )
        self.repaired(
            account,
            "network/security-group/host foreign_rules: ['ingress from 0.0.0.0/0, tcp 22'] -> []",
        )

    def test_rule_widened(self, account: Account, network_up: dict[str, Found]) -> None:
        rule = network_up["network/rule/host/ingress/ssh-from-192.0.2.0-24"]
        account.session.client("ec2").modify_security_group_rules(
            GroupId=str(rule.properties["group"]),
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": rule.id,
                    "SecurityGroupRule": {
                        "IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "CidrIpv4": "0.0.0.0/0",
                        "Description": "SSH for administrators",
                    },
                }
            ],
        )  # fmt: skip
        self.repaired(
            account,
            f"{rule.key} cidr: 0.0.0.0/0 -> 192.0.2.0/24",
            f"{rule.key} from_port: 1 -> 22",
            f"{rule.key} to_port: 65535 -> 22",
        )

    def test_rule_stripped_of_its_tags(self, account: Account, network_up: dict[str, Found]) -> None:
        rule = network_up["network/rule/host/egress/https"]
        account.session.client("ec2").delete_tags(Resources=[rule.id])
        account.converge(blueprint())
        assert account.changes(blueprint()) == []

    @pytest.mark.parametrize(
        "key",
        [
            "network/nat/a",
            "network/endpoint/s3",
            "network/rule/load-balancer/ingress/https-from-0.0.0.0-0",
            "network/rule/host/ingress/edge",
        ],
    )
    def test_deleted(self, account: Account, network_up: dict[str, Found], key: str) -> None:
        found = network_up[key]
        account.kinds[found.kind].delete(account.context, found)
        assert f"create {key}" in account.converge(blueprint())
        assert account.changes(blueprint()) == []


def test_an_edge_port_moves_in_place(account: Account, network_up: dict[str, Found]) -> None:
    moved = blueprint(ingress={**INGRESS, "edge_port": 9090})
    assert set(account.converge(moved)) == {
        "update network/rule/load-balancer/egress/edge",
        "update network/rule/host/ingress/edge",
    }
    assert account.changes(moved) == []


def test_another_peer_replaces_the_rule_behind_the_key(
    account: Account, network_up: dict[str, Found]
) -> None:
    key = "network/rule/host/ingress/edge"
    wanted = [
        Wanted(one.kind, one.key, {**one.properties, "peer_group": None, "cidr": "10.213.0.0/16"})
        if one.key == key
        else one
        for one in blueprint()
    ]
    assert account.converge(wanted) == [f"update {key}"]
    assert account.by_key()[key].id != network_up[key].id
    assert account.changes(wanted) == []


def test_a_new_range_replaces_the_network_in_one_run(account: Account, network_up: dict[str, Found]) -> None:
    moved = blueprint(network={"cidr": "10.99.0.0/16"})
    account.converge(moved)
    assert account.changes(moved) == []
    vpcs = account.session.client("ec2").describe_vpcs()["Vpcs"]
    assert [vpc["CidrBlock"] for vpc in vpcs if not vpc["IsDefault"]] == ["10.99.0.0/16"]


def test_look_alikes_are_left_alone(account: Account) -> None:
    """Same name, same range, same group names, even a stack of a similar name: none of ours."""
    ec2 = account.session.client("ec2")
    vpc = ec2.create_vpc(
        CidrBlock="10.213.0.0/16",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [
                {"Key": "Name", "Value": "airlift-vpc"}, {"Key": "airlift:stack", "Value": "airlift-2"},
                {"Key": "airlift:key", "Value": "network/vpc"},
            ]}
        ],
    )["Vpc"]["VpcId"]  # fmt: skip
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.213.0.0/19")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="airlift-host", Description="a look-alike")
    tagged_by_hand = ec2.allocate_address(
        Domain="vpc",
        TagSpecifications=[
            {"ResourceType": "elastic-ip", "Tags": [{"Key": "airlift:stack", "Value": "airlift"}]}
        ],
    )["AllocationId"]
    account.create(blueprint())
    account.remove()
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"] == vpc
    assert ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"][0][
        "IpPermissionsEgress"
    ]
    assert ec2.describe_addresses(AllocationIds=[tagged_by_hand])["Addresses"]
