"""From the wanted resources to a monthly bill. Pure: a graph and a list of prices in, lines out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..reconcile.model import Wanted
from .by_use import BY_USE
from .line import Line, Priced
from .prices import HOURS_PER_MONTH, PriceList

FREE = frozenset(
    {
        *("certificate", "default_security_group", "iam_role", "instance_profile", "internet_gateway"),
        *("key_pair", "listener", "parameter", "route_table", "security_group", "security_group_rule"),
        *("subnet", "target", "target_group", "vpc", "vpc_endpoint"),
    }
)
"""Kinds that AWS charges nothing for: an imported certificate, a standard parameter, a gateway endpoint."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bill: ``lines`` that recur, ``by_use`` that depend on use, and what was taken for granted.

    ``total_monthly_usd`` sums what is priced; ``complete`` says whether that is every line.
    """

    region: str
    as_of: str
    lines: tuple[Line, ...]
    by_use: tuple[Line, ...]
    total_monthly_usd: float
    complete: bool
    assumptions: tuple[str, ...]


def estimate(wanted: Iterable[Wanted], region: str, prices: PriceList) -> Estimate:
    """Return what the ``wanted`` resources cost in ``region``, a month of 730 hours, at list prices."""
    resources = tuple(wanted)
    lines = tuple(line for bill, _kinds in _BILLS for line in bill(resources, region, prices))
    by_use = tuple(
        line
        for kind, uses in BY_USE.items()
        if (these := _of(resources, kind))
        for line in uses(these, prices.of(region))
    )
    return Estimate(
        region=region,
        as_of=prices.as_of,
        lines=lines,
        by_use=by_use,
        total_monthly_usd=round(sum(line.monthly or 0.0 for line in lines), 2),
        complete=all(line.monthly is not None for line in lines),
        assumptions=tuple(_assumptions(resources, prices.as_of)),
    )


def _monthly(what: str, quantity: float, unit: str, price: Priced) -> Line:
    """Return a line of something that is charged by the hour, or by the month where ``unit`` says so."""
    periods = HOURS_PER_MONTH if unit == "hour" else 1
    monthly = None if price is None else round(quantity * price * periods, 2)
    return Line(what, quantity, unit, price, monthly)


def _of(resources: Sequence[Wanted], kind: str) -> list[Wanted]:
    return [one for one in resources if one.kind == kind]


def _instances(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    counted = Counter(
        (str(one.properties["instance_type"]), bool(one.properties.get("spot")))
        for one in _of(resources, "instance")
    )
    for (instance_type, spot), count in sorted(counted.items()):
        how = "spot, at most" if spot else "on demand"
        yield _monthly(
            f"EC2 {instance_type}, {how}", count, "hour", prices.instance_hour(instance_type, region)
        )


def _volumes(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    sizes = [one.properties.get("volume_gib") for one in _of(resources, "instance")]
    total = sum(size for size in sizes if isinstance(size, int))
    if total:
        yield _monthly("EBS gp3 volumes", total, "GB-month", prices.of(region).gp3_gb_month)


def _gateways(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    if count := len(_of(resources, "nat_gateway")):
        yield _monthly("NAT gateway", count, "hour", prices.of(region).nat_hour)


def _load_balancers(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    if count := len(_of(resources, "load_balancer")):
        yield _monthly("Load balancer", count, "hour", prices.of(region).load_balancer_hour)
        yield _monthly("Load balancer capacity units", count, "hour", prices.of(region).lcu_hour)


def _addresses(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    """Elastic IPs, and one address in each zone of an internet-facing load balancer."""
    count = len(_of(resources, "elastic_ip"))
    for balancer in _of(resources, "load_balancer"):
        subnets = balancer.properties.get("subnets")
        if balancer.properties.get("scheme") == "internet-facing" and isinstance(subnets, Sequence):
            count += len(subnets)
    if count:
        yield _monthly("Public IPv4 addresses", count, "hour", prices.of(region).public_ipv4_hour)


def _secrets(resources: Sequence[Wanted], region: str, prices: PriceList) -> Iterator[Line]:
    if count := len(_of(resources, "secret")):
        yield _monthly("Secrets", count, "month", prices.of(region).secret_month)


_BILLS: tuple[tuple[Callable[[Sequence[Wanted], str, PriceList], Iterator[Line]], tuple[str, ...]], ...] = (
    (_instances, ("instance",)),
    (_volumes, ("instance",)),
    (_gateways, ("nat_gateway",)),
    (_load_balancers, ("load_balancer",)),
    (_addresses, ("elastic_ip", "load_balancer")),
    (_secrets, ("secret",)),
)
"""In the bill's order: each with the kinds of resources that it looks for."""

BILLED = frozenset(kind for _bill, kinds in _BILLS for kind in kinds)


def _assumptions(resources: Sequence[Wanted], as_of: str) -> Iterator[str]:
    yield f"list prices of {as_of}, {HOURS_PER_MONTH} hours a month, without tax, free tier and savings plans"
    if _of(resources, "load_balancer"):
        yield "one load balancer capacity unit: up to 1 GB an hour, 25 new connections a second"
    if any(one.properties.get("spot") for one in _of(resources, "instance")):
        yield "spot hosts at the on-demand price, which spot does not exceed"
    yield "not counted: what is charged by use, as above; requests to S3, ECR, KMS and Secrets Manager"
