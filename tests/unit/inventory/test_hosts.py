"""Instances to hosts: names that stay, groups, variables."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.inventory import hosts
from hypothesis import given
from hypothesis import strategies as st

ACCESS = hosts.Access("demo", "us-east-1", "ssh", "admin", Path("/srv/some where/known_hosts"))
INSTANCE = hosts.Instance(
    id="i-0123456789abcdef0",
    key="compute/host/1",
    role="inference",
    state="running",
    zone="us-east-1a",
    type="c7i.large",
    private_address="10.0.1.4",
    account_id="123456789012",
    tags={"airlift:key": "compute/host/1", "team": "blue"},
)


def only(instance: hosts.Instance, access: hosts.Access = ACCESS, hostnames: str = "key") -> hosts.Host:
    (host,) = hosts.hosts([instance], access, hostnames)
    return host


def test_a_host_is_named_by_its_key_and_in_its_groups() -> None:
    host = only(INSTANCE)
    assert host.name == "demo-host-1"
    assert set(host.groups) == {
        "airlift_demo",
        "airlift_hosts",
        "role_inference",
        "az_us_east_1a",
        "state_running",
    }
    assert host.variables["ansible_host"] == "10.0.1.4"
    assert host.variables["airlift_instance_id"] == INSTANCE.id


def test_what_expressions_may_use_is_among_the_variables() -> None:
    variables = only(INSTANCE).variables
    assert variables["airlift_instance_type"] == "c7i.large"
    assert variables["airlift_instance_tags"] == INSTANCE.tags
    assert variables["airlift_role"] == "inference"
    assert variables["airlift_account_id"] == "123456789012"


def test_a_replaced_instance_inherits_the_name() -> None:
    replacement = replace(INSTANCE, id="i-new", private_address="10.0.1.9")
    old = replace(INSTANCE, state="shutting-down")
    (host,) = hosts.hosts([old, replacement], ACCESS)
    assert (host.name, host.variables["airlift_instance_id"]) == ("demo-host-1", "i-new")


@pytest.mark.parametrize("state", ["pending", "stopping", "stopped"])
def test_a_host_that_does_not_run_is_listed_but_not_among_those_to_configure(state: str) -> None:
    host = only(replace(INSTANCE, state=state))
    assert "airlift_hosts" not in host.groups
    assert f"state_{state}" in host.groups


def test_two_instances_of_one_key_are_told_apart() -> None:
    twins = [replace(INSTANCE, id="i-a"), replace(INSTANCE, id="i-b")]
    assert [host.name for host in hosts.hosts(twins, ACCESS)] == ["demo-host-1-i-a", "demo-host-1-i-b"]


def test_hosts_are_in_the_order_of_their_numbers() -> None:
    listed = [replace(INSTANCE, id=f"i-{n}", key=f"compute/host/{n}") for n in (10, 9, 1)]
    assert [host.name for host in hosts.hosts(listed, ACCESS)] == [
        "demo-host-1",
        "demo-host-9",
        "demo-host-10",
    ]


@pytest.mark.parametrize(
    ("hostnames", "name"),
    [("key", "demo-host-1"), ("instance_id", INSTANCE.id), ("private_address", "10.0.1.4")],
)
def test_names_are_made_of_what_the_owner_chose(hostnames: str, name: str) -> None:
    assert only(INSTANCE, hostnames=hostnames).name == name


def test_ssh_trusts_the_pinned_key_of_this_instance_and_nothing_else() -> None:
    words = shlex.split(str(only(INSTANCE).variables["ansible_ssh_common_args"]))
    assert words[0::2] == ["-o"] * 5
    assert set(words[1::2]) == {
        "StrictHostKeyChecking=yes",
        'UserKnownHostsFile="/srv/some where/known_hosts"',
        "GlobalKnownHostsFile=/dev/null",
        "HostKeyAlias=i-0123456789abcdef0",
        "IdentitiesOnly=yes",
    }


def test_ssm_needs_the_instance_and_the_bucket() -> None:
    access = replace(ACCESS, connection="ssm", profile="ops", endpoint_url="http://127.0.0.1:4566")
    variables = only(INSTANCE, access).variables
    assert variables["ansible_connection"] == "airlift.stack.ssm"
    assert variables["airlift_instance_id"] == INSTANCE.id
    assert variables["ansible_airlift_ssm_bucket_name"] == "demo-123456789012-us-east-1"
    assert variables["ansible_airlift_ssm_region"] == "us-east-1"
    assert variables["ansible_airlift_ssm_profile"] == "ops"
    assert variables["ansible_airlift_ssm_endpoint_url"] == "http://127.0.0.1:4566"
    assert "ansible_ssh_common_args" not in variables
    assert "ansible_user" not in variables, "commands are run as root"


def test_credentials_that_no_variable_has_are_given_to_the_connection_over_ssm_only() -> None:
    keys = {"access_key": "AKIA", "secret_key": "shh"}
    over_ssm = only(INSTANCE, replace(ACCESS, connection="ssm", credentials=keys)).variables
    assert over_ssm["ansible_airlift_ssm_access_key"] == "AKIA"
    assert over_ssm["ansible_airlift_ssm_secret_key"] == "shh"
    assert "shh" not in str(only(INSTANCE, replace(ACCESS, credentials=keys)).variables)
    assert "shh" not in repr(replace(ACCESS, credentials=keys))


@given(st.text(), st.text(), st.text())
def test_no_tag_makes_a_name_that_ansible_cannot_take(key: str, role: str, zone: str) -> None:
    host = only(replace(INSTANCE, key=key, role=role, zone=zone))
    for name in host.groups:
        assert name.replace("_", "a").isalnum()
        assert name.isascii()
    assert set(host.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


def test_owners_are_told_apart_by_where_the_stack_is() -> None:
    elsewhere = [
        replace(ACCESS, stack="other"),
        replace(ACCESS, region="eu-central-1"),
        replace(ACCESS, profile="ops"),
        replace(ACCESS, endpoint_url="http://127.0.0.1:4566"),
    ]
    assert len({access.owner for access in [ACCESS, *elsewhere]}) == 5
    assert all(" " not in access.owner for access in elsewhere)
