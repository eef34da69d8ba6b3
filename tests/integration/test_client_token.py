"""The ClientToken of RunInstances, by which AWS knows a request that it has answered before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
)
from ansible_collections.airlift.stack.plugins.module_utils.resources.instance_request import run_request

from tests.integration.account import Account, account_with
from tests.integration.hosts_stack import KINDS, blueprint, described, prepare


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    prepare(served)
    return served


@pytest.fixture
def hosts_up(account: Account) -> dict[str, Found]:
    account.create(blueprint())
    return account.by_key()


class TestToken:
    """The ClientToken: the same for the same request, another one for a successor."""

    properties: ClassVar[Mapping[str, object]] = {
        **blueprint()[-1].properties,
        "subnet": "subnet-1",
        "security_groups": ["sg-1"],
        "key_name": "airlift",
    }  # fmt: skip

    def token(self, account: Account, dead: list[str], **changes: object) -> str:
        properties = {**self.properties, **changes}
        return run_request(account.context, "compute/host/1", properties, dead)["ClientToken"]

    def test_the_same_request_has_the_same_token(self, account: Account) -> None:
        assert self.token(account, ["i-1", "i-2"]) == self.token(account, ["i-2", "i-1"])
        assert len(self.token(account, [])) <= 64

    def test_a_successor_has_another(self, account: Account) -> None:
        tokens = {self.token(account, dead) for dead in ([], ["i-1"], ["i-1", "i-2"])}
        assert len(tokens) == 3

    def test_another_request_has_another(self, account: Account) -> None:
        assert self.token(account, []) != self.token(account, [], instance_type="m7i.xlarge")

    def test_the_dead_are_counted_at_creation(self, account: Account, hosts_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        first = described(account, hosts_up["compute/host/1"])
        ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
        account.converge(blueprint())
        second = described(account, account.by_key()["compute/host/1"])
        assert second["ClientToken"] != first["ClientToken"]
