"""The list of prices, asked of an API that answers as AWS's Price List does: by filters, in pages, in tiers.

The shape is that of https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html.
moto has no such API, so what is left unproven is that AWS names its usage as the queries do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.cost.prices import Services, as_text, parse
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.execution import price_refresh
from ansible_collections.airlift.stack.plugins.module_utils.execution.price_refresh import listed


def product(service: str, usage: str, *tiers: float, **attributes: str) -> Mapping[str, Any]:
    """Return a product as the API has it, with a price for each tier."""
    region = attributes.pop("region", "eu-central-1")
    where = "fromRegionCode" if service == "AWSDataTransfer" else "regionCode"
    dimensions = {
        f"T{number}": {"beginRange": str(number * 1000), "pricePerUnit": {"USD": f"{price:.10f}"}}
        for number, price in enumerate(tiers)
    }
    return {
        "serviceCode": service,
        "product": {"attributes": {"usagetype": usage, where: region, **attributes}},
        "terms": {"OnDemand": {"A": {"priceDimensions": dimensions}}},
    }


def instance(instance_type: str, price: float, **attributes: str) -> Mapping[str, Any]:
    usual = {
        "instanceType": instance_type,
        "operation": "RunInstances",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }
    return product("AmazonEC2", f"EUC1-BoxUsage:{instance_type}", price, **usual | attributes)


ALB = {"productFamily": "Load Balancer-Application"}
NAT = {"productFamily": "NAT Gateway"}
PRODUCTS = [
    product("AmazonEC2", "EUC1-NatGateway-Hours", 0.052, **NAT),
    product("AmazonEC2", "EUC1-NatGateway-Bytes", 0.053, **NAT),
    product("AmazonEC2", "NatGateway-Hours", 0.045, region="us-east-1", **NAT),
    product("AWSELB", "EUC1-LoadBalancerUsage", 0.027, **ALB),
    product("AWSELB", "EUC1-TS-LoadBalancerUsage", 0.006, **ALB),
    product("AWSELB", "EUC1-Outposts-LoadBalancerUsage", 0.027, **ALB),
    product("AWSELB", "TS-LoadBalancerUsage", 0.005, region="us-east-1", **ALB),
    product("AWSELB", "LoadBalancerUsage", 0.0225, region="us-east-1", **ALB),
    product("AWSELB", "EUC1-LCUUsage", 0.008, **ALB),
    product("AWSELB", "EUC1-ReservedLCUUsage", 0.007, **ALB),
    product("AWSELB", "EUC1-LCUUsage", 0.006, productFamily="Load Balancer-Network"),
    product("AmazonVPC", "EUC1-PublicIPv4:InUseAddress", 0.005),
    product("AmazonEC2", "EUC1-EBS:VolumeUsage.gp3", 0.0952, volumeApiName="gp3"),
    product("AWSSecretsManager", "EUC1-AWSSecretsManager-Secrets", 0.4),
    product("AWSDataTransfer", "EUC1-DataTransfer-Out-Bytes", 0.0, 0.09, 0.085),
    product("AWSDataTransfer", "EUC1-DataTransfer-Regional-Bytes", 0.01),
    product("AmazonS3", "EUC1-TimedStorage-ByteHrs", 0.0245, 0.0235, volumeType="Standard"),
    product("AmazonECR", "EUC1-TimedStorage-ByteHrs", 0.1),
    product("AmazonCloudWatch", "EUC1-DataProcessing-Bytes", 0.63, operation="PutLogEvents"),
    product("AmazonCloudWatch", "EUC1-TimedStorage-ByteHrs", 0.0324),
    product("AmazonCloudWatch", "EUC1-CW:MetricMonitorUsage", 0.3, 0.1),
    product("AWSXRay", "EUC1-XRay-TracesStored", 0.000005),
    product("AmazonEC2", "EUC1-CPUCredits:t3", 0.05, operatingSystem="Linux"),
    product("AmazonEC2", "EUC1-CPUCredits:t4g", 0.04, operatingSystem="Linux"),
    product("AmazonEC2", "EUC1-CPUCredits:t4g", 0.041, operatingSystem="Linux"),
    instance("m7i.large", 0.12075),
    instance("g6.xlarge", 1.0064),
    instance("g6.xlarge", 3.0, operatingSystem="Windows"),
    instance("g6.xlarge", 2.0, operation="RunInstances:0010"),
    instance("m7i.large", 0.1008, region="us-east-1"),
]


class PriceListApi(BaseHTTPRequestHandler):
    """Answers GetProducts, two products a page."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(self.headers["X-Amz-Target"])
        wanted = {one["Field"]: one["Value"] for one in request["Filters"] if one["Type"] == "TERM_MATCH"}
        fits = [
            json.dumps(one)
            for one in PRODUCTS
            if one["serviceCode"] == request["ServiceCode"]
            and wanted.items() <= one["product"]["attributes"].items()
        ]
        start = int(request.get("NextToken", 0))
        answer: dict[str, object] = {"FormatVersion": "aws_v1", "PriceList": fits[start : start + 2]}
        if start + 2 < len(fits):
            answer["NextToken"] = str(start + 2)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), PriceListApi)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield Session(Connection("us-east-1", None, url, "LKIAPRICES", "secret")).client("pricing")
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_price_is_found_under_its_own_name(client: Any) -> None:
    prices = listed(client, ["eu-central-1", "us-east-1"], "2026-11-28")
    assert prices.of("eu-central-1") == Services(
        nat_hour=0.052,
        nat_gb=0.053,
        load_balancer_hour=0.027,
        lcu_hour=0.008,
        public_ipv4_hour=0.005,
        gp3_gb_month=0.0952,
        secret_month=0.4,
        egress_gb=0.09,
        between_zones_gb=0.01,
        s3_gb_month=0.0245,
        ecr_gb_month=0.1,
        log_gb=0.63,
        log_gb_month=0.0324,
        metric_month=0.3,
        traces_million=5.0,
        t3_credit_hour=0.05,
        t4g_credit_hour=None,  # two prices under one name
    )
    assert prices.of("us-east-1") == Services(nat_hour=0.045, load_balancer_hour=0.0225)
    assert prices.instances == {
        "m7i.large": {"eu-central-1": 0.12075, "us-east-1": 0.1008},
        "g6.xlarge": {"eu-central-1": 1.0064},
    }
    assert set(PriceListApi.asked) == {"AWSPriceListService.GetProducts"}
    assert parse(as_text(prices)) == prices


def test_a_region_that_aws_does_not_know_is_no_empty_list(client: Any) -> None:
    with pytest.raises(AirliftError, match="AWS has no prices for eu-centrl-1"):
        listed(client, ["eu-central-1", "eu-centrl-1"], "2026-11-28")


def test_the_command_writes_the_file_and_says_what_is_missing(
    client: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"as_of": "2025-01-01", "sources": [], "services": {"us-east-1": {}}, "instances": {}}')
    monkeypatch.setattr(price_refresh, "FILE", file)
    monkeypatch.setenv("AWS_ENDPOINT_URL", client.meta.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "LKIAPRICES")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    price_refresh.main(["eu-central-1"])
    written = parse(file.read_text())
    assert written.services.keys() == {"us-east-1", "eu-central-1"}
    assert written.as_of > "2026"
    assert written.sources == ("AWS Price List API, GetProducts",)
    said = capsys.readouterr().out
    assert "2 instance types in 2 regions" in said
    assert "eu-central-1: AWS does not say t4g_credit_hour; these are not priced." in said
