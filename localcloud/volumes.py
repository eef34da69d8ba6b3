"""What moto lets pass of ModifyVolume, and drops of a volume that comes with an instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse

type Method = Callable[..., Any]

MODIFICATIONS_A_DAY = 4
GP3_THROUGHPUT = 125
"""MiB/s."""


def refusing(original: Method) -> Method:
    """ModifyVolume neither shrinks a volume nor changes it too often.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html
    """

    def modify_volume(
        self: EC2Backend, volume_id: str, target_size: int | None = None, *others: Any
    ) -> Volume:
        volume = self.get_volume(volume_id)
        if target_size is not None and int(target_size) < volume.size:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"New size cannot be smaller than existing size {volume.size}",
            )
        since = datetime.now(UTC) - timedelta(days=1)
        recent = [one for one in volume.modifications if one.start_time.replace(tzinfo=UTC) > since]
        if len(recent) >= MODIFICATIONS_A_DAY:
            raise EC2ClientError(
                "VolumeModificationRateExceeded",
                "You've reached the maximum modification rate per volume limit. Wait at least 6 hours "
                "between modifications per EBS volume.",
            )
        changed: Volume = original(self, volume_id, target_size, *others)
        return changed

    return modify_volume


def reading_throughput(original: Method) -> Method:
    """The throughput of a block device mapping, which moto does not read."""

    def parse(self: InstanceResponse) -> list[dict[str, Any]]:
        mappings: list[dict[str, Any]] = original(self)
        for mapping, asked in zip(mappings, self._get_param("BlockDeviceMappings", []), strict=True):
            mapping["Ebs"]["Throughput"] = asked.get("Ebs", {}).get("Throughput")
        return mappings

    return parse


def complete(backend: EC2Backend, instances: Iterable[Instance], asked: Mapping[str, Any]) -> None:
    """Give the volumes of new instances the performance that was asked for."""
    by_device = {one["DeviceName"]: one["Ebs"] for one in asked.get("block_device_mappings") or []}
    for instance in instances:
        for device, attached in instance.get_block_device_mapping:
            wanted, volume = by_device.get(device, {}), backend.get_volume(attached.volume_id)
            volume.iops = wanted.get("Iops") or volume.iops
            usual = GP3_THROUGHPUT if volume.volume_type == "gp3" else None
            volume.throughput = wanted.get("Throughput") or volume.throughput or usual
