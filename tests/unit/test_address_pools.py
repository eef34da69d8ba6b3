"""What is wrong with Docker's address pools."""

from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.address_pools import faults

POOL = {"base": "192.168.224.0/20", "size": 24}


@pytest.mark.parametrize(
    ("pools", "reserved", "wanted"),
    [
        ([POOL], [], []),
        ([POOL], ["10.20.0.0/16", "192.168.240.0/20"], []),
        ([POOL], ["192.168.230.0/24"], ["192.168.224.0/20 overlaps 192.168.230.0/24"]),
        ([POOL], ["192.168.0.0/16"], ["192.168.224.0/20 overlaps 192.168.0.0/16"]),
        ([{**POOL, "size": 16}], [], ["a size of 16 does not fit 192.168.224.0/20"]),
        ([{**POOL, "size": 30}], [], ["a size of 30 does not fit"]),
        ([{**POOL, "size": "wide"}], [], ["192.168.224.0/20 with size wide is no pool"]),
        ([{**POOL, "base": "10.0.0.1/8"}], [], ["10.0.0.1/8 with size 24 is no pool"]),
        ([{"base": "10.0.0.0/8"}], [], ["is not a base and a size"]),
        ([{**POOL, "bas": 1}], [], ["is not a base and a size"]),
        ([POOL], ["10.20.0.0/33"], ["10.20.0.0/33 is no network"]),
        ([POOL, {**POOL, "base": "10.0.0.0/8"}], ["10.1.0.0/16"], ["10.0.0.0/8 overlaps 10.1.0.0/16"]),
    ],
)
def test_faults(pools: list[dict[str, object]], reserved: list[str], wanted: list[str]) -> None:
    found = faults(pools, reserved)
    assert len(found) == len(wanted)
    assert all(phrase in fault for phrase, fault in zip(wanted, found, strict=True))
