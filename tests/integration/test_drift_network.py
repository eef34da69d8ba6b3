"""The network changed by hand, resource by resource: the plan says it, a run repairs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found

from tests.integration.account import Account, account_with
from tests.integration.network_stack import KINDS, blueprint


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    served.tags = {}
    return served


@pytest.fixture
def network_up(account: Account) -> dict[str, Found]:
    """Everything as it should be: as the test before has left it, unless that went wrong."""
    if account.changes(blueprint()):
        account.reset()
        account.create(blueprint())
    return account.by_key()


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
