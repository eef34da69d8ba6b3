"""The network's blueprint: which resources, which ranges, which rules, and which options cannot be."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils.arguments import STACK_CLASSES, faults
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import addresses, network
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.graph import validate
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.stacks import FACTS, by_key, of_kind, options

PREFIXES = st.integers(min_value=16, max_value=24)


@st.composite
def vpc_ranges(draw: st.DrawFn) -> str:
    """Any range that a VPC may have."""
    block = draw(st.sampled_from(addresses.PRIVATE))
    prefix = draw(st.integers(min_value=max(16, block.prefixlen), max_value=24))
    index = draw(st.integers(min_value=0, max_value=2 ** (prefix - block.prefixlen) - 1))
    base = int(block.network_address) + index * 2 ** (32 - prefix)
    return str(IPv4Network((base, prefix)))


def wrong(**layers: dict[str, object]) -> str:
    with pytest.raises(BlueprintError) as caught:
        network.wanted(options(**layers), FACTS)
    return str(caught.value)


class TestSubnets:
    @given(vpc_ranges(), st.integers(min_value=1, max_value=addresses.MAX_ZONES))
    def test_inside_the_vpc_and_apart(self, cidr: str, zones: int) -> None:
        public, private = addresses.subnets(cidr, zones)
        ranges = [IPv4Network(one) for one in (*public, *private)]
        assert len(ranges) == 2 * zones
        assert all(one.subnet_of(IPv4Network(cidr)) for one in ranges)
        assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))

    @given(vpc_ranges(), st.integers(min_value=1, max_value=addresses.MAX_ZONES - 1))
    def test_stay_where_they_are_when_zones_are_added(self, cidr: str, zones: int) -> None:
        public, private = addresses.subnets(cidr, zones)
        more_public, more_private = addresses.subnets(cidr, zones + 1)
        assert more_public[:zones] == public
        assert more_private[:zones] == private

    @given(vpc_ranges())
    def test_large_enough_for_a_load_balancer(self, cidr: str) -> None:
        public, _private = addresses.subnets(cidr, 2)
        assert all(IPv4Network(one).prefixlen <= 27 for one in public)

    def test_default(self) -> None:
        assert addresses.subnets("10.213.0.0/16", 2) == (
            ["10.213.0.0/19", "10.213.32.0/19"],
            ["10.213.128.0/19", "10.213.160.0/19"],
        )

    @pytest.mark.parametrize("zones", [0, 5])
    def test_zones_that_do_not_fit(self, zones: int) -> None:
        with pytest.raises(BlueprintError, match="must be between 1 and 4"):
            addresses.subnets("10.213.0.0/16", zones)


class TestResources:
    def test_the_default_network(self) -> None:
        assert {one.key for one in network.wanted(options(), FACTS)} == {
            "network/vpc",
            "network/default-security-group",
            "network/internet-gateway",
            "network/subnet/public/a",
            "network/subnet/public/b",
            "network/subnet/private/a",
            "network/subnet/private/b",
            "network/nat-address/a",
            "network/nat/a",
            "network/route-table/public",
            "network/route-table/private/a",
            "network/route-table/private/b",
            "network/endpoint/s3",
            "network/security-group/load-balancer",
            "network/security-group/host",
            "network/rule/load-balancer/ingress/https-from-0.0.0.0-0",
            "network/rule/load-balancer/ingress/http-from-0.0.0.0-0",
            "network/rule/load-balancer/egress/edge",
            "network/rule/host/ingress/edge",
            "network/rule/host/egress/https",
            "network/rule/host/egress/http",
        }

    @given(
        st.integers(min_value=2, max_value=4),
        st.sampled_from(["single", "per_zone", "none"]),
        st.booleans(),
        st.sets(st.sampled_from(["192.0.2.0/24", "198.51.100.7/32", "10.0.0.0/8"])),
    )
    def test_always_a_graph(self, zones: int, nat: str, s3: bool, admins: set[str]) -> None:
        choice = {"zones": zones, "nat": nat, "s3_endpoint": s3, "admin_cidrs": sorted(admins)}
        wanted = network.wanted(options(network=choice), FACTS)
        assert len(validate(wanted)) == len(by_key(wanted))

    @pytest.mark.parametrize(
        ("nat", "gateways", "ways_out"),
        [
            ("single", ["a"], {"a": "a", "b": "a", "c": "a"}),
            ("per_zone", ["a", "b", "c"], {"a": "a", "b": "b", "c": "c"}),
            ("none", [], {"a": None, "b": None, "c": None}),
        ],
    )
    def test_ways_out(self, nat: str, gateways: list[str], ways_out: dict[str, str | None]) -> None:
        wanted = by_key(network.wanted(options(network={"nat": nat, "zones": 3}), FACTS))
        assert [key for key in wanted if key.startswith("network/nat/")] == [
            f"network/nat/{letter}" for letter in gateways
        ]
        for letter, gateway in ways_out.items():
            route = {"destination": "0.0.0.0/0", "target": Reference(f"network/nat/{gateway}")}
            expected = [route] if gateway else []
            assert wanted[f"network/route-table/private/{letter}"].properties["routes"] == expected

    def test_a_nat_gateway_waits_for_the_way_out(self) -> None:
        wanted = by_key(network.wanted(options(), FACTS))
        assert "network/internet-gateway" in wanted["network/nat/a"].dependencies
        assert wanted["network/nat/a"].properties["allocation"] == Reference(
            "network/nat-address/a", "allocation_id"
        )

    def test_hosts_without_nat_are_warned_about(self) -> None:
        [warning] = network.warnings(options(network={"nat": "none"}))
        assert "ECR" in warning
        assert "S3 through its endpoint" in warning
        assert network.warnings(options(network={"nat": "none"}, compute={"count": 0})) == []
        assert network.warnings(options()) == []

    def test_no_ingress_no_load_balancer(self) -> None:
        plain = StackOptions.parse({"name": "airlift", "region": "us-east-1", "network": {"zones": 1}})
        keys = {one.key for one in network.wanted(plain, FACTS)}
        assert not any("load-balancer" in key for key in keys)
        assert "network/rule/host/ingress/edge" not in keys

    def test_the_endpoint_in_china(self) -> None:
        facts = replace(FACTS, region="cn-north-1", partition="aws-cn")
        [endpoint] = of_kind(network.wanted(options(), facts), "vpc_endpoint")
        assert endpoint["service"] == "cn.com.amazonaws.cn-north-1.s3"


class TestRules:
    def test_ssh_from_administrators_only(self) -> None:
        chosen = {"admin_cidrs": ["192.0.2.0/24"]}
        rules = by_key(network.wanted(options(network=chosen), FACTS))
        assert rules["network/rule/host/ingress/ssh-from-192.0.2.0-24"].properties["cidr"] == "192.0.2.0/24"
        without = by_key(network.wanted(options(network=chosen, compute={"access": "ssm"}), FACTS))
        assert not any("ssh" in key for key in without)

    def test_allowed_networks(self) -> None:
        wanted = network.wanted(options(ingress={"allowed_cidrs": ["192.0.2.0/24", "10.0.0.0/8"]}), FACTS)
        world = [
            (rule["cidr"], rule["from_port"])
            for rule in of_kind(wanted, "security_group_rule")
            if rule["group"] == Reference("network/security-group/load-balancer")
            and rule["direction"] == "ingress"
        ]
        assert sorted(world) == [
            ("10.0.0.0/8", 80), ("10.0.0.0/8", 443), ("192.0.2.0/24", 80), ("192.0.2.0/24", 443),
        ]  # fmt: skip

    def test_the_edge_port_is_open_between_the_groups_only(self) -> None:
        wanted = by_key(network.wanted(options(ingress={"edge_port": 9090}), FACTS))
        into = wanted["network/rule/host/ingress/edge"].properties
        out = wanted["network/rule/load-balancer/egress/edge"].properties
        assert into["peer_group"] == Reference("network/security-group/load-balancer")
        assert out["peer_group"] == Reference("network/security-group/host")
        assert {into["from_port"], into["to_port"], out["from_port"], out["to_port"]} == {9090}


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ({"network": {"cidr": "10.213.0.0"}}, "must be between /16 and /24"),
        ({"network": {"cidr": "10.213.0.1/16"}}, "has host bits set"),
        ({"network": {"cidr": "lan"}}, "network.cidr is 'lan'"),
        ({"network": {"cidr": "10.0.0.0/8"}}, "must be between /16 and /24"),
        ({"network": {"cidr": "10.0.0.0/25"}}, "must be between /16 and /24"),
        ({"network": {"cidr": "8.8.0.0/16"}}, "not private"),
        ({"network": {"cidr": "172.17.0.0/16"}}, "Docker"),
        ({"network": {"cidr": "172.17.8.0/24"}}, "Docker"),
        ({"network": {"cidr": "192.168.224.0/24"}}, "Docker"),
        ({"network": {"cidr": "192.168.0.0/16"}}, "Docker"),
        ({"network": {"cidr": "fd00::/48"}}, "IPv4 only"),
        ({"network": {"zones": 0}}, "network.zones is 0"),
        ({"network": {"zones": 5}}, "network.zones is 5"),
        ({"network": {"zones": 1}}, "a load balancer needs 2"),
        ({"network": {"admin_cidrs": ["0.0.0.0/0"]}}, "SSH is never opened"),
        ({"network": {"admin_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}}, "SSH is never opened"),
        ({"network": {"admin_cidrs": ["office"]}}, "network.admin_cidrs is 'office'"),
        ({"network": {"admin_cidrs": ["192.0.2.0/24", "192.0.2.0/24"]}}, "names a network twice"),
        ({"ingress": {"allowed_cidrs": []}}, "nobody could reach"),
        ({"ingress": {"allowed_cidrs": ["::/0"]}}, "IPv4 only"),
        ({"ingress": {"allowed_cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}}, "names a network twice"),
        ({"ingress": {"allowed_cidrs": [f"10.{n}.0.0/16" for n in range(30)]}}, "has room for 29"),
    ],
)
def test_what_cannot_be(layers: dict[str, dict[str, object]], says: str) -> None:
    assert says in wrong(**layers)


def test_dockers_ranges_are_those_of_the_role() -> None:
    defaults = Path(__file__).parents[2] / "roles/docker_engine/defaults/main.yml"
    pools = yaml.safe_load(defaults.read_text())["docker_engine_address_pools"]
    assert {IPv4Network(pool["base"]) for pool in pools} == set(addresses.DOCKER[1:])


def test_more_zones_than_the_region_has() -> None:
    with pytest.raises(BlueprintError, match="is 3, but us-east-1 has 2: us-east-1a, us-east-1b"):
        network.wanted(options(network={"zones": 3}), replace(FACTS, zones=FACTS.zones[:2]))


def test_everything_wrong_is_said_at_once() -> None:
    layer = {"cidr": "8.8.0.0/25", "zones": 9, "admin_cidrs": ["0.0.0.0/0"]}
    said = faults(STACK_CLASSES, {"name": "demo", "network": layer, "compute": {"access": "ssm"}})
    assert len(said) == 4
