"""An instance's root volume: what it is, and how it is changed while the instance runs.

It is the one at the instance's RootDeviceName; others that somebody attached are not looked at.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import NeverUsableError
from ..reconcile.model import Change, Found, Value
from .ec2 import client
from .kind import Context

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

ARGUMENTS = {
    "volume_gib": "Size",
    "volume_type": "VolumeType",
    "volume_iops": "Iops",
    "volume_throughput_mibps": "Throughput",
}
"""What ModifyVolume calls the properties that it changes."""


def id_of(instance: InstanceTypeDef) -> str | None:
    """Return the id of the root volume, or None where the instance has none (yet)."""
    for mapping in instance.get("BlockDeviceMappings", []):
        if mapping.get("DeviceName") == instance.get("RootDeviceName") and "Ebs" in mapping:
            return mapping["Ebs"]["VolumeId"]
    return None


def read(context: Context, volumes: Iterable[str]) -> dict[str, dict[str, Value]]:
    """Return the properties of these volumes by their id, by one describe."""
    identifiers = sorted(volumes)
    if not identifiers:
        return {}
    pages = client(context).get_paginator("describe_volumes")
    found: dict[str, dict[str, Value]] = {}
    for page in pages.paginate(Filters=[{"Name": "volume-id", "Values": identifiers}]):
        for volume in page["Volumes"]:
            properties: dict[str, Value] = {
                "volume_gib": volume["Size"],
                "volume_type": volume["VolumeType"],
                "volume_encrypted": volume["Encrypted"],
                "volume_iops": volume.get("Iops"),
                "volume_throughput_mibps": volume.get("Throughput"),
            }
            found[volume["VolumeId"]] = properties
    return found


def modify(context: Context, volume: str, properties: Mapping[str, Value], differs: set[str]) -> None:
    """Ask AWS for what differs, in one modification: their number is limited."""
    arguments: dict[str, Any] = {
        argument: properties[name] for name, argument in ARGUMENTS.items() if name in differs
    }
    client(context).modify_volume(VolumeId=volume, **arguments)


def is_modified(context: Context, volume: str) -> bool:
    """Whether the last modification can be used: from the state optimizing on it can.

    Raises ``NeverUsableError`` where it failed.
    https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html
    """
    answer = client(context).describe_volumes_modifications(
        Filters=[{"Name": "volume-id", "Values": [volume]}]
    )
    last = max(answer["VolumesModifications"], key=lambda one: one["StartTime"], default=None)
    if last is None:
        return False
    state = last["ModificationState"]
    if state == "failed":
        raise NeverUsableError(
            f"The modification of {volume} failed: {last.get('StatusMessage') or 'no reason given'}.",
            "The volume is as it was. Run the same command again, or put the option back.",
        )
    return state in ("optimizing", "completed")


def shrinking(found: Found, changes: Sequence[Change]) -> tuple[str, str] | None:
    """Return a sentence and a remedy where ``changes`` ask for fewer GiB than the volume has."""
    for change in changes:
        now, wanted = change.before, change.after
        if change.path == "volume_gib" and isinstance(now, int) and isinstance(wanted, int) and wanted < now:
            return (
                f"{found.key} ({found.id}) has a root volume of {now} GiB, and a volume cannot shrink to "
                f"{wanted}.",
                f"Set compute.volume_gib to {now} or more.",
            )
    return None
