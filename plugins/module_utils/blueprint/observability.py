"""The observability layer: where logs go, and for how long."""

from __future__ import annotations

from ..errors import BlueprintError
from ..reconcile.model import Wanted
from .options import Facts, StackOptions

LOG_GROUPS = "observability/log-group/"
"""What the keys of log groups begin with; what they are for follows."""

GROUPS = ("edge", "inference", "host")

_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
)
"""What PutRetentionPolicy takes, and nothing between."""


def wanted(options: StackOptions, _facts: Facts) -> list[Wanted]:
    """Return the log groups."""
    days = options.observability.log_retention_days
    if days not in _RETENTION_DAYS:
        raise BlueprintError(
            f"observability.log_retention_days is {days}; CloudWatch takes only "
            f"{', '.join(map(str, _RETENTION_DAYS))}."
        )
    return [
        Wanted(
            "log_group",
            f"{LOG_GROUPS}{group}",
            {"name": name, "retention_days": days},
            protected=True,
        )
        for group, name in group_names(options).items()
    ]


def group_names(options: StackOptions) -> dict[str, str]:
    """Return the name of each log group by what it is for."""
    return {group: f"/{options.name}/{group}" for group in GROUPS}
