"""Writes the list of prices anew, from AWS's Price List API: ``make prices REGIONS="eu-west-3 us-east-1"``.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from ..aws.errors import wording
from ..aws.session import Connection, Session
from ..cost.prices import PriceList, Services, as_text, parse
from ..errors import AirliftError
from ..price_file import FILE

API_REGION = "us-east-1"
"""The API is in a few regions only, and each has the prices of all."""

SOURCE = "AWS Price List API, GetProducts"

type Product = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """Where the API has one price: the service, what its usage is called without the region, further filters.

    ``region_field`` is the attribute that holds the region; ``times`` makes the unit ours of AWS's.
    """

    price: str
    service: str
    usage: str
    filters: Mapping[str, str] = field(default_factory=dict)
    region_field: str = "regionCode"
    times: float = 1.0


_BALANCER = {"productFamily": "Load Balancer-Application"}
QUERIES = (
    Query("nat_hour", "AmazonEC2", "NatGateway-Hours", {"productFamily": "NAT Gateway"}),
    Query("nat_gb", "AmazonEC2", "NatGateway-Bytes", {"productFamily": "NAT Gateway"}),
    Query("load_balancer_hour", "AWSELB", "LoadBalancerUsage", _BALANCER),
    Query("lcu_hour", "AWSELB", "LCUUsage", _BALANCER),
    Query("public_ipv4_hour", "AmazonVPC", "PublicIPv4:InUseAddress"),
    Query("gp3_gb_month", "AmazonEC2", "EBS:VolumeUsage.gp3", {"volumeApiName": "gp3"}),
    Query("secret_month", "AWSSecretsManager", "AWSSecretsManager-Secrets"),
    Query("egress_gb", "AWSDataTransfer", "DataTransfer-Out-Bytes", region_field="fromRegionCode"),
    Query(
        "between_zones_gb", "AWSDataTransfer", "DataTransfer-Regional-Bytes", region_field="fromRegionCode"
    ),
    Query("s3_gb_month", "AmazonS3", "TimedStorage-ByteHrs", {"volumeType": "Standard"}),
    Query("ecr_gb_month", "AmazonECR", "TimedStorage-ByteHrs"),
    Query("log_gb", "AmazonCloudWatch", "DataProcessing-Bytes", {"operation": "PutLogEvents"}),
    Query("log_gb_month", "AmazonCloudWatch", "TimedStorage-ByteHrs"),
    Query("metric_month", "AmazonCloudWatch", "CW:MetricMonitorUsage"),
    Query("traces_million", "AWSXRay", "XRay-TracesStored", times=1e6),
    Query("t3_credit_hour", "AmazonEC2", "CPUCredits:t3", {"operatingSystem": "Linux"}),
    Query("t4g_credit_hour", "AmazonEC2", "CPUCredits:t4g", {"operatingSystem": "Linux"}),
)
_LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
_REGION_PREFIX = r"(?!TS-|Outposts-|Reserved)([A-Z]{2,4}\d?-|[a-z]{2,4}(-[a-z]+)+-\d+-)?"


def listed(client: Any, regions: Sequence[str], today: str) -> PriceList:
    """Return what the API (a ``pricing`` client) has of ``regions``.

    Raises ``AirliftError`` where AWS does not answer, or does not know a region.
    """
    services = {region: _services(client, region) for region in regions}
    instances: dict[str, dict[str, float]] = {}
    for region in regions:
        for instance_type, price in _instances(client, region):
            instances.setdefault(instance_type, {})[region] = price
    known = {region for prices in instances.values() for region in prices}
    if strange := sorted(set(regions) - known):
        raise AirliftError(f"AWS has no prices for {', '.join(strange)}.", "Correct the regions' names.")
    return PriceList(today, (SOURCE,), services, instances)


def _services(client: Any, region: str) -> Services:
    found: dict[str, float] = {}
    for query in QUERIES:
        filters = {query.region_field: region, **query.filters}
        name = re.compile(_REGION_PREFIX + re.escape(query.usage))
        prices = {
            price
            for product in _products(client, query.service, filters)
            if name.fullmatch(product["product"]["attributes"].get("usagetype", ""))
            and (price := _price(product)) is not None
        }
        # Two prices under one name: which of them is meant is not for us to guess.
        if len(prices) == 1:
            found[query.price] = round(prices.pop() * query.times, 6)
    return Services(**found)


def _instances(client: Any, region: str) -> Iterator[tuple[str, float]]:
    for product in _products(client, "AmazonEC2", {"regionCode": region, **_LINUX}):
        attributes = product["product"]["attributes"]
        price = _price(product)
        if price is not None and attributes.get("operation") == "RunInstances":
            yield attributes["instanceType"], price


def _products(client: Any, service: str, filters: Mapping[str, str]) -> Iterator[Product]:
    asked = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()]
    with wording("ask for the prices of", service, API_REGION):
        for page in client.get_paginator("get_products").paginate(ServiceCode=service, Filters=asked):
            yield from map(json.loads, page["PriceList"])


def _price(product: Product) -> float | None:
    """Return the price on demand of the first unit that is not free: prices fall with the amount."""
    dimensions = [
        dimension
        for term in product.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
    ]
    for dimension in sorted(dimensions, key=lambda one: float(one.get("beginRange") or 0)):
        if (price := float(dimension["pricePerUnit"].get("USD", 0))) > 0:
            return price
    return None


def main(arguments: Iterable[str]) -> None:
    """Write the file for the regions in ``arguments`` and those that are in it."""
    regions = sorted({*parse(FILE.read_text(encoding="utf-8")).services, *arguments})
    client = Session(Connection(region=API_REGION)).client("pricing")
    prices = listed(client, regions, f"{datetime.now(UTC):%Y-%m-%d}")
    FILE.write_text(as_text(prices), encoding="utf-8")
    print(f"{FILE}: {len(prices.instances)} instance types in {len(regions)} regions, of {prices.as_of}")
    for region, of in prices.services.items():
        if missing := [one.name for one in fields(of) if getattr(of, one.name) is None]:
            print(f"{region}: AWS does not say {', '.join(missing)}; these are not priced.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AirliftError as error:
        sys.exit(str(error))
