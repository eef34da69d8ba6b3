"""A spot interruption: the host leaves the load balancer in time, streams end, and nobody notices.

On an embedded AWS of its own, beside the developer's: two real spot instances behind a real load balancer.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.tests.clouds import Cloud, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
PLAYBOOK = "tests/integration/hosts_of_spot.yml"

NOTICE_SECONDS = 60
# Five seconds until the watcher looks, two health checks of five seconds each, and a slow machine.
LEFT_WITHIN_SECONDS = 50
STREAM_SECONDS = 40


@dataclass(frozen=True)
class Spot:
    """Two spot hosts that serve behind a load balancer."""

    cloud: Cloud
    subnets: list[str]
    instances: list[str]
    group: str
    address: str
    key: str
    folder: Path

    def health(self) -> dict[str, str]:
        found = self.cloud.client("elbv2").describe_target_health(TargetGroupArn=self.group)
        described = found["TargetHealthDescriptions"]
        return {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in described}

    def state(self, instance: str) -> str:
        return state_of(self.cloud, instance)

    def ask(self, **fields: object) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(self.address, 8480, timeout=90)) as connection:
            body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "Hi"}], **fields})
            headers = {"Authorization": f"Bearer {self.key}"}
            connection.request("POST", "/v1/chat/completions", body, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def replace(self, instance: str) -> str:
        """Put a new host in an instance's place, as the stack does; return its id."""
        fresh = launch(self.cloud, self.subnets[self.instances.index(instance)])
        configure(self.cloud, [fresh], self.key, self.folder)
        self.cloud.client("elbv2").register_targets(TargetGroupArn=self.group, Targets=[{"Id": fresh}])
        return fresh

    def interrupt(self, instance: str) -> None:
        body = json.dumps({"instance_id": instance, "in_seconds": NOTICE_SECONDS}).encode()
        url = f"{self.cloud.endpoint}/_localcloud/spot-interruption"
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as reply:
            assert reply.status == 200


def state_of(cloud: Cloud, instance: str) -> str:
    """What EC2 says of an instance."""
    (reservation,) = cloud.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    return str(reservation["Instances"][0]["State"]["Name"])


def network(cloud: Cloud) -> tuple[str, list[str]]:
    """Make a VPC with two subnets and a way out; return its id and theirs."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.218.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.218.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("ab", start=1)
    ]
    return vpc, subnets


def launch(cloud: Cloud, subnet: str) -> str:
    """Launch a spot instance and wait until it runs; return its id."""
    ec2 = cloud.client("ec2")
    (image,) = ec2.describe_images(Owners=["self"])["Images"]
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "SubnetId": subnet}
    instance = str(
        ec2.run_instances(
            ImageId=image["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.small",
            InstanceMarketOptions={"MarketType": "spot"},
            NetworkInterfaces=[interface],
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        )["Instances"][0]["InstanceId"]
    )  # fmt: skip
    wait_for(lambda: state_of(cloud, instance) == "running", 240, f"{instance} runs")
    return instance


def balance(cloud: Cloud, vpc: str, subnets: list[str], instances: list[str]) -> tuple[str, str]:
    """Put a load balancer in front; return the target group and the load balancer's address."""
    elb = cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name="spot", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="spot", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="instance", HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=4, HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance} for instance in instances])
    action: Any = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=8480, DefaultActions=[action]
    )
    return group, str(balancer["DNSName"])


def resolves(name: str) -> bool:
    """Whether a host name has an address: a load balancer's comes a moment after it."""
    try:
        socket.gethostbyname(name)
    except socket.gaierror:
        return False
    return True


def configure(cloud: Cloud, instances: list[str], key: str, folder: Path) -> None:
    """Make hosts of the instances, as playbooks/configure.yml does, with a stand-in for the engine."""
    hosts = {f"{cloud.prefix}-{instance}": {} for instance in instances}
    variables = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
        "api_key": key,
    }
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, PLAYBOOK]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spot]:
    folder = tmp_path_factory.mktemp("spot")
    cloud = Cloud(folder, port=4966, prefix="spottest", loopback="127.71.0")
    cloud.must("start")
    try:
        vpc, subnets = network(cloud)
        instances = [launch(cloud, subnet) for subnet in subnets]
        key = f"al-{secrets.token_urlsafe(32)}"
        group, name = balance(cloud, vpc, subnets, instances)
        wait_for(lambda: resolves(name), 60, f"{name} has an address")
        spot = Spot(cloud, subnets, instances, group, socket.gethostbyname(name), key, folder)
        configure(cloud, instances, key, folder)
        wait_for(lambda: set(spot.health().values()) == {"healthy"}, 60, f"all healthy: {spot.health()}")
        yield spot
    finally:
        cloud.must("stop")


class Load(threading.Thread):
    """Short questions without a pause, until stopped."""

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot, self.over = spot, threading.Event()
        self.statuses: list[str] = []

    def run(self) -> None:
        while not self.over.wait(0.1):
            try:
                self.statuses.append(str(self.spot.ask()[0]))
            except OSError as error:
                self.statuses.append(repr(error))


def test_a_spot_interruption_loses_no_request_cuts_no_stream_and_a_replacement_serves(spot: Spot) -> None:
    leaving, staying = spot.instances
    load = Load(spot)
    load.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            # Round robin: two of the four are on the host that goes.
            streams = [
                pool.submit(spot.ask, stream=True, chunks=STREAM_SECONDS * 2, interval_seconds=0.5)
                for _ in range(4)
            ]
            time.sleep(2)
            start = time.monotonic()
            spot.interrupt(leaving)
            wait_for(lambda: spot.health()[leaving] == "unhealthy", LEFT_WITHIN_SECONDS, "it leaves")
            print(f"left the load balancer {time.monotonic() - start:.1f} s after the notice")
            assert spot.state(leaving) == "running", "it left while it still ran"
            assert spot.health()[staying] == "healthy"
            for streamed in streams:
                status, text = streamed.result()
                assert status == 200
                assert text.rstrip().endswith(b"data: [DONE]")
        wait_for(lambda: spot.state(leaving) == "terminated", NOTICE_SECONDS + 30, "it is taken away")
        fresh = spot.replace(leaving)
        wait_for(lambda: spot.health().get(fresh) == "healthy", 60, "the replacement is healthy")
        # Round robin between the two: the replacement alone serves when the other has left.
        spot.interrupt(staying)
        wait_for(lambda: spot.health()[staying] == "unhealthy", LEFT_WITHIN_SECONDS, "the other leaves")
        before = len(load.statuses)
        wait_for(lambda: len(load.statuses) > before + 20, 30, "the replacement serves")
    finally:
        load.over.set()
        load.join()
    print(f"{len(load.statuses)} requests meanwhile")
    assert set(load.statuses) == {"200"}, load.statuses
    assert len(load.statuses) > 100
