"""AWS Foundational Security Best Practices, asserted on the blueprint of network and hosts.

What is not met is in docs/controls.md, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import compute, network
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference, Value, Wanted

from tests.unit.stacks import FACTS, by_key, of_kind, options

HERE = Path(__file__)
WORLD = "0.0.0.0/0"
LOAD_BALANCER = Reference("network/security-group/load-balancer")

STACKS = {
    "default": options(),
    "one way out per zone": options(network={"nat": "per_zone", "zones": 4}),
    "no way out": options(network={"nat": "none", "s3_endpoint": False}),
    "administrators over ssh": options(network={"admin_cidrs": ["192.0.2.0/24", "10.0.0.0/8"]}),
    "over both": options(compute={"access": "both"}, network={"admin_cidrs": ["192.0.2.0/24"]}),
    "over ssm": options(compute={"access": "ssm"}, network={"admin_cidrs": ["192.0.2.0/24"]}),
    "spot hosts with containers at the metadata service": options(compute={"spot": True, "hop_limit": 2}),
    "no ingress": StackOptions.parse(
        {"name": "airlift", "region": "us-east-1", "compute": {"access": "ssm", "count": 20}}
    ),
}


@pytest.fixture(params=STACKS.values(), ids=STACKS.keys())
def stack(request: pytest.FixtureRequest) -> Sequence[Wanted]:
    return [*network.wanted(request.param, FACTS), *compute.wanted(request.param, FACTS)]


def open_to_the_world(stack: Sequence[Wanted]) -> list[Mapping[str, Value]]:
    return [
        rule
        for rule in of_kind(stack, "security_group_rule")
        if rule["direction"] == "ingress" and rule.get("cidr") == WORLD
    ]


def hosts(stack: Sequence[Wanted]) -> list[Mapping[str, Value]]:
    found = of_kind(stack, "instance")
    assert found
    return found


def test_ec2_2_the_default_security_group_is_empty(stack: Sequence[Wanted]) -> None:
    [group] = of_kind(stack, "default_security_group")
    assert group["vpc"] == Reference("network/vpc")
    assert (group["ingress"], group["egress"]) == ([], [])


def test_ec2_3_volumes_are_encrypted(stack: Sequence[Wanted]) -> None:
    assert all(host["volume_encrypted"] is True for host in hosts(stack))


def test_ec2_8_metadata_takes_tokens_only_and_does_not_travel(stack: Sequence[Wanted]) -> None:
    assert all(host["http_tokens"] == "required" for host in hosts(stack))
    assert all(host["hop_limit"] in (1, 2) for host in hosts(stack))


def test_ec2_9_and_25_hosts_have_no_public_address(stack: Sequence[Wanted]) -> None:
    """They are in subnets that give none and whose routes do not lead to the internet gateway."""
    wanted = by_key(stack)
    for host in hosts(stack):
        subnet = host["subnet"]
        assert isinstance(subnet, Reference)
        assert wanted[subnet.key].properties["public_ip_on_launch"] is False
        [table] = [one for one in of_kind(stack, "route_table") if subnet in one["subnets"]]
        assert all("internet-gateway" not in route["target"].key for route in table["routes"])


def test_ec2_12_every_address_is_used(stack: Sequence[Wanted]) -> None:
    used = {gateway["allocation"].key for gateway in of_kind(stack, "nat_gateway")}
    assert {one.key for one in stack if one.kind == "elastic_ip"} == used


def test_ec2_13_and_14_and_19_no_administration_from_the_world(stack: Sequence[Wanted]) -> None:
    administration = range(20, 80)
    for rule in open_to_the_world(stack):
        assert not {*range(rule["from_port"], rule["to_port"] + 1)} & {*administration, 3389, 5985, 5986}


def test_ec2_15_subnets_give_no_public_address(stack: Sequence[Wanted]) -> None:
    subnets = of_kind(stack, "subnet")
    assert len(subnets) >= 4
    assert all(subnet["public_ip_on_launch"] is False for subnet in subnets)


def test_ec2_18_the_world_reaches_the_load_balancer_on_two_ports_and_nothing_else(
    stack: Sequence[Wanted],
) -> None:
    for rule in open_to_the_world(stack):
        assert rule["group"] == LOAD_BALANCER
        assert rule["from_port"] == rule["to_port"]
        assert rule["from_port"] in (80, 443)


def test_nothing_is_open_for_all_protocols_or_all_ports(stack: Sequence[Wanted]) -> None:
    for rule in of_kind(stack, "security_group_rule"):
        assert rule["protocol"] == "tcp"
        assert rule["from_port"] == rule["to_port"]


def test_what_others_put_into_our_groups_is_drift(stack: Sequence[Wanted]) -> None:
    assert all(group["foreign_rules"] == [] for group in of_kind(stack, "security_group"))


def test_every_subnet_has_its_route_table(stack: Sequence[Wanted]) -> None:
    """None falls back to the VPC's main table, which nobody manages."""
    subnets = [Reference(one.key) for one in stack if one.kind == "subnet"]
    associated = [subnet for table in of_kind(stack, "route_table") for subnet in table["subnets"]]
    assert sorted(one.key for one in associated) == sorted(one.key for one in subnets)


def test_autoscaling_2_hosts_are_in_several_zones(stack: Sequence[Wanted]) -> None:
    assert len({host["subnet"] for host in hosts(stack)}) >= 2


def test_ssm_1_every_host_has_the_role_by_which_it_can_be_managed(stack: Sequence[Wanted]) -> None:
    assert all(host["profile"] == Reference("identity/host-profile", "name") for host in hosts(stack))


def test_the_page_of_controls_claims_what_is_tested_here_and_no_more() -> None:
    names = {"ec2": "EC2", "autoscaling": "AutoScaling", "ssm": "SSM"}
    tested = {
        f"{names[service]}.{number}"
        for service, numbers in re.findall(
            r"^def test_(ec2|autoscaling|ssm)_(\d+(?:_and_\d+)*)_", HERE.read_text(), re.M
        )
        for number in numbers.split("_and_")
    }
    page = HERE.parents[2] / "docs/controls.md"
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    claimed = {
        control.strip() for row in rows if f"`{HERE.name}`" in row for control in row.split("|")[1].split(",")
    }
    assert claimed == tested
    assert len(tested) > 10
