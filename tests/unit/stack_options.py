"""Options and facts for tests of the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack import build
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Value, Wanted

from tests.pki import Pair, issue

FACTS = Facts(
    "123456789012", "us-east-1", ("us-east-1a", "us-east-1b", "us-east-1c"), "ami-1", new_api_key="al-secret"
)
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1rG8rVh8dCw3iZ0H1i8P0m3cQj2V0YzYcN2c3q0b6r"

type Layer = Callable[[StackOptions, Facts], Sequence[Wanted]]


@cache
def certificate() -> Pair:
    return issue("airlift.test")


def options(**layers: dict[str, object] | None) -> StackOptions:
    """Return complete options; ``layers`` change single ones, and None takes a whole layer away."""
    ingress = {
        "domain": "airlift.test",
        "certificate": certificate().pem,
        "private_key": certificate().key_pem,
        **(layers.get("ingress") or {}),
    }
    return StackOptions.parse(
        {
            "name": "airlift",
            "region": "us-east-1",
            **layers,
            "compute": {"ssh_public_key": SSH_KEY, **(layers.get("compute") or {})},
            "ingress": None if layers.get("ingress", {}) is None else ingress,
        }
    )


def stack(**layers: dict[str, object] | None) -> dict[str, Wanted]:
    """Return the whole stack by key."""
    return {one.key: one for one in build(options(**layers), FACTS)}


def of(layer: Layer, **layers: dict[str, object] | None) -> dict[str, Wanted]:
    """Return what one layer wants by key."""
    return {one.key: one for one in layer(options(**layers), FACTS)}


def at(wanted: Wanted, path: str) -> Value:
    """Return a property by its dotted path."""
    value: Value = dict(wanted.properties)
    for name in path.split("."):
        assert isinstance(value, dict)
        value = value[name]
    return value


def statements(policy: Value) -> dict[str, dict[str, Value]]:
    """Return a policy's statements by their Sid."""
    assert isinstance(policy, dict)
    listed = policy["Statement"]
    assert isinstance(listed, list)
    return {str(one["Sid"]): dict(one) for one in listed if isinstance(one, dict)}
