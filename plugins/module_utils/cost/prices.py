"""List prices in USD, as far as they were established. What is not here is not priced, never guessed.

Read in November 2026 from:

- Services: https://aws.amazon.com/vpc/pricing/ (NAT gateway, public IPv4), .../elasticloadbalancing/pricing/,
  .../ebs/pricing/, .../secrets-manager/pricing/, as guides of 2026 quote them; for eu-west-1 also AWS's
  price list file of October 2026, and bills of 2026 for the load balancers in Europe.
- Instances: the SkyPilot catalog (github.com/skypilot-org/skypilot-catalog, catalogs/v8/aws/vms.csv), made
  from AWS's price list API; g5.xlarge: https://aws.amazon.com/ec2/pricing/on-demand/ as quoted in June 2026.

Without tax, free tier, savings plans and credits. To add a region or a type, add its row and its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AS_OF = "November 2026"
HOURS_PER_MONTH = 730
"""As AWS's own calculator counts a month."""


@dataclass(frozen=True, slots=True)
class Services:
    """One region's prices: an hour, a GB processed, a GB-month."""

    nat_hour: float
    nat_gb: float
    load_balancer_hour: float
    lcu_hour: float
    gp3_gb_month: float
    egress_gb: float = 0.09
    between_zones_gb: float = 0.01
    public_ipv4_hour: float = 0.005
    secret_month: float = 0.40


_NORTH_AMERICA = Services(
    nat_hour=0.045, nat_gb=0.045, load_balancer_hour=0.0225, lcu_hour=0.008, gp3_gb_month=0.08
)

SERVICES: Mapping[str, Services] = {
    "us-east-1": _NORTH_AMERICA,
    "us-east-2": _NORTH_AMERICA,
    "us-west-2": _NORTH_AMERICA,
    "eu-west-1": Services(
        nat_hour=0.048, nat_gb=0.048, load_balancer_hour=0.0252, lcu_hour=0.008, gp3_gb_month=0.088
    ),
    "eu-central-1": Services(
        nat_hour=0.052, nat_gb=0.052, load_balancer_hour=0.027, lcu_hour=0.008, gp3_gb_month=0.0952
    ),
}

FAMILY_XLARGE_HOUR: Mapping[str, Mapping[str, float]] = {
    "m6i": {
        "us-east-1": 0.192,
        "us-east-2": 0.192,
        "us-west-2": 0.192,
        "eu-west-1": 0.214,
        "eu-central-1": 0.23,
    },
    "m7i": {
        "us-east-1": 0.2016,
        "us-east-2": 0.2016,
        "us-west-2": 0.2016,
        "eu-west-1": 0.2247,
        "eu-central-1": 0.2415,
    },
}
"""Linux, on demand. In these families a size costs in proportion to its vCPUs (checked at both ends)."""

SIZES: Mapping[str, float] = {
    "large": 0.5,
    "xlarge": 1,
    "2xlarge": 2,
    "4xlarge": 4,
    "8xlarge": 8,
    "12xlarge": 12,
    "16xlarge": 16,
    "24xlarge": 24,
}
"""How many times an xlarge a size is."""

INSTANCE_HOUR: Mapping[str, Mapping[str, float]] = {
    "g5.xlarge": {"us-east-1": 1.006},
    "g6.xlarge": {"us-east-1": 0.8048, "eu-central-1": 1.0064},
    "g6.8xlarge": {"us-east-1": 2.0144, "us-east-2": 2.0144, "us-west-2": 2.0144, "eu-central-1": 2.519},
}
"""Linux, on demand, of types whose family is not proportional."""


def instance_hour(instance_type: str, region: str) -> float | None:
    """Return what an instance costs an hour on demand, or None where that was not established."""
    exact = INSTANCE_HOUR.get(instance_type, {}).get(region)
    if exact is not None:
        return exact
    family, _, size = instance_type.partition(".")
    xlarge = FAMILY_XLARGE_HOUR.get(family, {}).get(region)
    return xlarge * SIZES[size] if xlarge is not None and size in SIZES else None
