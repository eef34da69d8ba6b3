"""Every kind of the network against moto: create, look, drift, repair, delete.

What moto leaves unproven: how long AWS takes, that it denies for a while what it has just made, that a NAT
gateway can fail, and that a subnet's association cannot simply be made twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context

from tests.integration.account import Account, account_with
from tests.integration.network_stack import INGRESS, KINDS, blueprint


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
    assert asked.pop("DescribeSecurityGroups") == 1
    assert asked.pop("DescribeSecurityGroupRules") == 1
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


def test_a_new_vpc_s_default_group_may_take_a_moment_to_be_seen(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = account.kinds["default_security_group"]
    describe, hidden = kind.describe, [1, 2]  # type: ignore[attr-defined]

    def late(context: Context, filters: Any) -> Any:
        return [] if hidden and hidden.pop() else describe(context, filters)

    monkeypatch.setattr(kind, "describe", late)
    account.create(blueprint())
    assert hidden == []
