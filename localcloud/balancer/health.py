"""What HAProxy sees of a target, in ELBv2's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.balancer.model import HealthCheck


@dataclass(frozen=True)
class Health:
    """State, reason and description as DescribeTargetHealth answers them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
    """

    state: str
    reason: str | None = None
    description: str | None = None


HEALTHY = Health("healthy")
UNCHECKED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are disabled for this target")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")


def health_of(row: Mapping[str, str] | None, check: HealthCheck | None, unproven: bool) -> Health:
    """Health from a server's row of `show stat`.

    `row` is None while HAProxy does not know the server; `unproven` says that the target was neither healthy
    before nor registered long enough to be called unhealthy.
    """
    if row is None:
        return REGISTERING
    if check is None:
        return UNCHECKED
    if row["status"].startswith("UP"):
        return HEALTHY
    if unproven:
        return CHECKING
    return _unhealthy(row)


def initial_seconds(check: HealthCheck) -> int:
    """How long a new target that never passed a check is `initial` before it is `unhealthy`."""
    return check.interval_seconds * check.unhealthy_threshold + check.timeout_seconds


def _unhealthy(row: Mapping[str, str]) -> Health:
    status = row.get("check_status", "").removeprefix("* ")
    if status.endswith("TOUT"):
        return Health("unhealthy", "Target.Timeout", "Request timed out")
    if status == "L7STS":
        return Health(
            "unhealthy",
            "Target.ResponseCodeMismatch",
            f"Health checks failed with these codes: [{row.get('check_code', '')}]",
        )
    return Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
