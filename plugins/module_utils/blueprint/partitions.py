"""Partitions of AWS: where their names end."""

from __future__ import annotations

_SUFFIX = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}


def dns_suffix(partition: str) -> str:
    """Return the domain of the endpoints of ``partition``, such as ``amazonaws.com``."""
    return _SUFFIX.get(partition, "amazonaws.com")
