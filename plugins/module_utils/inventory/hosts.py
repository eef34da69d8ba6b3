"""Instances to hosts: names, groups and variables. Pure; nothing here calls AWS or imports Ansible."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, ReservationTypeDef

KEY_TAG = "airlift:key"
ROLE_TAG = "airlift:role"
HOST_KEYS_TAG = "airlift:host-keys"
"""The tag in which operators keep an instance's SSH host keys. Hosts may write no tags, their own neither."""

LISTED_STATES = ("pending", "running", "stopping", "stopped")
"""States of an instance that exists. One on its way out (shutting-down, terminated) is no host."""

REACHABLE_STATE = "running"
HOSTS_GROUP = "airlift_hosts"


@dataclass(frozen=True, slots=True)
class Instance:
    """One EC2 instance, as far as the inventory needs it. ``key`` and ``role`` are of its ``tags``."""

    id: str
    key: str
    role: str
    state: str
    zone: str
    type: str
    private_address: str
    account_id: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """How hosts are reached: over ``ssh`` with pinned host keys, or over ``ssm`` by Run Command."""

    stack: str
    region: str
    connection: str
    user: str
    known_hosts: Path
    profile: str | None = None
    endpoint_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of ``access_key``, ``secret_key`` and ``session_token`` that no variable has."""

    @property
    def owner(self) -> str:
        """Whose lines in the known_hosts file these are: one word, the same in every run for this stack."""
        where = (self.stack, self.region, self.profile, self.endpoint_url)
        return "airlift:" + quote(":".join(part for part in where if part), safe=":/")


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the inventory."""

    name: str
    groups: Sequence[str]
    variables: Mapping[str, str | Mapping[str, str]]


def instances(reservations: Iterable[ReservationTypeDef]) -> Iterator[Instance]:
    """Yield every instance of a page of DescribeInstances."""
    for reservation in reservations:
        for described in reservation.get("Instances", []):
            yield _instance(described, reservation.get("OwnerId", ""))


def hosts(found: Iterable[Instance], access: Access, hostnames: str = "key") -> list[Host]:
    """Return the hosts for the instances ``found``, ordered by name, each name once.

    ``hostnames`` is what a name is made of: ``key`` (the stack and the instance's key: ``airlift-host-1``,
    which a replaced instance inherits), ``instance_id`` or ``private_address``. Where two instances share a
    name, both carry their instance id behind it.
    """
    listed = [instance for instance in found if instance.state in LISTED_STATES]
    wanted = {instance.id: _name(instance, access.stack, hostnames) for instance in listed}
    shared = {name for name, count in Counter(wanted.values()).items() if count > 1}
    result = []
    for instance in listed:
        name = wanted[instance.id]
        name = f"{name}-{instance.id}" if name in shared else name
        result.append(Host(name, _groups(instance, access.stack), _variables(instance, access)))
    return sorted(
        result, key=lambda host: [int(part) if part.isdigit() else part for part in _parts(host.name)]
    )


def group_name(prefix: str, value: str) -> str:
    """Return a group's name that Ansible accepts: ``az_us_east_1a``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{prefix}_{value}")


def _parts(name: str) -> list[str]:
    return re.split(r"(\d+)", name)


def _instance(described: InstanceTypeDef, account_id: str) -> Instance:
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in described.get("Tags", [])}
    return Instance(
        id=described.get("InstanceId", ""),
        key=tags.get(KEY_TAG, ""),
        role=tags.get(ROLE_TAG, ""),
        state=described.get("State", {}).get("Name", ""),
        zone=described.get("Placement", {}).get("AvailabilityZone", ""),
        type=described.get("InstanceType", ""),
        private_address=described.get("PrivateIpAddress", ""),
        account_id=account_id,
        tags=tags,
    )


def _name(instance: Instance, stack: str, hostnames: str) -> str:
    if hostnames == "private_address" and instance.private_address:
        return instance.private_address
    within = instance.key.split("/", 1)[-1]
    if hostnames == "instance_id" or not within:
        return instance.id
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{stack}-{within}")


def _groups(instance: Instance, stack: str) -> list[str]:
    groups = [group_name("airlift", stack), group_name("state", instance.state)]
    if instance.state == REACHABLE_STATE:
        groups.append(HOSTS_GROUP)
    if instance.role:
        groups.append(group_name("role", instance.role))
    if instance.zone:
        groups.append(group_name("az", instance.zone))
    return groups


def _variables(instance: Instance, access: Access) -> dict[str, str | Mapping[str, str]]:
    about: dict[str, str | Mapping[str, str]] = {
        "airlift_instance_id": instance.id,
        "airlift_instance_type": instance.type,
        "airlift_instance_state": instance.state,
        "airlift_instance_tags": instance.tags,
        "airlift_key": instance.key,
        "airlift_role": instance.role,
        "airlift_zone": instance.zone,
        "airlift_private_address": instance.private_address,
        "airlift_account_id": instance.account_id,
    }
    connect = _over_ssm(instance, access) if access.connection == "ssm" else _over_ssh(instance, access)
    return about | connect


def _over_ssh(instance: Instance, access: Access) -> dict[str, str]:
    options = (
        "StrictHostKeyChecking=yes",
        f'UserKnownHostsFile="{access.known_hosts}"',
        "GlobalKnownHostsFile=/dev/null",
        f"HostKeyAlias={instance.id}",
        "IdentitiesOnly=yes",
    )
    return {
        "ansible_connection": "ansible.builtin.ssh",
        "ansible_user": access.user,
        "ansible_host": instance.private_address,
        "ansible_ssh_common_args": shlex.join(word for option in options for word in ("-o", option)),
    }


def _over_ssm(instance: Instance, access: Access) -> dict[str, str]:
    prefix = "ansible_airlift_ssm_"
    variables = {
        "ansible_connection": "airlift.stack.ssm",
        "ansible_host": instance.id,
        f"{prefix}region": access.region,
        f"{prefix}bucket_name": f"{access.stack}-{instance.account_id}-{access.region}",
    }
    if access.profile:
        variables[f"{prefix}profile"] = access.profile
    if access.endpoint_url:
        variables[f"{prefix}endpoint_url"] = access.endpoint_url
    return variables | {f"{prefix}{name}": value for name, value in access.credentials.items()}
