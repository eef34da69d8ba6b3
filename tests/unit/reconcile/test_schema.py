"""A property that its kind does not declare is refused: in every layer of every stack, and in every plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import DefectError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import plan
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.schema import check
from ansible_collections.airlift.stack.plugins.module_utils.resources.registry import KINDS

from tests.unit.stack_options import SSH_KEY, certificate, stack

NETWORKS = [
    {"nat": nat, "s3_endpoint": s3_endpoint, "admin_cidrs": admin_cidrs}
    for nat, s3_endpoint, admin_cidrs in product(
        ("single", "per_zone", "none"), (True, False), ([], ["192.0.2.0/24"])
    )
]
COMPUTES = [
    {"access": access, "spot": spot, "count": count, "ssh_public_key": SSH_KEY}
    for access, spot, count in product(("ssh", "ssm"), (True, False), (0, 3))
]
INGRESSES = [
    None,
    {},
    {"certificate_chain": certificate().pem, "deletion_protection": True, "allowed_cidrs": ["192.0.2.0/24"]},
]
BOUNDARIES = [None, "arn:aws:iam::123456789012:policy/boundary"]


def stacks() -> list[dict[str, Wanted]]:
    return [
        stack(
            network=network,
            compute=compute,
            ingress=ingress,
            identity={"permissions_boundary": boundary},
            secrets={"recovery_window_days": 0 if boundary else 7},
        )
        for network, compute, ingress, boundary in product(NETWORKS, COMPUTES, INGRESSES, BOUNDARIES)
    ]


def test_what_every_stack_wants_is_declared_and_what_is_declared_is_wanted_by_some() -> None:
    wanted = [one for each in stacks() for one in each.values()]
    check(wanted, KINDS)
    used = {(one.kind, name) for one in wanted for name in one.properties}
    declared = {(name, one) for name, kind in KINDS.items() for one in kind.schema.names}
    # A rule's peer may be a prefix list where somebody made it one; no stack wants that.
    assert declared - used == {("security_group_rule", "prefix_list")}


def test_a_plan_refuses_a_misspelt_property() -> None:
    wanted = stack()
    subnet = wanted["network/subnet/public/a"]
    misspelt = replace(subnet, properties={**subnet.properties, "public_ip_on_lanch": True})
    with pytest.raises(DefectError) as caught:
        plan({**wanted, subnet.key: misspelt}.values(), [], KINDS)
    assert str(caught.value) == (
        "subnet network/subnet/public/a has a property public_ip_on_lanch, which its kind does not declare. "
        "This is a defect in Airlift: please report it with this message."
    )
