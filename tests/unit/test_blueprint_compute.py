"""The hosts' blueprint: where each goes, what each is, and which options cannot be."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import compute
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.compute_options import MAX_HOSTS
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.stacks import FACTS, PUBLIC_KEY, by_key, of_kind, options

COUNTS = st.integers(min_value=0, max_value=MAX_HOSTS)
ZONES = st.integers(min_value=2, max_value=4)


@given(COUNTS, ZONES)
def test_hosts_are_spread_evenly(count: int, zones: int) -> None:
    hosts = of_kind(
        compute.wanted(options(compute={"count": count}, network={"zones": zones}), FACTS), "instance"
    )
    placed = [str(host["subnet"].key) for host in hosts]
    per_subnet = [placed.count(f"network/subnet/private/{letter}") for letter in "abcd"[:zones]]
    assert sum(per_subnet) == count
    assert max(per_subnet) - min(per_subnet) <= 1


@given(st.integers(min_value=0, max_value=MAX_HOSTS - 1), ZONES)
def test_one_more_host_changes_no_other(count: int, zones: int) -> None:
    before = by_key(compute.wanted(options(compute={"count": count}, network={"zones": zones}), FACTS))
    after = by_key(compute.wanted(options(compute={"count": count + 1}, network={"zones": zones}), FACTS))
    assert after.keys() - before.keys() == {f"compute/host/{count + 1}"}
    assert all(after[key] == wanted for key, wanted in before.items())


def test_a_host() -> None:
    wanted = by_key(compute.wanted(options(compute={"spot": True, "hop_limit": 2, "volume_gib": 50}), FACTS))
    assert wanted["compute/host/2"].properties == {
        "instance_type": "m7i.large",
        "image_id": "ami-1",
        "subnet": Reference("network/subnet/private/b"),
        "other_subnets": [Reference("network/subnet/private/a")],
        "security_groups": [Reference("network/security-group/host")],
        "profile": Reference("identity/host-profile", "name"),
        "key_name": Reference("compute/key-pair", "name"),
        "user_data": None,
        "ssm_agent": None,
        "role": "inference",
        "state": "running",
        "spot": True,
        "http_tokens": "required",
        "hop_limit": 2,
        "root_device": "/dev/xvda",
        "volume_gib": 50,
        "volume_type": "gp3",
        "volume_iops": None,
        "volume_throughput_mibps": None,
        "volume_encrypted": True,
        "ebs_optimized": True,
    }


def key_pair(public_key: str) -> Mapping[str, object]:
    return by_key(compute.wanted(options(compute={"ssh_public_key": public_key}), FACTS))[
        "compute/key-pair"
    ].properties


def test_the_key_pair_has_no_comment_and_is_named_by_what_it_holds() -> None:
    mine = key_pair(PUBLIC_KEY)
    assert mine["public_key"] == PUBLIC_KEY.removesuffix(" me@laptop")
    assert key_pair(PUBLIC_KEY.replace("me@laptop", "elsewhere")) == mine
    other = key_pair(PUBLIC_KEY[:40] + "B" + PUBLIC_KEY[41:])
    names = [mine["name"], other["name"]]
    assert all(re.fullmatch(r"airlift-[0-9a-f]{8}", str(name)) for name in names)
    assert len(set(names)) == 2


def test_over_ssm_there_is_no_key() -> None:
    wanted = by_key(compute.wanted(options(compute={"access": "ssm"}), FACTS))
    assert "compute/key-pair" not in wanted
    assert wanted["compute/host/1"].properties["key_name"] is None


@pytest.mark.parametrize(
    ("partition", "region", "url"),
    [
        ("aws", "eu-north-1", "https://s3.eu-north-1.amazonaws.com/amazon-ssm-eu-north-1/latest/"),
        ("aws-cn", "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/amazon-ssm-cn-north-1/latest/"),
        ("aws-eusc", "eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu/amazon-ssm-eusc-de-east-1/"),
    ],
)
def test_over_ssm_a_host_gets_the_agent_at_first_boot(partition: str, region: str, url: str) -> None:
    facts = replace(FACTS, partition=partition, region=region)
    [host, _] = of_kind(compute.wanted(options(compute={"access": "ssm"}), facts), "instance")
    script = str(host["user_data"])
    assert script.startswith("#!/bin/sh\n")
    assert url in script
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_over_ssh_a_host_gets_no_user_data() -> None:
    [host, _] = of_kind(compute.wanted(options(), FACTS), "instance")
    assert host["user_data"] is None


def test_with_both_a_host_has_a_key_and_the_agent() -> None:
    wanted = by_key(compute.wanted(options(compute={"access": "both"}), FACTS))
    host = wanted["compute/host/1"].properties
    assert host["key_name"] == Reference("compute/key-pair", "name")
    assert "amazon-ssm-agent" in str(host["user_data"])
    assert host["ssm_agent"] is True


def test_no_image_is_no_error_here() -> None:
    """Only a host that has to be created needs one, and that is not known yet."""
    wanted = by_key(compute.wanted(options(), replace(FACTS, image_id=None)))
    assert wanted["compute/host/1"].properties["image_id"] is None


def test_old_types_are_not_asked_for_ebs_optimization() -> None:
    [host, _] = of_kind(compute.wanted(options(compute={"instance_type": "t2.micro"}), FACTS), "instance")
    assert host["ebs_optimized"] is False


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"count": -1}, "must be between 0 and 20"),
        ({"count": 21}, "must be between 0 and 20"),
        ({"volume_gib": 7}, "must be between 8"),
        (
            {"volume_throughput_mibps": 1000},
            "takes 4000 operations a second, and compute.volume_iops is 3000",
        ),
        ({"volume_iops": 100}, "must be between 3000"),
        ({"hop_limit": 0}, "compute.hop_limit is 0"),
        ({"hop_limit": 3}, "compute.hop_limit is 3"),
        ({"instance_type": "large"}, "a type looks like m7i.large"),
        ({"ssh_public_key": " "}, "ssh_public_key is missing"),
        ({"ssh_public_key": "ecdsa-sha2-nistp256 AAAA"}, "EC2 imports no other"),
        ({"ssh_public_key": "ssh-ed25519"}, "cut short or damaged"),
        ({"ssh_public_key": PUBLIC_KEY[:30]}, "cut short or damaged"),
        ({"ssh_public_key": "ssh-ed25519 not*base64"}, "cut short or damaged"),
        ({"ssh_public_key": PUBLIC_KEY.replace("ssh-ed25519", "ssh-rsa")}, "cut short or damaged"),
    ],
)
def test_what_cannot_be(choice: dict[str, object], says: str) -> None:
    with pytest.raises(BlueprintError) as caught:
        compute.wanted(options(compute=choice), FACTS)
    assert says in str(caught.value)


def test_a_private_key_is_refused_and_not_repeated() -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n"
    with pytest.raises(BlueprintError, match="holds a private key") as caught:
        compute.wanted(options(compute={"ssh_public_key": secret}), FACTS)
    assert "b3Blbn" not in str(caught.value)


def test_no_hosts_need_no_key() -> None:
    assert compute.wanted(options(compute={"count": 0, "ssh_public_key": " "}), FACTS) == []
