"""What a stack is charged for by use: the price of each unit is named, how many there will be is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..reconcile.model import Wanted
from .line import Line, Priced
from .prices import Services

type Uses = Callable[[Sequence[Wanted], Services], Iterator[Line]]


def _use(what: str, unit: str, price: Priced) -> Line:
    return Line(what, 0, unit, price, None)


def _gateways(_resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    yield _use("Through the NAT gateway", "GB", prices.nat_gb)


def _load_balancers(_resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    yield _use("Answers to the internet", "GB", prices.egress_gb)


def _instances(resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    if len(resources) > 1:
        yield _use("Between zones, each way", "GB", prices.between_zones_gb)
    families = {str(one.properties["instance_type"]).partition(".")[0] for one in resources}
    if families & {"t3", "t3a"}:
        yield _use("CPU credits beyond the baseline, t3", "vCPU-hour", prices.t3_credit_hour)
    if "t4g" in families:
        yield _use("CPU credits beyond the baseline, t4g", "vCPU-hour", prices.t4g_credit_hour)
    yield _use("Traces in X-Ray", "million", prices.traces_million)


def _log_groups(_resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    yield _use("Log events that come in", "GB", prices.log_gb)
    yield _use("Log events that are kept", "GB-month", prices.log_gb_month)
    yield _use("Metrics of hosts, edge and engine", "metric-month", prices.metric_month)


def _buckets(_resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    yield _use("Models and access logs in S3", "GB-month", prices.s3_gb_month)


def _repositories(_resources: Sequence[Wanted], prices: Services) -> Iterator[Line]:
    yield _use("Images in ECR", "GB-month", prices.ecr_gb_month)


BY_USE: Mapping[str, Uses] = {
    "nat_gateway": _gateways,
    "load_balancer": _load_balancers,
    "instance": _instances,
    "log_group": _log_groups,
    "bucket": _buckets,
    "repository": _repositories,
}
"""By the kind of resource that there has to be."""
