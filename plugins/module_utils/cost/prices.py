"""A list of AWS's prices in USD, as far as they were established. What is not in it is not priced.

``prices.json`` beside this file is the list that estimates are made from; ``make prices`` writes it anew.
Pure: who reads the file is ``price_file``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

HOURS_PER_MONTH = 730
"""As AWS's own calculator counts a month."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Services:
    """One region's prices, None where none was established.

    By the hour, the GB that passes, the GB kept for a month, the thing kept for a month, the million.
    """

    nat_hour: float | None = None
    nat_gb: float | None = None
    load_balancer_hour: float | None = None
    lcu_hour: float | None = None
    public_ipv4_hour: float | None = None
    gp3_gb_month: float | None = None
    secret_month: float | None = None
    egress_gb: float | None = None
    between_zones_gb: float | None = None
    s3_gb_month: float | None = None
    ecr_gb_month: float | None = None
    log_gb: float | None = None
    log_gb_month: float | None = None
    metric_month: float | None = None
    traces_million: float | None = None
    t3_credit_hour: float | None = None
    t4g_credit_hour: float | None = None


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of ``as_of`` (an ISO date), by region; of instances, by type and region, an hour on demand."""

    as_of: str
    sources: tuple[str, ...]
    services: Mapping[str, Services]
    instances: Mapping[str, Mapping[str, float]]

    def of(self, region: str) -> Services:
        """Return the services' prices in ``region``; all None where it is not in the list."""
        return self.services.get(region, Services())

    def instance_hour(self, instance_type: str, region: str) -> float | None:
        """Return what a Linux instance costs an hour on demand."""
        return self.instances.get(instance_type, {}).get(region)


def parse(text: str) -> PriceList:
    """Return the list that ``text`` holds. Raises ``ValueError`` for what is no list of prices."""
    raw: dict[str, Any] = json.loads(text)
    known = {one.name for one in fields(Services)}
    services, instances = raw["services"], raw["instances"]
    if strange := {name for prices in services.values() for name in prices} - known:
        raise ValueError(f"there is no price named {min(strange)}")
    every = [
        price for table in (services, instances) for prices in table.values() for price in prices.values()
    ]
    if any(not isinstance(price, int | float) or price <= 0 for price in every):
        raise ValueError("a price is a number above 0")
    if not _DATE.fullmatch(str(raw["as_of"])):
        raise ValueError(f"as_of is {raw['as_of']!r}, which is no date")
    return PriceList(
        as_of=raw["as_of"],
        sources=tuple(raw["sources"]),
        services={region: Services(**prices) for region, prices in services.items()},
        instances=instances,
    )


def as_text(prices: PriceList) -> str:
    """Return the list as a file: a line for each region and type, so that a change is a line."""
    services = {
        region: {one.name: price for one in fields(of) if (price := getattr(of, one.name)) is not None}
        for region, of in prices.services.items()
    }
    parts = [
        f'"as_of": {json.dumps(prices.as_of)}',
        f'"sources": {json.dumps(list(prices.sources), indent=2)}',
        f'"services": {_lines(services)}',
        f'"instances": {_lines(prices.instances)}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(table: Mapping[str, Mapping[str, float]]) -> str:
    rows = (f"  {json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table))
    return "{\n" + ",\n".join(rows) + "\n}"
