"""Zones: what is there stays, what is new goes where its type is offered, and which wishes cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import compute, network, zones
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.compute import HOSTS
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.stacks import FACTS, of_kind, options

IDS = {
    f"us-east-1{letter}": f"use1-az{number}"
    for letter, number in zip("abcdef", (6, 1, 2, 4, 3, 5), strict=True)
}
KNOWN = replace(FACTS, zone_ids=IDS)


def placed(facts: zones.Facts = KNOWN, count: int = 2, **of_network: object) -> dict[str, str]:
    return zones.zones_by_letter(options(network=of_network, compute={"count": count}), facts)


def hosts(facts: zones.Facts, count: int, **of_network: object) -> list[str]:
    """Return for each host the letters of its subnets in the order in which they are tried: ``ba``."""
    wanted = compute.wanted(options(network=of_network, compute={"count": count}), facts)
    return [
        "".join(one.key[-1] for one in (host["subnet"], *host["other_subnets"]))
        for host in of_kind(wanted, "instance")
    ]


def wrong(facts: zones.Facts = KNOWN, **of_network: object) -> str:
    with pytest.raises(BlueprintError) as caught:
        network.wanted(options(network=of_network), facts)
    return str(caught.value)


class TestNew:
    def test_zones_that_offer_the_type_come_first(self) -> None:
        facts = replace(KNOWN, offering=("us-east-1c", "us-east-1f"))
        assert placed(facts) == {"a": "us-east-1c", "b": "us-east-1f"}

    def test_a_zone_without_the_type_is_taken_where_too_few_have_it(self) -> None:
        facts = replace(KNOWN, offering=("us-east-1e",))
        assert placed(facts) == {"a": "us-east-1e", "b": "us-east-1a"}
        assert hosts(facts, 3) == ["a", "a", "a"]

    def test_by_name_or_by_id_in_the_order_given(self) -> None:
        assert placed(zone_names=["use1-az4", "us-east-1b"]) == {"a": "us-east-1d", "b": "us-east-1b"}

    def test_each_host_has_the_other_zones_to_go_to(self) -> None:
        assert hosts(KNOWN, 4, zones=3) == ["abc", "bca", "cab", "abc"]


class TestThere:
    @given(
        st.permutations(list(IDS)),
        st.integers(min_value=2, max_value=4),
        st.integers(min_value=0, max_value=4),
        st.lists(st.sampled_from(list(IDS)), unique=True),
    )
    def test_a_zone_is_kept_whatever_else_changes(
        self, order: list[str], count: int, there: int, offering: list[str]
    ) -> None:
        kept = dict(zip("abcd"[:there], order, strict=False))
        facts = replace(KNOWN, subnet_zones=kept, offering=tuple(sorted(offering)))
        now = placed(facts, zones=count)
        assert {letter: now[letter] for letter in now.keys() & kept.keys()} == {
            letter: zone for letter, zone in kept.items() if letter in now
        }
        assert len(set(now.values())) == count

    def test_a_new_zone_of_the_region_moves_nothing(self) -> None:
        facts = replace(KNOWN, subnet_zones={"a": "us-east-1b", "b": "us-east-1c"})
        assert placed(facts) == {"a": "us-east-1b", "b": "us-east-1c"}
        assert placed(facts, zones=3) == {"a": "us-east-1b", "b": "us-east-1c", "c": "us-east-1a"}

    def test_hosts_stay_where_they_are_when_zones_are_added(self) -> None:
        facts = replace(
            KNOWN,
            subnet_zones={"a": "us-east-1a", "b": "us-east-1b"},
            host_letters={"1": "a", "2": "b", "3": "a"},
        )
        assert hosts(facts, 4, zones=3) == ["abc", "bca", "acb", "abc"]

    def test_a_host_of_a_zone_that_goes_finds_another(self) -> None:
        facts = replace(KNOWN, host_letters={"1": "c"})
        assert hosts(facts, 1, zones=2) == ["ab"]

    def test_what_was_found_says_where_everything_is(self) -> None:
        def subnet(key: str, identifier: str, zone: str) -> Found:
            return Found("subnet", f"network/subnet/{key}", identifier, {"availability_zone": zone})

        found = [
            subnet("public/a", "subnet-1", "us-east-1d"),
            subnet("private/a", "subnet-2", "us-east-1d"),
            subnet("public/b", "subnet-3", "us-east-1a"),
            Found("instance", f"{HOSTS}7", "i-7", {"subnet": "subnet-2"}),
            Found("instance", f"{HOSTS}8", "i-8", {"subnet": "subnet-of-others"}),
        ]
        facts = zones.with_places(KNOWN, found, HOSTS)
        assert facts.subnet_zones == {"a": "us-east-1d", "b": "us-east-1a"}
        assert facts.host_letters == {"7": "a"}

    def test_a_host_that_gets_another_type_leaves_a_zone_without_it(self) -> None:
        facts = replace(
            KNOWN,
            subnet_zones={"a": "us-east-1a", "b": "us-east-1b"},
            host_letters={"1": "a", "2": "b"},
            offering=("us-east-1b",),
        )
        moved = zones.without_hosts_to_move(facts, ["1", "2"])
        assert moved.host_letters == {"2": "b"}
        assert hosts(moved, 2) == ["b", "b"]
        assert zones.without_hosts_to_move(facts, []).host_letters == {"1": "a", "2": "b"}


@pytest.mark.parametrize(
    ("of_network", "says"),
    [
        ({"zones": 4, "zone_names": ["us-east-1a"]}, "zone_names has 1 zones, and network.zones is 4."),
        ({"zone_names": ["us-east-1a", "use1-az6"]}, "network.zone_names names a zone twice."),
        (
            {"zone_names": ["us-east-1a", "use2-az1"]},
            "network.zone_names has use2-az1, which us-east-1 does not have for this account: there are "
            "us-east-1a (use1-az6), us-east-1b (use1-az1)",
        ),
    ],
)
def test_names_that_cannot_be(of_network: dict[str, object], says: str) -> None:
    assert says in wrong(**of_network)


def test_names_cannot_leave_out_where_subnets_are() -> None:
    facts = replace(KNOWN, subnet_zones={"a": "us-east-1a", "b": "us-east-1b"})
    assert "leaves out us-east-1a (use1-az6), where this stack has subnets, which cannot move." in wrong(
        facts, zone_names=["us-east-1b", "us-east-1c"]
    )
    assert placed(facts, zones=3, zone_names=["use1-az2", "us-east-1b", "us-east-1a"]) == {
        "a": "us-east-1a",
        "b": "us-east-1b",
        "c": "us-east-1c",
    }


def test_a_type_that_no_zone_of_the_stack_offers() -> None:
    there: Mapping[str, str] = {"a": "us-east-1a", "b": "us-east-1b"}
    said = wrong(replace(KNOWN, subnet_zones=there, offering=("us-east-1e",)))
    assert (
        "is m7i.large, which none of the stack's zones offers (us-east-1a (use1-az6), us-east-1b (use1-az1))"
        in said
    )
    assert said.endswith("take another type, or have one of us-east-1e (use1-az3) in by network.zones.")
    assert "nor does another zone of us-east-1: take another type" in wrong(replace(KNOWN, offering=()))
    named = wrong(replace(KNOWN, offering=("us-east-1e",)), zone_names=["us-east-1a", "us-east-1b"])
    assert "which none of the stack's zones offers" in named
