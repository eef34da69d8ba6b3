"""What the inventory asks of AWS: the instances of a stack, and the consoles of those not pinned yet."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..aws.errors import AWS_ERRORS, code_of
from . import hosts, known_hosts

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PAGE_SIZE = 1000
"""The most that DescribeInstances returns in a page: the cost grows with pages, not with hosts."""

CONSOLE_READERS = 10


def answers(endpoint_url: str) -> bool:
    """Whether somebody listens at ``endpoint_url``; asked before boto3, whose retries take seconds."""
    parts = urlsplit(endpoint_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=2):
            return True
    except OSError:
        return False


def stack_instances(ec2: EC2Client, stack: str) -> list[hosts.Instance]:
    """Return every instance that carries the stack's tag and exists.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    """
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag:airlift:stack", "Values": [stack]},
            {"Name": "instance-state-name", "Values": list(hosts.LISTED_STATES)},
        ],
        PaginationConfig={"PageSize": PAGE_SIZE},
    )
    return [instance for page in pages for instance in hosts.instances(page["Reservations"])]


def console_keys(ec2: EC2Client, instance_ids: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the SSH host keys that each instance's console shows, by instance id; one call per instance.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
    """

    def keys(instance_id: str) -> list[str]:
        try:
            answer = ec2.get_console_output(InstanceId=instance_id, Latest=True)
        except AWS_ERRORS as error:
            if code_of(error) != "UnsupportedOperation":
                raise
            # Types before Nitro show their console some minutes late, and on no other terms.
            answer = ec2.get_console_output(InstanceId=instance_id)
        return known_hosts.host_keys(_text(answer.get("Output", "")))

    ids = list(instance_ids)
    with ThreadPoolExecutor(CONSOLE_READERS) as readers:
        return dict(zip(ids, readers.map(keys, ids), strict=True))


def pin_new_hosts(
    ec2: EC2Client, found: Iterable[hosts.Instance], access: hosts.Access
) -> tuple[bool, list[str]]:
    """Pin the keys of running instances that are not pinned yet; forget instances that are gone.

    Returns whether the file changed, and the ids of the instances whose console does not show keys yet.
    """
    existing = list(found)
    known = known_hosts.pinned(access.known_hosts)
    new = [i.id for i in existing if i.state == hosts.REACHABLE_STATE and i.id not in known]
    keys = console_keys(ec2, new) if new else {}
    shown = {id_: lines for id_, lines in keys.items() if lines}
    ids = {instance.id for instance in existing}
    changed = known_hosts.update(access.known_hosts, access.owner, shown, ids)
    return changed, [id_ for id_ in new if id_ not in shown]


def _text(output: str) -> str:
    """Return a console output as text; botocore has decoded its base64 already."""
    return output.replace("\x00", "")
