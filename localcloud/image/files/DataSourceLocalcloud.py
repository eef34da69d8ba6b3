"""cloud-init's Ec2 datasource, sure that it is on EC2.

cloud-init tells EC2 by the machine's firmware, which it does not believe inside a container; and it speaks
IMDSv2 only where it is sure. Everything else is Debian's cloud-init as it comes.
"""

from __future__ import annotations

from typing import Any

from cloudinit import sources  # type: ignore[import-not-found]  # the image has it
from cloudinit.sources.DataSourceEc2 import CloudNames, DataSourceEc2  # type: ignore[import-not-found]


class DataSourceLocalcloud(DataSourceEc2):  # type: ignore[misc]  # its base is in the image
    """Reads the metadata service once the network is there."""

    dsname = "Ec2"

    def _get_cloud_name(self) -> str:
        return str(CloudNames.AWS)


def get_datasource_list(depends: list[str]) -> list[Any]:
    """cloud-init asks each module which of its datasources fit a stage of the boot."""
    offered = [(DataSourceLocalcloud, (sources.DEP_FILESYSTEM, sources.DEP_NETWORK))]
    return list(sources.list_from_depends(depends, offered))
