"""The bill: arithmetic that a reader can follow, and no price that was not established."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.cost.estimate import Estimate, estimate
from ansible_collections.airlift.stack.plugins.module_utils.cost.prices import (
    FAMILY_XLARGE_HOUR,
    INSTANCE_HOUR,
    SERVICES,
    instance_hour,
)
from ansible_collections.airlift.stack.plugins.module_utils.cost.render import as_data, text
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference, Value, Wanted


def host(number: int, **changes: Value) -> Wanted:
    properties: Mapping[str, Value] = {
        "instance_type": "m7i.large",
        "volume_gib": 30,
        "spot": False,
        **changes,
    }
    return Wanted("instance", f"compute/host/{number}", properties)


def balancer(zones: int = 2) -> Wanted:
    subnets = [Reference(f"network/subnet/public/{letter}") for letter in "abcd"[:zones]]
    return Wanted("load_balancer", "ingress/load-balancer", {"scheme": "internet-facing", "subnets": subnets})


def nat(*letters: str) -> list[Wanted]:
    return [
        Wanted(kind, f"network/{kind}/{letter}")
        for letter in letters
        for kind in ("nat_gateway", "elastic_ip")
    ]


SECRET = Wanted("secret", "secrets/api-keys")
DEFAULT = [host(1), host(2), balancer(), *nat("a"), SECRET, Wanted("vpc", "network/vpc")]


def monthly(bill: Estimate) -> dict[str, float | None]:
    return {line.what: line.monthly for line in bill.lines}


def test_the_default_stack_line_by_line() -> None:
    bill = estimate(DEFAULT, "us-east-1")
    assert monthly(bill) == {
        "EC2 m7i.large, on demand": 147.17,  # 2 x 0.1008 x 730
        "EBS gp3 volumes": 4.80,  # 60 x 0.08
        "NAT gateway": 32.85,  # 0.045 x 730
        "Load balancer": 16.43,  # 0.0225 x 730
        "Load balancer capacity units": 5.84,  # 0.008 x 730
        "Public IPv4 addresses": 10.95,  # (1 + 2 zones) x 0.005 x 730
        "Secrets": 0.40,
    }
    assert bill.total_monthly_usd == 218.44
    assert bill.complete


@pytest.mark.parametrize(
    ("gateways", "nat_usd", "addresses_usd"), [("a", 32.85, 10.95), ("ab", 65.70, 14.60), ("", None, 7.30)]
)
def test_what_the_way_out_costs(gateways: str, nat_usd: float | None, addresses_usd: float) -> None:
    bill = estimate([host(1), balancer(), *nat(*gateways)], "us-east-1")
    assert monthly(bill).get("NAT gateway") == nat_usd
    assert monthly(bill)["Public IPv4 addresses"] == addresses_usd
    assert any(line.what == "Through the NAT gateway" for line in bill.by_use) is bool(gateways)


def test_an_address_for_every_zone_of_the_load_balancer() -> None:
    assert monthly(estimate([balancer(4)], "us-east-1"))["Public IPv4 addresses"] == 14.60


def test_spot_is_at_most_the_price_on_demand() -> None:
    bill = estimate([host(1, spot=True), host(2)], "us-east-1")
    assert monthly(bill)["EC2 m7i.large, spot, at most"] == monthly(bill)["EC2 m7i.large, on demand"] == 73.58
    assert any("spot" in one for one in bill.assumptions)


@pytest.mark.parametrize(("instance_type", "region"), [("m7i.large", "sa-east-1"), ("z9.huge", "us-east-1")])
def test_an_unknown_price_is_not_guessed(instance_type: str, region: str) -> None:
    bill = estimate([host(1, instance_type=instance_type), SECRET], region)
    assert monthly(bill)[f"EC2 {instance_type}, on demand"] is None
    assert not bill.complete
    assert "not priced" in text(bill)
    assert "plus what is not priced" in text(bill)
    assert bill.total_monthly_usd == round(sum(line.monthly or 0 for line in bill.lines), 2)


def test_traffic_is_named_and_not_counted() -> None:
    bill = estimate(DEFAULT, "eu-central-1")
    assert {line.what: line.unit_price for line in bill.by_use} == {
        "Through the NAT gateway": 0.052,
        "Answers to the internet": 0.09,
        "Between zones, each way": 0.01,
    }
    assert all(line.monthly is None for line in bill.by_use)


def test_an_empty_stack_costs_nothing() -> None:
    bill = estimate([], "us-east-1")
    assert (bill.lines, bill.by_use, bill.total_monthly_usd) == ((), (), 0)


@pytest.mark.parametrize("region", SERVICES)
def test_the_default_stack_is_priced_in_every_region_of_the_table(region: str) -> None:
    bill = estimate(DEFAULT, region)
    assert bill.complete
    assert 150 < bill.total_monthly_usd < 400


def test_instances_are_priced_only_in_regions_of_the_table() -> None:
    for prices in (*FAMILY_XLARGE_HOUR.values(), *INSTANCE_HOUR.values()):
        assert prices.keys() <= SERVICES.keys()


@pytest.mark.parametrize(
    ("instance_type", "usd"),
    [("m6i.8xlarge", 1.536), ("m7i.2xlarge", 0.4032), ("g5.xlarge", 1.006), ("m7i", None)],
)
def test_instances_by_the_hour(instance_type: str, usd: float | None) -> None:
    assert instance_hour(instance_type, "us-east-1") == (usd if usd is None else pytest.approx(usd))


def test_the_table_fits_a_terminal_and_ends_in_the_sum() -> None:
    lines = text(estimate(DEFAULT, "us-east-1")).splitlines()
    assert max(map(len, lines[: lines.index("Assumed:")])) <= 80
    assert "  Total                                                 218.44" in lines
    assert any(line.startswith("  1 x NAT gateway ") and line.endswith("32.85") for line in lines)


def test_as_data_is_json() -> None:
    data = json.loads(json.dumps(as_data(estimate(DEFAULT, "us-east-1"))))
    assert data["total_monthly_usd"] == 218.44
    assert data["lines"][0]["what"] == "EC2 m7i.large, on demand"
