"""Hosts as tests converge them: with no more around them than what they refer to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import compute
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import Facts, StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import (
    Found,
    Reference,
    Wanted,
)

from tests.integration.account import ACCOUNT, REGION, Account

KINDS = ("vpc", "subnet", "security_group", "key_pair", "instance")
FACTS = Facts(
    ACCOUNT, REGION, ("us-east-1a", "us-east-1b"), image_id="ami-12c6146b", root_device_name="/dev/sda1"
)
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDbGzPYxnN0wqj0JGdtWIpGjkTIrXz2V7wm1s7cXw9aB me@laptop"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkZ7cVx0vWqk3m0c8fWmZ5r9iS1yqRk0v7z8b2H3l5N"
VPC = Reference("network/vpc")


def prepare(account: Account) -> None:
    """Empty the account but for the profiles that hosts may have."""
    account.reset()
    iam = _iam(account)
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="airlift-host", AssumeRolePolicyDocument=json.dumps(trust))
    for name in ("airlift-host", "other"):
        iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName="airlift-host", RoleName="airlift-host")


def _iam(account: Account) -> Any:
    return boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=account.moto.url,
        aws_access_key_id="LKIAKINDSTEST",
        aws_secret_access_key="a-secret-of-the-tests-of-kinds",
    )


def blueprint(**changes: object) -> list[Wanted]:
    """The hosts, in a network of nothing but what they refer to, with a profile that exists."""
    options = StackOptions.parse(
        {"name": "airlift", "region": REGION, "compute": {"ssh_public_key": PUBLIC_KEY, **changes}}
    )
    return [
        Wanted("vpc", VPC.key, {"cidr": "10.213.0.0/16"}),
        *(
            Wanted(
                "subnet",
                f"network/subnet/private/{letter}",
                {"vpc": VPC, "cidr": cidr, "availability_zone": f"us-east-1{letter}"},
            )
            for letter, cidr in (("a", "10.213.128.0/19"), ("b", "10.213.160.0/19"))
        ),
        Wanted(
            "security_group",
            "network/security-group/host",
            {"vpc": VPC, "group_name": "airlift-host", "description": "hosts"},
        ),
        *(with_profile(one) for one in compute.wanted(options, FACTS)),
    ]


def with_profile(wanted: Wanted, profile: str = "airlift-host") -> Wanted:
    if wanted.kind != "instance":
        return wanted
    return Wanted(wanted.kind, wanted.key, {**wanted.properties, "profile": profile})


def described(account: Account, found: Found) -> Mapping[str, Any]:
    answer = account.session.client("ec2").describe_instances(InstanceIds=[found.id])
    return answer["Reservations"][0]["Instances"][0]
