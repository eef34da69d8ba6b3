"""The bill: arithmetic that a reader can follow, and no price that was not established."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.cost import estimate as estimating
from ansible_collections.airlift.stack.plugins.module_utils.cost.budget import over_budget
from ansible_collections.airlift.stack.plugins.module_utils.cost.by_use import BY_USE
from ansible_collections.airlift.stack.plugins.module_utils.cost.estimate import BILLED, FREE, Estimate
from ansible_collections.airlift.stack.plugins.module_utils.cost.prices import as_text, parse
from ansible_collections.airlift.stack.plugins.module_utils.cost.render import as_data, text
from ansible_collections.airlift.stack.plugins.module_utils.price_file import FILE, price_list
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference, Value, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS

LIST = price_list()


def estimate(wanted: list[Wanted], region: str) -> Estimate:
    return estimating.estimate(wanted, region, LIST)


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


def uses(bill: Estimate) -> dict[str, float | None]:
    assert all(line.monthly is None for line in bill.by_use)
    return {line.what: line.unit_price for line in bill.by_use}


def test_what_is_charged_by_use_is_named_and_not_counted() -> None:
    kept = [Wanted(kind, kind) for kind in ("bucket", "repository", "log_group")]
    assert uses(estimate([*DEFAULT, *kept], "eu-central-1")) == {
        "Through the NAT gateway": 0.052,
        "Answers to the internet": 0.09,
        "Between zones, each way": 0.01,
        "Traces in X-Ray": 5,
        "Log events that come in": 0.63,
        "Log events that are kept": 0.0324,
        "Metrics of hosts, edge and engine": 0.3,
        "Models and access logs in S3": 0.0245,
        "Images in ECR": 0.1,
    }


@pytest.mark.parametrize(
    ("instance_type", "credits"),
    [
        ("t3.large", {"CPU credits beyond the baseline, t3": 0.05}),
        ("t3a.large", {"CPU credits beyond the baseline, t3": 0.05}),
        ("t4g.large", {"CPU credits beyond the baseline, t4g": 0.04}),
        ("m7i.large", {}),
    ],
)
def test_hosts_of_the_t_families_can_cost_more_than_their_hours(
    instance_type: str, credits: dict[str, float]
) -> None:
    named = uses(estimate([host(1, instance_type=instance_type)], "us-east-1"))
    assert {what: price for what, price in named.items() if what.startswith("CPU")} == credits


def test_every_kind_is_billed_or_free() -> None:
    billed = BILLED | BY_USE.keys()
    assert billed | FREE == KINDS.keys()
    assert not billed & FREE
    assert {name for name, kind in KINDS.items() if kind.billable} <= billed


def test_an_empty_stack_costs_nothing() -> None:
    bill = estimate([], "us-east-1")
    assert (bill.lines, bill.by_use, bill.total_monthly_usd) == ((), (), 0)


@pytest.mark.parametrize("region", LIST.services)
def test_the_default_stack_is_priced_in_every_region_of_the_list(region: str) -> None:
    bill = estimate(DEFAULT, region)
    assert bill.complete
    assert 150 < bill.total_monthly_usd < 400
    assert None not in uses(bill).values()


def test_instances_are_priced_only_in_regions_of_the_list() -> None:
    assert {region for prices in LIST.instances.values() for region in prices} <= LIST.services.keys()


@pytest.mark.parametrize(
    ("instance_type", "usd"),
    [("m6i.8xlarge", 1.536), ("m7i.2xlarge", 0.4032), ("g5.xlarge", 1.006), ("m7i", None)],
)
def test_instances_by_the_hour(instance_type: str, usd: float | None) -> None:
    assert LIST.instance_hour(instance_type, "us-east-1") == usd


def test_the_file_is_as_it_would_be_written() -> None:
    assert as_text(parse(FILE.read_text(encoding="utf-8"))) == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"services": {"us-east-1": {"nat_hours": 1}}}, "no price named nat_hours"),
        ({"services": {"us-east-1": {"nat_hour": "0.1"}}}, "a number above 0"),
        ({"instances": {"m7i.large": {"us-east-1": 0.0}}}, "a number above 0"),
        ({"as_of": "November"}, "no date"),
    ],
)
def test_a_damaged_list_is_none(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(json.dumps({**json.loads(as_text(LIST)), **changed}))


def test_a_budget_is_kept_or_refused() -> None:
    bill = estimate(DEFAULT, "us-east-1")
    assert over_budget(bill, None) is None
    assert over_budget(bill, 219) is None
    assert str(over_budget(bill, 218)) == (
        f"This stack costs 218.44 USD a month in us-east-1, by list prices of {LIST.as_of}, "
        "and the budget is 218 (most: EC2 m7i.large, on demand 147.17, NAT gateway 32.85, "
        "Load balancer 16.43). Want less of it, or raise airlift_budget_monthly_usd."
    )


def test_a_cost_that_is_not_known_keeps_to_no_budget() -> None:
    bill = estimate([host(1, instance_type="z9.huge"), SECRET], "us-east-1")
    assert over_budget(bill, None) is None
    assert "none of EC2 z9.huge, on demand in us-east-1" in str(over_budget(bill, 1000))


def test_the_table_fits_a_terminal_and_ends_in_the_sum() -> None:
    lines = text(estimate(DEFAULT, "us-east-1")).splitlines()
    assert max(map(len, lines[: lines.index("Assumed:")])) <= 80
    assert "  Total                                                 218.44" in lines
    assert any(line.startswith("  1 x NAT gateway ") and line.endswith("32.85") for line in lines)


def test_as_data_is_json() -> None:
    data = json.loads(json.dumps(as_data(estimate(DEFAULT, "us-east-1"))))
    assert data["total_monthly_usd"] == 218.44
    assert data["lines"][0]["what"] == "EC2 m7i.large, on demand"
