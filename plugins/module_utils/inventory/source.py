"""What is asked of AWS about hosts: the instances of a stack, and the consoles of those without a tag."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..aws.errors import AWS_ERRORS, code_of
from . import hosts, known_hosts

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PAGE_SIZE = 1000
"""The most that DescribeInstances returns in a page: the cost grows with pages, not with hosts."""

CONSOLE_READERS = 10


# Of an instance no host has use for these, and reading them costs twice what all the rest does. No text of
# anybody's can look like them: in XML it has no "<".
_UNREAD = re.compile(
    rb"<(networkInterfaceSet|blockDeviceMapping|groupSet|launchTime|cpuOptions|metadataOptions)>.*?</\1>",
    re.DOTALL,
)
_BEFORE_PARSE = "before-parse.ec2.DescribeInstances"


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
    ec2.meta.events.register(_BEFORE_PARSE, shorten)
    try:
        pages = ec2.get_paginator("describe_instances").paginate(
            Filters=[
                {"Name": "tag:airlift:stack", "Values": [stack]},
                {"Name": "instance-state-name", "Values": list(hosts.LISTED_STATES)},
            ],
            PaginationConfig={"PageSize": PAGE_SIZE},
        )
        return [instance for page in pages for instance in hosts.instances(page["Reservations"])]
    finally:
        ec2.meta.events.unregister(_BEFORE_PARSE, shorten)


def shorten(response_dict: dict[str, Any], **_event: object) -> None:
    """Take out of an answer of DescribeInstances, before botocore reads it, what nobody asks of a host."""
    if response_dict["status_code"] < 300:
        response_dict["body"] = _UNREAD.sub(b"", response_dict["body"])


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


def pin_tagged(found: Sequence[hosts.Instance], access: hosts.Access) -> tuple[list[str], list[str]]:
    """Pin the keys that the tags of ``found`` keep; forget instances that are gone. Asks nobody.

    Returns the ids of running instances that are still not pinned, and of those whose tag has other keys than
    the file: there the file's count, and ssh refuses the host if they are wrong.
    """
    pins = known_hosts.pins(access.known_hosts)
    tagged = {instance.id: _tagged_keys(instance) for instance in found}
    new = {id_: keys for id_, keys in tagged.items() if keys and id_ not in pins}
    known_hosts.update(access.known_hosts, access.owner, new, tagged.keys())
    running = [instance.id for instance in found if instance.state == hosts.REACHABLE_STATE]
    unknown = [id_ for id_ in running if id_ not in pins and id_ not in new]
    differing = [id_ for id_, keys in tagged.items() if id_ in pins and not set(keys) <= set(pins[id_])]
    return unknown, differing


def pin_and_keep(
    ec2: EC2Client, found: Sequence[hosts.Instance], access: hosts.Access
) -> tuple[list[str], list[str], list[str]]:
    """Pin the keys of running instances, by their tags or else their consoles, and keep them in their tags.

    Returns the ids of the instances whose tag has been written, of those whose console does not show keys
    yet, and of those whose tag has other keys than are pinned here: such a tag is left as it is.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
    """
    unknown, differing = pin_tagged(found, access)
    shown = {id_: keys for id_, keys in console_keys(ec2, unknown).items() if keys} if unknown else {}
    known_hosts.update(access.known_hosts, access.owner, shown, {instance.id for instance in found})
    pins = known_hosts.pins(access.known_hosts)
    values = {
        instance.id: value
        for instance in found
        if not _tagged_keys(instance)
        if (value := known_hosts.as_tag(instance.id, pins.get(instance.id, [])))
    }

    def keep(id_: str) -> None:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": hosts.HOST_KEYS_TAG, "Value": values[id_]}])

    with ThreadPoolExecutor(CONSOLE_READERS) as writers:
        list(writers.map(keep, values))
    return list(values), [id_ for id_ in unknown if id_ not in shown], differing


def _tagged_keys(instance: hosts.Instance) -> list[str]:
    return known_hosts.from_tag(instance.id, instance.tags.get(hosts.HOST_KEYS_TAG, ""))


def _text(output: str) -> str:
    """Return a console output as text; botocore has decoded its base64 already."""
    return output.replace("\x00", "")
