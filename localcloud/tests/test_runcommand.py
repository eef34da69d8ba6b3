"""Run Command in a container of the host image, driven through boto3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import docker
import pytest
from botocore.exceptions import ClientError
from docker.models.containers import Container
from moto import mock_aws
from moto.ssm.responses import SimpleSystemManagerResponse

from localcloud import managed, moto_corrections, patches
from localcloud.ec2.machine import CGROUP_V1_WORDS, INIT, has_cgroup_v1
from localcloud.hostimage import ensure_image, tag
from localcloud.plane import Context
from localcloud.runcommand.commands import ENDED
from localcloud.runcommand.plane import RunCommandPlane
from localcloud.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagSpecificationTypeDef
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import GetCommandInvocationResultTypeDef

pytestmark = pytest.mark.docker
REGION = "us-east-1"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunCommandPlane]:
    settings = Settings(state_dir=tmp_path_factory.mktemp("ssm"), prefix="ssmtest")
    context = Context(settings, wake=lambda: None, networks=lambda: (), guests=lambda _: ())
    with patches.undone(), mock_aws():
        # The control plane's part, which knows the instances by itself.
        moto_corrections.supply(SimpleSystemManagerResponse, managed.describe_instance_information)
        plane = RunCommandPlane(context)
        plane.patch()
        yield plane
        plane.stop()


def _run_instance(role: str) -> str:
    ec2 = boto3.client("ec2", region_name=REGION)
    image = ec2.register_image(Name=f"image of {role}")["ImageId"]
    tags: TagSpecificationTypeDef = {
        "ResourceType": "instance",
        "Tags": [{"Key": "role", "Value": role}],
    }
    run = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=[tags])
    return run["Instances"][0]["InstanceId"]


@pytest.fixture(scope="module")
def instance(plane: RunCommandPlane) -> Iterator[str]:
    instance_id = _run_instance("web")
    client = docker.from_env()
    ensure_image(client, print)
    container: Container = client.containers.run(
        tag(),
        [INIT, *(CGROUP_V1_WORDS if has_cgroup_v1() else ())],
        name=plane.settings.container_name(instance_id),
        labels=plane.settings.labels,
        cap_add=["ALL"],
        cap_drop=["SYS_RESOURCE"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="host",
        tmpfs={"/run": "", "/run/lock": ""},
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw"],
        environment={"container": "docker"},
        network_mode="none",
        tty=True,
        detach=True,
    )
    yield instance_id
    container.remove(force=True, v=True)
    client.close()


@pytest.fixture
def ssm(plane: RunCommandPlane) -> SSMClient:
    return boto3.client("ssm", region_name=REGION)


def _send(ssm: SSMClient, instance_id: str, *commands: str, timeout: int = 60, directory: str = "") -> str:
    parameters = {"commands": list(commands), "executionTimeout": [str(timeout)]}
    if directory:
        parameters["workingDirectory"] = [directory]
    sent = ssm.send_command(
        InstanceIds=[instance_id], DocumentName="AWS-RunShellScript", Parameters=parameters
    )
    return sent["Command"]["CommandId"]


def _wait(ssm: SSMClient, command: str, instance_id: str) -> GetCommandInvocationResultTypeDef:
    deadline = time.monotonic() + 60
    while True:
        found = ssm.get_command_invocation(CommandId=command, InstanceId=instance_id)
        if found["Status"] in ENDED:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_output_and_exit_code_are_those_of_the_script(ssm: SSMClient, instance: str) -> None:
    command = _send(ssm, instance, "pwd", "echo problem >&2", "exit 7", directory="/var/lib")
    found = _wait(ssm, command, instance)
    assert (found["Status"], found["ResponseCode"]) == ("Failed", 7)
    assert found["StandardOutputContent"] == "/var/lib\n"
    assert found["StandardErrorContent"] == "problem\n"
    listed = ssm.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"][0]
    assert listed["CommandPlugins"][0]["Output"] == "/var/lib\n\n----------ERROR-------\nproblem\n"
    summary = ssm.list_commands(CommandId=command)["Commands"][0]
    assert (summary["Status"], summary["CompletedCount"], summary["ErrorCount"]) == ("Failed", 1, 1)


def test_it_runs_beside_the_caller(ssm: SSMClient, instance: str) -> None:
    began = time.monotonic()
    command = _send(ssm, instance, "sleep 5; echo done")
    assert time.monotonic() - began < 4
    assert ssm.get_command_invocation(CommandId=command, InstanceId=instance)["Status"] in (
        "Pending",
        "InProgress",
    )
    found = _wait(ssm, command, instance)
    assert (found["Status"], found["StandardOutputContent"]) == ("Success", "done\n")


def test_a_script_past_its_time_is_ended_with_its_children(ssm: SSMClient, instance: str) -> None:
    command = _send(ssm, instance, "echo begun; setsid sleep 4711 & sleep 4711", timeout=5)
    found = _wait(ssm, command, instance)
    assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")
    assert found["StandardOutputContent"] == "begun\n"
    left = _wait(ssm, _send(ssm, instance, "pgrep -fx 'sleep 4711' || echo none"), instance)
    assert left["StandardOutputContent"] == "none\n"


def test_a_cancelled_script_is_ended(ssm: SSMClient, instance: str) -> None:
    command = _send(ssm, instance, "sleep 4712")
    ssm.cancel_command(CommandId=command)
    assert _wait(ssm, command, instance)["Status"] == "Cancelled"
    left = _wait(ssm, _send(ssm, instance, "pgrep -fx 'sleep 4712' || echo none"), instance)
    assert left["StandardOutputContent"] == "none\n"


def test_the_script_is_in_no_argument_and_its_file_goes(ssm: SSMClient, instance: str) -> None:
    look = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'word-that-is-[s]ecret'"
    script = f": word-that-is-secret; {look}; find /var/lib/amazon -name '*.sh' | wc -l"
    found = _wait(ssm, _send(ssm, instance, script), instance)
    assert found["StandardOutputContent"] == "0\n1\n"
    after = _wait(ssm, _send(ssm, instance, "find /var/lib/amazon -name '*.sh' | wc -l"), instance)
    assert after["StandardOutputContent"] == "1\n"


def test_targets_by_tag(ssm: SSMClient, instance: str) -> None:
    sent = ssm.send_command(
        Targets=[{"Key": "tag:role", "Values": ["web"]}],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": ["echo $((6*7))"]},
    )
    found = _wait(ssm, sent["Command"]["CommandId"], instance)
    assert found["StandardOutputContent"] == "42\n"


def test_managed_instances_are_those_that_run(ssm: SSMClient, instance: str) -> None:
    found = ssm.describe_instance_information(Filters=[{"Key": "tag:role", "Values": ["web"]}])
    assert [(item["InstanceId"], item["PingStatus"]) for item in found["InstanceInformationList"]] == [
        (instance, "Online")
    ]
    none = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": ["i-0"]}])
    assert none["InstanceInformationList"] == []


def test_an_unknown_instance_is_refused(ssm: SSMClient) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        _send(ssm, "i-00000000000000000", "true")


def test_sessions_are_said_not_to_be_available(ssm: SSMClient, instance: str) -> None:
    with pytest.raises(ClientError, match="not available on the embedded AWS"):
        ssm.start_session(Target=instance)


def test_a_command_waits_for_its_container_and_can_be_cancelled(ssm: SSMClient) -> None:
    other = _run_instance("none")
    sent = ssm.send_command(
        InstanceIds=[other],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": ["true"]},
        TimeoutSeconds=30,
    )
    assert sent["Command"]["Status"] in ("Pending", "InProgress")
    time.sleep(1)
    assert ssm.list_commands(CommandId=sent["Command"]["CommandId"])["Commands"][0]["CompletedCount"] == 0
    ssm.cancel_command(CommandId=sent["Command"]["CommandId"], InstanceIds=[other])
    assert _wait(ssm, sent["Command"]["CommandId"], other)["Status"] == "Cancelled"
