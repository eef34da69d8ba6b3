"""What preflight says of a stack before AWS is asked: its options, and its cost against the budget."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.filter.stack_faults import FilterModule

from tests.unit.stack_options import SSH_KEY, certificate

FAULTS = FilterModule().filters()["stack_faults"]


@pytest.fixture
def stack(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "cert.pem").write_text(certificate().pem)
    (tmp_path / "key.pem").write_text(certificate().key_pem)
    files = {"certificate_file": str(tmp_path / "cert.pem"), "private_key_file": str(tmp_path / "key.pem")}
    return {
        "name": "demo",
        "tags": {},
        "network": None,
        "compute": {"ssh_public_key": SSH_KEY},
        "ingress": {"domain": "airlift.test", **files},
    }


def test_nothing_is_wrong(stack: dict[str, object]) -> None:
    assert FAULTS(stack, "us-east-1") == []
    assert FAULTS({**stack, "budget_monthly_usd": 219}, "us-east-1") == []


@pytest.mark.parametrize(
    ("changes", "region", "said"),
    [
        ({"budget_monthly_usd": 218}, "us-east-1", "This stack costs 218.44 USD a month in us-east-1"),
        ({"budget_monthly_usd": "218"}, "us-east-1", "the budget is 218 "),
        ({"budget_monthly_usd": 0}, "us-east-1", "budget_monthly_usd is 0; it must be between 1 and"),
        ({"budget_monthly_usd": 9000}, "sa-east-1", "the list of prices has none of EC2 m7i.large"),
        ({"compute": {"count": 21, "ssh_public_key": SSH_KEY}}, "us-east-1", "compute.count is 21"),
        ({"ingress": None, "compute": {"access": "ssh"}}, "us-east-1", "compute.ssh_public_key is missing"),
    ],
)
def test_a_fault_is_a_sentence(
    stack: dict[str, object], changes: dict[str, object], region: str, said: str
) -> None:
    (only,) = FAULTS({**stack, **changes}, region)
    assert said in only


def test_without_ingress_it_costs_less(stack: dict[str, object]) -> None:
    assert FAULTS({**stack, "ingress": None, "budget_monthly_usd": 190}, "us-east-1") == []
