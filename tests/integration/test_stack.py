"""The whole stack against the embedded AWS's control plane: create, no-op, change, drift, failure, removal.

What this leaves unproven: AWS's real timings and its eventual consistency.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.arguments import STACK
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError

from tests.integration.cloud import Cloud, served, validated

MOST_REQUESTS = 45
RESOURCES = 40
KEPT = 7


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("stack")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    server.begin_anew()
    return server


def steps(result: dict[str, Any]) -> list[str]:
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


def test_from_nothing_to_nothing(cloud: Cloud) -> None:
    first = cloud.provision()
    assert not first["failed"], first.get("msg")
    assert first["summary"]["create"] == RESOURCES
    assert first["outputs"]["bucket"] == "demo-123456789012-us-east-1"
    assert len(first["outputs"]["instance_ids"]) == 2
    assert first["outputs"]["endpoint_url"] == "https://demo.test/v1"
    assert first["outputs"]["vpc_cidr"] == "10.213.0.0/16"
    assert first["outputs"]["edge_port"] == 8080
    assert first["outputs"]["idle_timeout_seconds"] == 1200
    assert len(first["timings"]) == RESOURCES
    cloud.forget_requests()
    second = cloud.provision()
    assert steps(second) == []
    assert not second["changed"]
    asked = cloud.requests()
    assert asked["mutating"] == 0
    assert asked["total"] <= MOST_REQUESTS, asked["by_action"]
    assert second["outputs"] == first["outputs"]
    seen = cloud.info()
    assert seen["exists"]
    assert seen["outputs"] == first["outputs"]
    kept = cloud.provision(state="absent")
    assert not kept["failed"], kept.get("msg")
    assert len(cloud.info()["resources"]) == KEPT
    gone = cloud.provision(state="absent", destroy_data=True)
    assert not gone["failed"], gone.get("msg")
    assert cloud.info()["resources"] == []
    assert gone["unmanaged"] == []
    again = cloud.provision(state="absent", destroy_data=True)
    assert not again["changed"]


def test_check_mode_plans_everything_and_changes_nothing(cloud: Cloud) -> None:
    result = cloud.provision(check=True)
    assert result["changed"]
    assert result["summary"]["create"] == RESOURCES
    assert cloud.requests()["mutating"] == 0
    text = result["diff"]["prepared"]
    assert "  + network/subnet/private/a (subnet)" in text
    assert "vpc: (known after apply)" in text
    assert text.rstrip().endswith("Plan: 40 to create.")
    assert "private_key: (secret)" in text
    assert "BEGIN" not in text.replace("-----BEGIN CERTIFICATE-----", "")
    assert result["cost"]["total_monthly_usd"] > 0


def test_a_stack_beyond_its_budget_is_refused_before_anything_changes(cloud: Cloud) -> None:
    with pytest.raises(AirliftError, match=r"a month in us-east-1.* the budget is 100 .*Nothing was changed"):
        cloud.provision(budget_monthly_usd=100)
    assert cloud.requests()["mutating"] == 0
    planned = cloud.provision(check=True, budget_monthly_usd=100)
    assert planned["summary"]["create"] == RESOURCES
    assert "the budget is 100" in cloud.warned[-1]
    assert cloud.provision(budget_monthly_usd=1000)["summary"]["create"] == RESOURCES


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"ingress": {"idle_timeout_seconds": 600}}, ["update ingress/load-balancer"]),
        ({"registry": {"keep_images": 3}}, ["update registry/repository/inference"]),
        ({"storage": {"expire_noncurrent_days": 7}}, ["update storage/bucket"]),
        (
            {"compute": {"count": 3}},
            ["create compute/host/3", "create ingress/target/3"],
        ),
        (
            {"compute": {"count": 1}},
            ["delete compute/host/2", "delete ingress/target/2"],
        ),
        (
            {"observability": {"log_retention_days": 7}},
            [f"update observability/log-group/{name}" for name in ("edge", "host", "inference")],
        ),
        (
            {"compute": {"volume_gib": 40, "volume_iops": 4000, "volume_throughput_mibps": 500}},
            ["update compute/host/1", "update compute/host/2"],
        ),
        (
            {"compute": {"instance_type": "m7i.xlarge"}, "replace_hosts": True},
            [
                "replace compute/host/1",
                "replace compute/host/2",
                "replace ingress/target/1",
                "replace ingress/target/2",
            ],
        ),
    ],
)
def test_one_option_changes_exactly_that(cloud: Cloud, options: dict[str, Any], changes: list[str]) -> None:
    cloud.provision()
    result = cloud.provision(**options)
    assert not result["failed"], result.get("msg")
    assert steps(result) == changes
    assert steps(cloud.provision(**options)) == []


def test_all_hosts_are_not_replaced_unasked(cloud: Cloud) -> None:
    cloud.provision()
    planned = cloud.provision(check=True, compute={"instance_type": "m7i.xlarge"})
    assert planned["summary"]["replace"] == 4
    assert any("Outside check mode that is refused" in warning for warning in cloud.warned)
    cloud.forget_requests()
    with pytest.raises(AirliftError, match=r"replaces every host at once \(compute/host/1, compute/host/2\)"):
        cloud.provision(compute={"instance_type": "m7i.xlarge"})
    assert cloud.requests()["mutating"] == 0


def test_deletion_protection_is_seen_before_anything_goes(cloud: Cloud) -> None:
    cloud.provision(ingress={"deletion_protection": True})
    cloud.forget_requests()
    for check in (True, False):
        with pytest.raises(AirliftError, match=r"has deletion protection\. Nothing was changed\."):
            cloud.provision(state="absent", check=check)
        with pytest.raises(AirliftError, match=r"has deletion protection\. Nothing was changed\."):
            cloud.provision(check=check, ingress=None)
    assert cloud.requests()["mutating"] == 0


def test_a_changed_tag_of_the_owner_goes_everywhere_and_foreign_ones_stay(cloud: Cloud) -> None:
    outputs = cloud.provision()["outputs"]
    ec2 = cloud.client("ec2")
    ec2.create_tags(Resources=[outputs["vpc_id"]], Tags=[{"Key": "theirs", "Value": "stays"}])
    result = cloud.provision(tags={"environment": "other"})
    assert {step["action"] for step in result["plan"]} == {"update"}
    assert steps(cloud.provision(tags={"environment": "other"})) == []
    (vpc,) = ec2.describe_vpcs(VpcIds=[outputs["vpc_id"]])["Vpcs"]
    tags = {tag["Key"]: tag["Value"] for tag in vpc["Tags"]}
    assert (tags["environment"], tags["theirs"]) == ("other", "stays")


def test_what_drifted_is_repaired_and_what_is_foreign_is_untouched(cloud: Cloud) -> None:
    outputs = cloud.provision()["outputs"]
    ec2, logs = cloud.client("ec2"), cloud.client("logs")
    foreign = ec2.create_vpc(
        CidrBlock="10.213.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "demo-vpc"}]}],
    )["Vpc"]["VpcId"]
    logs.create_log_group(logGroupName="/demo/edge-of-others")
    logs.delete_log_group(logGroupName="/demo/edge")
    ec2.terminate_instances(InstanceIds=outputs["instance_ids"][:1])
    (group,) = ec2.describe_security_groups(
        Filters=[{"Name": "tag:airlift:key", "Values": ["network/security-group/host"]}]
    )["SecurityGroups"]
    anybody = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[anybody])
    result = cloud.provision()
    assert not result["failed"], result.get("msg")
    done = steps(result)
    assert {"create compute/host/1", "create observability/log-group/edge"} <= set(done)
    assert steps(cloud.provision()) == []
    (group,) = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    assert 22 not in {rule.get("FromPort") for rule in group["IpPermissions"]}
    cloud.provision(state="absent", destroy_data=True)
    assert ec2.describe_vpcs(VpcIds=[foreign])["Vpcs"]
    assert [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]] == [
        "/demo/edge-of-others"
    ]


def test_something_tagged_as_ours_that_no_kind_knows_is_reported(cloud: Cloud) -> None:
    cloud.provision()
    volume = cloud.client("ec2").create_volume(
        AvailabilityZone="us-east-1a",
        Size=1,
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "airlift:stack", "Value": "demo"}]}],
    )["VolumeId"]
    result = cloud.provision(state="absent", destroy_data=True)
    assert [arn.rpartition("/")[2] for arn in result["unmanaged"]] == [volume]
    assert volume in cloud.warned[0]


@pytest.mark.parametrize(
    "action",
    ["ec2:CreateVpc", "ec2:RunInstances", "ec2:AllocateAddress", "elasticloadbalancing:CreateLoadBalancer"],
)
def test_a_lost_reply_makes_no_duplicate(cloud: Cloud, action: str) -> None:
    cloud.misbehave({"action": action, "lose_reply_next": 1})
    result = cloud.provision()
    assert not result["failed"], result.get("msg")
    assert steps(cloud.provision()) == []
    assert duplicates(cloud) == []


def test_throttling_is_waited_out(cloud: Cloud) -> None:
    names = ("DescribeVpcs", "CreateVpc", "CreateSubnet", "RunInstances", "CreateRouteTable")
    cloud.misbehave(*({"action": f"ec2:{name}", "throttle_next": 2} for name in names))
    assert not cloud.provision()["failed"]
    assert steps(cloud.provision()) == []


def test_one_failing_resource_stops_only_what_needs_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    cloud.misbehave({"action": "ec2:CreateNatGateway", "throttle_probability": 1.0})
    result = cloud.provision()
    assert result["failed"]
    (words,) = result["failures"]
    assert words.startswith("Failed to create NAT gateway network/nat/a in us-east-1: RequestLimitExceeded")
    there = {one["key"] for one in cloud.info()["resources"]}
    assert {"ingress/listener/https", "compute/host/2", "storage/bucket"} <= there
    assert "network/route-table/private/a" not in there
    cloud.misbehave()
    assert not cloud.provision()["failed"]
    assert steps(cloud.provision()) == []


def duplicates(cloud: Cloud) -> list[str]:
    counts = Counter((one["kind"], one["key"]) for one in cloud.info()["resources"])
    return [f"{kind} {key}" for (kind, key), number in counts.items() if number > 1]


RUN = """
import json, sys
from ansible_collections.airlift.stack.plugins.module_utils.execution import results
from ansible_collections.airlift.stack.plugins.module_utils.execution.progress import Messages
results.present(json.loads(sys.argv[1]), False, Messages(print, print, print))
"""


@pytest.mark.parametrize("changes", [1, 7, 15, 30, 40])
def test_after_kill_9_the_next_run_finishes_without_duplicates(cloud: Cloud, changes: int) -> None:
    cloud.misbehave({"action": "*", "latency_ms": 30})
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(validated(STACK, cloud.options()))],
        env={**os.environ, "PYTHONPATH": str(root / ".ansible" / "collections")},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while cloud.requests()["mutating"] < changes and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    cloud.wait_until_quiet(0.5)  # what it had sent before is carried out
    cloud.misbehave()
    result = cloud.provision()
    assert not result["failed"], result.get("msg")
    assert steps(cloud.provision()) == []
    assert duplicates(cloud) == []
    assert len(cloud.info()["resources"]) == RESOURCES
    assert not cloud.provision(state="absent", destroy_data=True)["failed"]
    assert cloud.info()["resources"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"compute": {"image_name": "no-such-image"}}, "us-east-1 has no image no-such-image by self."),
        ({"compute": {"instance_type": "x9.tiny"}}, "There is no instance type x9.tiny in us-east-1."),
        ({"network": {"cidr": "10.0.0.0/30"}}, "10.0.0.0/30"),
        ({"network": {"zones": 9}}, "network.zones is 9"),
        ({"name": "Demo!"}, "name is 'Demo!'"),
        ({"ingress": {"certificate_file": "/nowhere.pem"}}, "/nowhere.pem"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "Nothing answers at the AWS endpoint http://127.0.0.1:9."),
        ({"profile": "nobody"}, "The AWS profile nobody is not configured."),
    ],
)
def test_one_clear_error_before_anything_changes(cloud: Cloud, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AirliftError) as error:
        cloud.provision(**options)
    assert words in str(error.value)
    assert cloud.requests()["mutating"] == 0


def test_all_layers_say_what_is_wrong_at_once(cloud: Cloud) -> None:
    with pytest.raises(AirliftError) as error:
        cloud.provision(network={"zones": 9}, storage={"expire_noncurrent_days": -1})
    assert "network.zones" in str(error.value)
    assert "storage.expire_noncurrent_days" in str(error.value)


def test_no_credentials_is_one_sentence(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(AirliftError, match="No AWS credentials were found"):
        cloud.provision(access_key=None, secret_key=None)


def test_the_environments_endpoint_wins(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    assert cloud.provision(check=True, endpoint_url="http://127.0.0.1:9")["summary"]["create"] == RESOURCES
