"""Where a call is made: the parts of an ARN that the request's signature gives."""

from __future__ import annotations

from dataclasses import dataclass

from moto.utilities.utils import get_partition


@dataclass(frozen=True)
class Scope:
    """Region and account."""

    region: str
    account_id: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, …"""
        return get_partition(self.region)

    def fill(self, template: str) -> str:
        """An ARN's template with all that is known of it here."""
        filled = template.replace("${Partition}", self.partition)
        return filled.replace("${Region}", self.region).replace("${Account}", self.account_id)
