"""Stacks for tests of the blueprint: the defaults with one thing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Value, Wanted

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDbGzPYxnN0wqj0JGdtWIpGjkTIrXz2V7wm1s7cXw9aB me@laptop"
FACTS = Facts(
    account_id="123456789012",
    region="us-east-1",
    zones=("us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"),
    image_id="ami-1",
    new_api_key="al-a-key-for-tests",
)


def options(ingress: Mapping[str, object] | None = None, **layers: Mapping[str, object]) -> StackOptions:
    """Return the default stack with ingress, and with these options of these layers."""
    compute = {"ssh_public_key": PUBLIC_KEY, **layers.pop("compute", {})}
    return StackOptions.parse(
        {
            "name": "airlift",
            "region": "us-east-1",
            "compute": compute,
            "ingress": {"domain": "airlift.test", "certificate": "-", "private_key": "-", **(ingress or {})},
            **layers,
        }
    )


def by_key(wanted: Sequence[Wanted]) -> dict[str, Wanted]:
    """Return resources by key; each key may be used once."""
    found = {one.key: one for one in wanted}
    assert len(found) == len(wanted)
    return found


def of_kind(wanted: Sequence[Wanted], kind: str) -> list[Mapping[str, Value]]:
    """Return the properties of every resource of one kind."""
    return [one.properties for one in wanted if one.kind == kind]
