"""The load balancer in front of two HTTP servers, driven through boto3 as AWS is."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from moto.elbv2.models import elbv2_backends

from localcloud import patches
from localcloud.balancer.plane import BalancerPlane
from localcloud.pki import Authority
from localcloud.plane import Context
from localcloud.settings import Settings
from localcloud.tests.backend_server import BackendServer

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import RedirectActionConfigTypeDef

REGION = "us-east-1"
ADDRESS = "127.66.7.10"
DELAY_SECONDS = 4
TRACE = "1-67891233-abcdef012345678912345678"


class Stack:
    """A load balancer with an HTTPS listener, a redirect, and a group of `ip` targets."""

    def __init__(self, plane: BalancerPlane, authority: Authority, ports: tuple[int, int]) -> None:
        self.plane = plane
        self.authority = authority
        self.https_port, self.http_port = ports
        self.elb: ElasticLoadBalancingv2Client = boto3.client("elbv2", region_name=REGION)
        ec2 = boto3.client("ec2", region_name=REGION)
        vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.99.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for n, zone in enumerate("ab")
        ]
        self.balancer = self.elb.create_load_balancer(
            Name="web", Subnets=[subnet["Subnet"]["SubnetId"] for subnet in subnets]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self.elb.create_target_group(
            Name="web",
            Protocol="HTTP",
            Port=80,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=self.group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(DELAY_SECONDS)}],
        )
        self._speed_up_checks()
        self._listen()

    def _speed_up_checks(self) -> None:
        # The API takes five seconds at least; the test does not wait for them.
        group = elbv2_backends[self.plane.settings.account_id][REGION].target_groups[self.group]
        group.health_check_interval_seconds = 1

    def _listen(self) -> None:
        pem = self.authority.issue("web", ["web.amazonaws.com", ADDRESS]).read_text()
        body, _, key = pem.partition("-----BEGIN PRIVATE KEY-----")
        certificate = boto3.client("acm", region_name=REGION).import_certificate(
            Certificate=body.encode(),
            PrivateKey=("-----BEGIN PRIVATE KEY-----" + key).encode(),
            CertificateChain=self.authority.certificate_pem.encode(),
        )["CertificateArn"]
        self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTPS",
            Port=self.https_port,
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            Certificates=[{"CertificateArn": certificate}],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )
        redirect: RedirectActionConfigTypeDef = {
            "Protocol": "HTTPS",
            "Port": str(self.https_port),
            "StatusCode": "HTTP_301",
        }
        self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTP",
            Port=self.http_port,
            DefaultActions=[{"Type": "redirect", "RedirectConfig": redirect}],
        )

    def register(self, *servers: tuple[str, BackendServer]) -> None:
        targets = [{"Id": address, "Port": server.port} for address, server in servers]
        self.elb.register_targets(TargetGroupArn=self.group, Targets=targets)  # type: ignore[arg-type]
        self.plane.reconcile()

    def deregister(self, address: str) -> None:
        self.elb.deregister_targets(TargetGroupArn=self.group, Targets=[{"Id": address}])
        self.plane.reconcile()

    def health(self) -> dict[str, tuple[str, str | None]]:
        found = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return {
            item["Target"]["Id"]: (item["TargetHealth"]["State"], item["TargetHealth"].get("Reason"))
            for item in found
        }

    def wait(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not after {seconds} s; health is {self.health()}"
            time.sleep(0.1)
            self.plane.reconcile()

    def connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.authority.certificate_file))
        return http.client.HTTPSConnection(ADDRESS, self.https_port, context=context, timeout=10)

    def get(self, path: str = "/", headers: dict[str, str] | None = None) -> tuple[int, str]:
        connection = self.connection()
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        answer = (response.status, response.read().decode())
        connection.close()
        return answer

    def state(self) -> tuple[str, str]:
        found = self.elb.describe_load_balancers(LoadBalancerArns=[self.balancer])["LoadBalancers"][0][
            "State"
        ]
        return found["Code"], found.get("Reason", "")


def _free_ports() -> tuple[int, int]:
    with socket.create_server((ADDRESS, 0)) as first, socket.create_server((ADDRESS, 0)) as second:
        return int(first.getsockname()[1]), int(second.getsockname()[1])


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[BalancerPlane]:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    settings = Settings(
        state_dir=tmp_path / "state", loopback="127.66.7", prefix="test", hosts_file=tmp_path / "hosts"
    )
    context = Context(settings, wake=lambda: None, networks=lambda: (), guests=lambda _: ())
    with patches.undone(), mock_aws():
        plane = BalancerPlane(context)
        plane.patch()
        yield plane
        plane.clean()
        assert plane.remains() == []
        assert (tmp_path / "hosts").read_text() == "127.0.0.1 localhost\n"


@pytest.fixture
def stack(plane: BalancerPlane, tmp_path: Path) -> Stack:
    return Stack(plane, Authority(tmp_path / "pki"), _free_ports())


@pytest.fixture
def servers() -> Iterator[list[tuple[str, BackendServer]]]:
    made = [(address, BackendServer(address)) for address in ("127.66.8.1", "127.66.8.2")]
    yield made
    for _, server in made:
        server.stop()


def test_requests_reach_both_targets_over_verified_tls(
    stack: Stack, servers: list[tuple[str, BackendServer]], tmp_path: Path
) -> None:
    assert stack.state()[0] == "provisioning"
    stack.register(*servers)
    assert set(stack.health().values()) <= {
        ("initial", "Elb.InitialHealthChecking"),
        ("healthy", None),
    }
    stack.wait(lambda: set(stack.health().values()) == {("healthy", None)})
    assert stack.state()[0] == "active"
    bodies = {stack.get("/", {"X-Forwarded-For": "203.0.113.9"})[1] for _ in range(6)}
    assert {body.splitlines()[0] for body in bodies} == {"127.66.8.1", "127.66.8.2"}
    text = bodies.pop().lower()
    assert "x-forwarded-for: 203.0.113.9, 127.0.0.1" in text
    assert "x-forwarded-proto: https" in text
    assert f"x-forwarded-port: {stack.https_port}" in text
    assert "x-amzn-trace-id: root=1-" in text
    assert f"{ADDRESS} web-1.us-east-1.elb.amazonaws.com" in (tmp_path / "hosts").read_text()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"),
        (f"Root={TRACE};Sampled=1", rf"Self=1-[0-9a-f]{{8}}-[0-9a-f]{{24}};Root={TRACE};Sampled=1"),
        (f"Self=1-1-old;Root={TRACE}", rf"Self=1-[0-9a-f]{{8}}-[0-9a-f]{{24}};Root={TRACE}"),
    ],
)
def test_a_request_can_be_traced(
    stack: Stack, servers: list[tuple[str, BackendServer]], given: str | None, expected: str
) -> None:
    stack.register(*servers)
    _, body = stack.get("/", {"X-Amzn-Trace-Id": given} if given else {})
    (found,) = re.findall(r"^x-amzn-trace-id: (.*)$", body, re.MULTILINE | re.IGNORECASE)
    assert re.fullmatch(expected, found), found


def test_http_redirects_to_https(stack: Stack) -> None:
    stack.plane.reconcile()
    connection = http.client.HTTPConnection(ADDRESS, stack.http_port, timeout=10)
    connection.request("GET", "/a%20b?c=d%26e", headers={"Host": "example.test:80"})
    response = connection.getresponse()
    connection.close()
    assert response.status == 301
    assert response.headers["Location"] == f"https://example.test:{stack.https_port}/a%20b?c=d%26e"


def test_health_follows_the_target(stack: Stack, servers: list[tuple[str, BackendServer]]) -> None:
    stack.register(*servers)
    stack.wait(lambda: set(stack.health().values()) == {("healthy", None)})
    servers[0][1].health = 503
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("unhealthy", "Target.ResponseCodeMismatch"))
    assert {stack.get()[1].splitlines()[0] for _ in range(4)} == {"127.66.8.2"}
    servers[0][1].health = 200
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("healthy", None))


def test_a_target_that_never_answers_becomes_unhealthy_and_still_gets_requests_when_alone(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    servers[0][1].health = 500
    stack.register(servers[0])
    assert stack.health()["127.66.8.1"][0] == "initial"
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("unhealthy", "Target.ResponseCodeMismatch"))
    assert stack.get()[0] == 200


def test_requests_go_on_while_one_of_two_targets_dies(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    stack.register(*servers)
    stack.wait(lambda: set(stack.health().values()) == {("healthy", None)})
    servers[0][1].stop()
    assert [stack.get()[0] for _ in range(20)] == [200] * 20
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("unhealthy", "Target.FailedHealthChecks"))


def test_no_target_is_503_and_a_refusing_one_502(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    stack.plane.reconcile()
    assert stack.get()[0] == 503
    stack.register(servers[0])
    servers[0][1].stop()
    assert stack.get()[0] == 502


def test_a_client_that_leaves_before_its_answer_ends_the_request(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    server = servers[0][1]
    stack.register(servers[0])
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("healthy", None))
    connection = stack.connection()
    connection.request("GET", "/silence")
    assert server.asked.wait(5)
    assert not server.left.is_set()
    connection.close()
    assert server.left.wait(5)


def test_draining_keeps_a_stream_alive_then_ends(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    stack.register(servers[0])
    stack.wait(lambda: stack.health()["127.66.8.1"] == ("healthy", None))
    connection = stack.connection()
    connection.request("GET", "/stream")
    response = connection.getresponse()
    assert response.read(5) == b"first"
    stack.register(servers[1])
    stack.deregister("127.66.8.1")
    assert stack.health()["127.66.8.1"] == ("draining", "Target.DeregistrationInProgress")
    assert {stack.get()[1].splitlines()[0] for _ in range(4)} == {"127.66.8.2"}
    servers[0][1].release.set()
    assert response.read() == b"last"
    connection.close()
    stack.wait(lambda: "127.66.8.1" not in stack.health(), DELAY_SECONDS)


def test_the_deregistration_delay_ends_what_is_left(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    stack.register(*servers)
    stack.wait(lambda: set(stack.health().values()) == {("healthy", None)})
    stack.deregister("127.66.8.2")
    connection = stack.connection()
    connection.request("GET", "/stream")
    response = connection.getresponse()
    assert response.read(5) == b"first"
    began = time.monotonic()
    stack.deregister("127.66.8.1")
    stack.wait(lambda: "127.66.8.1" not in stack.health(), DELAY_SECONDS + 3)
    assert time.monotonic() - began >= DELAY_SECONDS - 0.5
    with pytest.raises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
        response.read()
    connection.close()


def test_a_group_without_listener_is_not_in_use(
    stack: Stack, servers: list[tuple[str, BackendServer]]
) -> None:
    stack.register(servers[0])
    for listener in stack.elb.describe_listeners(LoadBalancerArn=stack.balancer)["Listeners"]:
        stack.elb.delete_listener(ListenerArn=listener["ListenerArn"])
    stack.plane.reconcile()
    assert stack.health() == {"127.66.8.1": ("unused", "Target.NotInUse")}


def test_a_taken_port_is_one_sentence_and_heals(stack: Stack) -> None:
    with socket.create_server(("0.0.0.0", stack.https_port)):
        stack.plane.reconcile()
        code, reason = stack.state()
        assert code == "failed"
        assert reason.startswith("Failed to serve load balancer web: another program listens on")
    stack.plane.reconcile()
    assert stack.state() == ("active", "")


def test_a_deleted_load_balancer_leaves_nothing(stack: Stack, tmp_path: Path) -> None:
    stack.plane.reconcile()
    stack.elb.delete_load_balancer(LoadBalancerArn=stack.balancer)
    stack.plane.reconcile()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, stack.https_port), timeout=2)
    assert "elb" not in (tmp_path / "hosts").read_text()
    assert stack.plane.remains() == []


def test_a_crashed_server_is_cleaned_by_a_new_process(stack: Stack) -> None:
    stack.plane.reconcile()
    later = BalancerPlane(stack.plane.context)
    assert any("HAProxy" in line for line in later.remains())
    later.clean()
    assert later.remains() == []


def test_an_unsupported_balancer_fails_with_its_reason(plane: BalancerPlane) -> None:
    elb = boto3.client("elbv2", region_name=REGION)
    ec2 = boto3.client("ec2", region_name=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.98.0.0/24")["Subnet"]["SubnetId"]
    elb.create_load_balancer(Name="tcp", Type="network", Subnets=[subnet])
    plane.reconcile()
    state = elb.describe_load_balancers(Names=["tcp"])["LoadBalancers"][0]["State"]
    assert state == {
        "Code": "failed",
        "Reason": "Failed to serve load balancer tcp: type network is not available on the embedded AWS.",
    }


def test_an_unsupported_target_group_is_said_and_heals(stack: Stack) -> None:
    for value, expected in (("true", "failed"), ("false", "active")):
        stack.elb.modify_target_group_attributes(
            TargetGroupArn=stack.group, Attributes=[{"Key": "stickiness.enabled", "Value": value}]
        )
        stack.plane.reconcile()
        assert stack.state()[0] == expected


def test_a_fixed_response_keeps_its_body(stack: Stack) -> None:
    body = 'one\n"two" \\ $three 100%'
    stack.elb.create_rule(
        ListenerArn=stack.elb.describe_listeners(LoadBalancerArn=stack.balancer)["Listeners"][0][
            "ListenerArn"
        ],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/fixed/*"]}}],
        Actions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "410", "MessageBody": body},
            }
        ],
    )
    stack.plane.reconcile()
    assert stack.get("/fixed/x") == (410, body)
    assert stack.get("/fixe")[0] == 503
