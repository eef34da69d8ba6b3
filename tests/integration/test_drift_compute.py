"""Hosts changed by hand: the plan says it, a run repairs it in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
)

from tests.integration.account import Account, account_with
from tests.integration.hosts_stack import KINDS, VPC, blueprint, prepare


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    with account_with(*KINDS) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    served.tags = {}
    return served


@pytest.fixture
def hosts_up(account: Account) -> dict[str, Found]:
    """Everything as it should be: as the test before has left it, unless that went wrong."""
    if account.changes(blueprint()):
        prepare(account)
        account.create(blueprint())
    return account.by_key()


class TestDrift:
    """What somebody does by hand is shown, and undone in place."""

    def repaired(self, account: Account, *changes: str) -> None:
        assert account.changes(blueprint()) == list(changes)
        account.converge(blueprint())
        assert account.changes(blueprint()) == []

    def test_stopped(self, account: Account, hosts_up: dict[str, Found]) -> None:
        host = hosts_up["compute/host/1"]
        account.session.client("ec2").stop_instances(InstanceIds=[host.id])
        self.repaired(account, "compute/host/1 state: stopped -> running")
        assert account.by_key()["compute/host/1"].id == host.id

    def test_terminated(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").terminate_instances(InstanceIds=[hosts_up["compute/host/2"].id])
        self.repaired(account, "create compute/host/2")

    def test_metadata_opened(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").modify_instance_metadata_options(
            InstanceId=hosts_up["compute/host/1"].id, HttpTokens="optional", HttpPutResponseHopLimit=5
        )
        self.repaired(
            account,
            "compute/host/1 hop_limit: 5 -> 1",
            "compute/host/1 http_tokens: optional -> required",
        )

    def test_other_security_group(self, account: Account, hosts_up: dict[str, Found]) -> None:
        ec2 = account.session.client("ec2")
        other = ec2.create_security_group(
            VpcId=hosts_up[VPC.key].id, GroupName="open", Description="opened by hand"
        )["GroupId"]
        ec2.modify_instance_attribute(InstanceId=hosts_up["compute/host/1"].id, Groups=[other])
        ours = hosts_up["network/security-group/host"].id
        self.repaired(account, f"compute/host/1 security_groups: ['{other}'] -> ['{ours}']")

    def test_profile_taken_away(self, account: Account, hosts_up: dict[str, Found]) -> None:
        association = self.association(account, hosts_up)["AssociationId"]
        account.session.client("ec2").disassociate_iam_instance_profile(AssociationId=association)
        self.repaired(account, "compute/host/1 profile: None -> airlift-host")

    def test_other_profile(self, account: Account, hosts_up: dict[str, Found]) -> None:
        """The association is what is looked at: moto's instance goes on showing the profile it replaced."""
        ec2 = account.session.client("ec2")
        ec2.disassociate_iam_instance_profile(
            AssociationId=self.association(account, hosts_up)["AssociationId"]
        )
        ec2.associate_iam_instance_profile(
            InstanceId=hosts_up["compute/host/1"].id, IamInstanceProfile={"Name": "other"}
        )
        assert account.changes(blueprint()) == ["compute/host/1 profile: other -> airlift-host"]
        account.converge(blueprint())
        arn = self.association(account, hosts_up)["IamInstanceProfile"]["Arn"]
        assert arn.endswith(":instance-profile/airlift-host")

    def association(self, account: Account, hosts_up: dict[str, Found]) -> Mapping[str, Any]:
        [association] = account.session.client("ec2").describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [hosts_up["compute/host/1"].id]}]
        )["IamInstanceProfileAssociations"]
        return association

    def test_role_tag_removed(self, account: Account, hosts_up: dict[str, Found]) -> None:
        account.session.client("ec2").delete_tags(
            Resources=[hosts_up["compute/host/1"].id], Tags=[{"Key": "airlift:role"}]
        )
        self.repaired(account, "compute/host/1 role: None -> inference")

    @pytest.mark.usefixtures("hosts_up")
    def test_owners_tags_follow(self, account: Account) -> None:
        account.tags = {"cost-center": "7"}
        account.converge(blueprint())
        assert account.changes(blueprint()) == []
        assert all((found.tags or {})["cost-center"] == "7" for found in account.found())
