"""Which quota an instance type counts towards."""

from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.execution.quotas import covers

STANDARD = "Standard (A, C, D, H, I, M, R, T, Z)"
ON_DEMAND = [
    f"Running On-Demand {family} instances"
    for family in ("DL", "F", "G and VT", "HPC", "High Memory", "Inf", "P", STANDARD, "Trn", "X")
]
SPOT = [
    f"All {family} Spot Instance Requests"
    for family in ("DL", "F", "G and VT", "Inf", "P4, P3 and P2", "P5", STANDARD, "Trn", "X")
]
OTHERS = ["EC2-VPC Elastic IPs", "Running Dedicated m7i Hosts", "AMIs"]


@pytest.mark.parametrize(
    ("instance_type", "on_demand", "spot"),
    [
        ("m7i.large", STANDARD, STANDARD),
        ("t4g.small", STANDARD, STANDARD),
        ("im4gn.large", STANDARD, STANDARD),
        ("g6.xlarge", "G and VT", "G and VT"),
        ("gr6.4xlarge", "G and VT", "G and VT"),
        ("vt1.3xlarge", "G and VT", "G and VT"),
        ("p4d.24xlarge", "P", "P4, P3 and P2"),
        ("p5en.48xlarge", "P", "P5"),
        ("inf2.xlarge", "Inf", "Inf"),
        ("trn1.2xlarge", "Trn", "Trn"),
        ("hpc7a.96xlarge", "HPC", None),
        ("dl1.24xlarge", "DL", "DL"),
        ("x2idn.16xlarge", "X", "X"),
        ("mac2.metal", None, None),
        ("f2.6xlarge", "F", "F"),
    ],
)
def test_each_type_has_one_quota(instance_type: str, on_demand: str | None, spot: str | None) -> None:
    expected = {False: on_demand, True: spot}
    for is_spot, names in ((False, ON_DEMAND), (True, SPOT)):
        found = [name for name in (*ON_DEMAND, *SPOT, *OTHERS) if covers(name, instance_type, spot=is_spot)]
        assert found == [name for name in names if expected[is_spot] and f" {expected[is_spot]} " in name]
