"""From the wanted resources to a monthly bill. Pure: a graph and a price table in, lines out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..reconcile.model import Wanted
from .prices import AS_OF, HOURS_PER_MONTH, SERVICES, Services, instance_hour

type Priced = float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill, in USD. Prices are None where none was established.

    ``monthly`` is also None for what is charged by use (``unit`` GB): its price is named, its amount unknown.
    """

    what: str
    quantity: float
    unit: str
    unit_price: Priced
    monthly: Priced


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bill: ``lines`` that recur, ``by_use`` that depend on traffic, and what was taken for granted.

    ``total_monthly_usd`` sums what is priced; ``complete`` says whether that is every line.
    """

    region: str
    lines: tuple[Line, ...]
    by_use: tuple[Line, ...]
    total_monthly_usd: float
    complete: bool
    assumptions: tuple[str, ...]


def estimate(wanted: Iterable[Wanted], region: str) -> Estimate:
    """Return what the ``wanted`` resources cost in ``region``, a month of 730 hours, at list prices."""
    resources = tuple(wanted)
    prices = SERVICES.get(region)
    lines = tuple(
        line
        for group in (_instances, _volumes, _gateways, _load_balancers, _addresses, _secrets)
        for line in group(resources, region, prices)
    )
    return Estimate(
        region=region,
        lines=lines,
        by_use=tuple(_by_use(resources, prices)),
        total_monthly_usd=round(sum(line.monthly or 0.0 for line in lines), 2),
        complete=all(line.monthly is not None for line in lines),
        assumptions=tuple(_assumptions(resources)),
    )


def _monthly(what: str, quantity: float, unit: str, price: Priced) -> Line:
    """Return a line of something that is charged by the hour, or by the month where ``unit`` says so."""
    periods = HOURS_PER_MONTH if unit == "hour" else 1
    monthly = None if price is None else round(quantity * price * periods, 2)
    return Line(what, quantity, unit, price, monthly)


def _of(resources: Sequence[Wanted], kind: str) -> list[Wanted]:
    return [one for one in resources if one.kind == kind]


def _instances(resources: Sequence[Wanted], region: str, _prices: Services | None) -> Iterator[Line]:
    counted = Counter(
        (str(one.properties["instance_type"]), bool(one.properties.get("spot")))
        for one in _of(resources, "instance")
    )
    for (instance_type, spot), count in sorted(counted.items()):
        how = "spot, at most" if spot else "on demand"
        yield _monthly(f"EC2 {instance_type}, {how}", count, "hour", instance_hour(instance_type, region))


def _volumes(resources: Sequence[Wanted], _region: str, prices: Services | None) -> Iterator[Line]:
    sizes = [one.properties.get("volume_gib") for one in _of(resources, "instance")]
    total = sum(size for size in sizes if isinstance(size, int))
    if total:
        yield _monthly("EBS gp3 volumes", total, "GB-month", prices.gp3_gb_month if prices else None)


def _gateways(resources: Sequence[Wanted], _region: str, prices: Services | None) -> Iterator[Line]:
    if count := len(_of(resources, "nat_gateway")):
        yield _monthly("NAT gateway", count, "hour", prices.nat_hour if prices else None)


def _load_balancers(resources: Sequence[Wanted], _region: str, prices: Services | None) -> Iterator[Line]:
    if count := len(_of(resources, "load_balancer")):
        yield _monthly("Load balancer", count, "hour", prices.load_balancer_hour if prices else None)
        yield _monthly("Load balancer capacity units", count, "hour", prices.lcu_hour if prices else None)


def _addresses(resources: Sequence[Wanted], _region: str, prices: Services | None) -> Iterator[Line]:
    """Elastic IPs, and one address in each zone of an internet-facing load balancer."""
    count = len(_of(resources, "elastic_ip"))
    for balancer in _of(resources, "load_balancer"):
        subnets = balancer.properties.get("subnets")
        if balancer.properties.get("scheme") == "internet-facing" and isinstance(subnets, Sequence):
            count += len(subnets)
    if count:
        yield _monthly("Public IPv4 addresses", count, "hour", prices.public_ipv4_hour if prices else None)


def _secrets(resources: Sequence[Wanted], _region: str, prices: Services | None) -> Iterator[Line]:
    if count := len(_of(resources, "secret")):
        yield _monthly("Secrets", count, "month", prices.secret_month if prices else None)


def _by_use(resources: Sequence[Wanted], prices: Services | None) -> Iterator[Line]:
    """Name the price of every GB that this stack can be charged for."""
    if _of(resources, "nat_gateway"):
        yield Line("Through the NAT gateway", 0, "GB", prices.nat_gb if prices else None, None)
    if _of(resources, "load_balancer"):
        yield Line("Answers to the internet", 0, "GB", prices.egress_gb if prices else None, None)
    if len(_of(resources, "instance")) > 1:
        yield Line("Between zones, each way", 0, "GB", prices.between_zones_gb if prices else None, None)


def _assumptions(resources: Sequence[Wanted]) -> Iterator[str]:
    yield f"list prices of {AS_OF}, {HOURS_PER_MONTH} hours a month, without tax, free tier and savings plans"
    if _of(resources, "load_balancer"):
        yield "one load balancer capacity unit: up to 1 GB an hour, 25 new connections a second"
    if any(one.properties.get("spot") for one in _of(resources, "instance")):
        yield "spot hosts at the on-demand price, which spot does not exceed"
    yield "not counted: traffic, objects in S3, images in ECR, log events"
