"""The network as tests converge it."""

from __future__ import annotations

from ansible_collections.airlift.stack.plugins.module_utils.blueprint import network
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Wanted

from tests.integration.account import ACCOUNT, REGION

KINDS = (
    "vpc",
    "default_security_group",
    "subnet",
    "internet_gateway",
    "elastic_ip",
    "nat_gateway",
    "route_table",
    "vpc_endpoint",
    "security_group",
    "security_group_rule",
)
FACTS = Facts(ACCOUNT, REGION, ("us-east-1a", "us-east-1b", "us-east-1c"))
INGRESS = {"domain": "airlift.test", "certificate": "-", "private_key": "-"}


def blueprint(**changes: object) -> list[Wanted]:
    options = {"name": "airlift", "region": REGION, "ingress": INGRESS, **changes}
    options["network"] = {"admin_cidrs": ["192.0.2.0/24"], **options.get("network", {})}
    return list(network.wanted(StackOptions.parse(options), FACTS))
