"""Instances as containers, on a localcloud of the test's own: needs Docker and root."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest

from localcloud.tests.clouds import Cloud, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

BOOT_SECONDS = 180.0
# After the connection has ended. By default a timer may be a minute late.
SOON = "sudo systemd-run --on-active=1 --timer-property=AccuracySec=100ms"
TOKEN = "T=$(curl -sf -m 3 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)"
GET = 'curl -sf -m 3 -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest'
STATUS = "curl -s -m 3 -o /dev/null -w '%{http_code}'"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("localcloud"))
    cloud.must("start")
    yield cloud
    cloud.must("stop")


@dataclass(frozen=True)
class Account:
    """What an instance needs before it can be launched."""

    cloud: Cloud
    key: Path
    image_id: str
    subnet_id: str

    @property
    def ec2(self) -> Any:
        return self.cloud.client("ec2")

    def launch(self, **more: Any) -> Instance:
        wanted = {
            "ImageId": self.image_id,
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.small",
            "KeyName": "test",
            "SubnetId": self.subnet_id,
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        }
        (launched,) = self.ec2.run_instances(**wanted | more)["Instances"]
        assert launched["State"]["Name"] == "pending"
        return Instance(self, launched["InstanceId"], launched["PrivateIpAddress"])


@dataclass(frozen=True)
class Instance:
    account: Account
    id: str
    address: str

    @property
    def container(self) -> str:
        return f"{self.account.cloud.prefix}-{self.id}"

    def state(self) -> str:
        (reservation,) = self.account.ec2.describe_instances(InstanceIds=[self.id])["Reservations"]
        return str(reservation["Instances"][0]["State"]["Name"])

    def becomes(self, state: str) -> None:
        wait_for(
            lambda: self.state() == state,
            BOOT_SECONDS,
            f"{self.id} becomes {state}, log:\n{self.account.cloud.log()}",
        )

    def ssh(self, command: str) -> str:
        """Run a command as admin, with the key, at the private address."""
        done = subprocess.run(
            [
                "ssh", "-i", str(self.account.key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
                f"admin@{self.address}", command,
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()


@pytest.fixture(scope="module")
def account(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Account:
    key = tmp_path_factory.mktemp("ssh") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    ec2.import_key_pair(KeyName="test", PublicKeyMaterial=key.with_suffix(".pub").read_bytes())
    vpc = ec2.create_vpc(CidrBlock="10.216.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.216.8.0/24")["Subnet"]["SubnetId"]
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=json.dumps(document))
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    (image,) = ec2.describe_images(Owners=["self"])["Images"]
    return Account(cloud, key, image["ImageId"], subnet)


@pytest.fixture(scope="module")
def instance(account: Account) -> Instance:
    instance = account.launch(
        IamInstanceProfile={"Name": "host"}, UserData="#!/bin/sh\necho from user data > /root/made\n"
    )
    instance.becomes("running")
    return instance


def test_running_means_that_the_key_opens_the_private_address(instance: Instance) -> None:
    assert instance.ssh("hostname -f").startswith(f"ip-{instance.address.replace('.', '-')}.")
    assert instance.ssh("hostname -I").split()[0] == instance.address
    assert "root" in instance.ssh("sudo -n whoami")


def test_it_boots_without_failed_units_and_runs_user_data(instance: Instance) -> None:
    assert json.loads(instance.ssh("sudo cloud-init status --wait --format=json"))["status"] == "done"
    assert instance.ssh("systemctl is-system-running --wait") == "running"
    assert instance.ssh("sudo cat /root/made") == "from user data"


def test_aws_is_where_the_environment_says(instance: Instance) -> None:
    endpoint = instance.ssh("echo $AWS_ENDPOINT_URL")
    assert endpoint == f"http://10.216.0.1:{instance.account.cloud.port}"
    assert '"status": "ok"' in instance.ssh("curl -sf $AWS_ENDPOINT_URL/_localcloud/health")
    assert endpoint in instance.ssh("systemctl show-environment")


def test_metadata_tells_each_its_own_identity(instance: Instance) -> None:
    def get(path: str) -> str:
        return instance.ssh(f"{TOKEN}; {GET}/{path}")

    assert get("meta-data/instance-id") == instance.id
    assert get("meta-data/local-ipv4") == instance.address
    assert get("user-data").startswith("#!/bin/sh")
    assert json.loads(get("dynamic/instance-identity/document"))["instanceId"] == instance.id
    mac = get("meta-data/mac")
    assert mac in instance.ssh("cat /sys/class/net/eth0/address")
    assert get(f"meta-data/network/interfaces/macs/{mac}/local-ipv4s") == instance.address


def test_metadata_without_a_token_is_refused(instance: Instance) -> None:
    url = "http://169.254.169.254/latest/meta-data/instance-id"
    assert instance.ssh(f"{STATUS} {url}") == "401"
    assert instance.ssh(f"{STATUS} -H 'X-aws-ec2-metadata-token: forged' {url}") == "401"
    put = f"{STATUS} -X PUT -H 'X-Forwarded-For: 1.2.3.4' -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'"
    assert instance.ssh(f"{put} http://169.254.169.254/latest/api/token") == "403"


def test_role_credentials_are_known_to_sts(instance: Instance) -> None:
    role = instance.ssh(f"{TOKEN}; {GET}/meta-data/iam/security-credentials/")
    issued = json.loads(instance.ssh(f"{TOKEN}; {GET}/meta-data/iam/security-credentials/{role}"))
    sts = boto3.client(
        "sts",
        endpoint_url=instance.account.cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["Token"],
    )
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/host/{instance.id}")


def test_the_console_shows_the_real_host_keys(instance: Instance) -> None:
    console = instance.account.ec2.get_console_output(InstanceId=instance.id)["Output"]
    between = re.search(r"BEGIN SSH HOST KEY KEYS-----(.*?)-----END", console, re.DOTALL)
    assert between is not None
    real = instance.ssh("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    assert real in between.group(1)


def test_the_hop_limit_keeps_tokens_from_containers(instance: Instance) -> None:
    """A network namespace behind the instance stands for a container in it."""
    instance.ssh(
        "sudo sh -ec 'ip netns add inner; ip link add out type veth peer name in netns inner;"
        " ip addr add 192.168.77.1/24 dev out; ip link set out up;"
        " ip -n inner addr add 192.168.77.2/24 dev in; ip -n inner link set in up;"
        " ip -n inner route add default via 192.168.77.1;"
        " iptables -t nat -A POSTROUTING -s 192.168.77.0/24 -o eth0 -j MASQUERADE'"
    )
    ask = f'sudo ip netns exec inner sh -c "{TOKEN.replace("$(", "\\$(")}; echo got \\$T"'
    assert instance.ssh(ask) == "got"
    instance.account.ec2.modify_instance_metadata_options(
        InstanceId=instance.id, HttpPutResponseHopLimit=2, HttpTokens="required", HttpEndpoint="enabled"
    )
    assert len(instance.ssh(ask)) > len("got ")
    instance.ssh("sudo ip netns del inner")


def test_a_spot_interruption_is_announced(instance: Instance, cloud: Cloud) -> None:
    path = f"{GET}/meta-data/spot/instance-action"
    assert instance.ssh(f"{TOKEN}; {path} || echo none") == "none"
    body = json.dumps({"instance_id": instance.id, "action": "stop", "in_seconds": 3600})
    subprocess.run(
        ["curl", "-sf", "-d", body, f"{cloud.endpoint}/_localcloud/spot-interruption"],
        check=True,
        capture_output=True,
    )
    assert json.loads(instance.ssh(f"{TOKEN}; {path}"))["action"] == "stop"


def test_a_rebalance_recommendation_is_shown(instance: Instance, cloud: Cloud) -> None:
    path = f"{GET}/meta-data/events/recommendations/rebalance"
    assert instance.ssh(f"{TOKEN}; {path} || echo none") == "none"
    subprocess.run(
        [
            "curl", "-sf", "-d", json.dumps({"instance_id": instance.id}),
            f"{cloud.endpoint}/_localcloud/rebalance-recommendation",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    assert json.loads(instance.ssh(f"{TOKEN}; {path}"))["noticeTime"].endswith("Z")


def test_stop_and_start_keep_the_address_and_the_disk(instance: Instance) -> None:
    instance.ssh("echo kept > mark")
    instance.account.ec2.stop_instances(InstanceIds=[instance.id])
    instance.becomes("stopped")
    assert docker.from_env().containers.get(instance.container).status == "exited"
    instance.account.ec2.start_instances(InstanceIds=[instance.id])
    instance.becomes("running")
    assert instance.ssh("cat mark") == "kept"


def test_it_may_reboot_itself(instance: Instance) -> None:
    before = instance.ssh("systemctl show -P UserspaceTimestampMonotonic")
    instance.ssh(f"{SOON} systemctl reboot")

    def rebooted() -> bool:
        try:
            return instance.ssh("systemctl show -P UserspaceTimestampMonotonic") != before
        except (AssertionError, subprocess.TimeoutExpired):
            return False

    wait_for(rebooted, BOOT_SECONDS, "it comes back by itself")
    assert instance.state() == "running"


def test_a_killed_container_is_a_stopped_instance(instance: Instance) -> None:
    docker.from_env().containers.get(instance.container).kill()
    instance.becomes("stopped")
    instance.account.ec2.start_instances(InstanceIds=[instance.id])
    instance.becomes("running")
    assert instance.ssh("cat mark") == "kept"


def test_one_that_shuts_itself_down_is_terminated_where_that_was_asked_for(account: Account) -> None:
    short_lived = account.launch(InstanceInitiatedShutdownBehavior="terminate")
    short_lived.becomes("running")
    short_lived.ssh(f"{SOON} systemctl poweroff")
    short_lived.becomes("terminated")


def test_a_killed_instance_of_a_scaling_group_is_replaced(account: Account, cloud: Cloud) -> None:
    autoscaling = cloud.client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="c", ImageId=account.image_id, InstanceType="t3.small", KeyName="test"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="c",
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=account.subnet_id,
    )

    def members() -> list[str]:
        (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["g"])["AutoScalingGroups"]
        return [member["InstanceId"] for member in group["Instances"]]

    (first,) = members()
    Instance(account, first, "").becomes("running")
    docker.from_env().containers.get(f"{cloud.prefix}-{first}").kill()
    (second,) = wait_for(lambda: [m for m in members() if m != first], BOOT_SECONDS, "the group replaces it")
    Instance(account, second, "").becomes("running")
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="g", ForceDelete=True)
    Instance(account, second, "").becomes("terminated")


def test_terminate_removes_the_container_and_its_volume(instance: Instance) -> None:
    instance.account.ec2.terminate_instances(InstanceIds=[instance.id])
    instance.becomes("terminated")
    engine = docker.from_env()
    assert not engine.containers.list(all=True, filters={"name": instance.container})
    assert not engine.volumes.list(filters={"name": instance.container})


def test_deleting_the_vpc_removes_its_network(account: Account, cloud: Cloud) -> None:
    subnets = account.ec2.describe_subnets(SubnetIds=[account.subnet_id])["Subnets"]
    account.ec2.delete_subnet(SubnetId=account.subnet_id)
    account.ec2.delete_vpc(VpcId=subnets[0]["VpcId"])
    engine = docker.from_env()
    name = f"{cloud.prefix}-{subnets[0]['VpcId']}"
    wait_for(lambda: not engine.networks.list(names=[name]), 60, "the network is gone")

    def sockets() -> str:
        return subprocess.run(["ss", "-ltn"], capture_output=True, text=True, check=True).stdout

    wait_for(lambda: "10.216.0.1" not in sockets(), 60, "nobody listens on the gateway's address")


def test_start_twice_is_start_once(cloud: Cloud) -> None:
    pid = json.loads(cloud.must("status"))["pid"]
    assert "already running" in cloud.must("start")
    assert json.loads(cloud.must("status"))["pid"] == pid


def test_a_crash_is_cleaned_up_by_the_next_start(cloud: Cloud) -> None:
    def launch() -> None:
        ec2 = cloud.client("ec2")
        (image,) = ec2.describe_images(Owners=["self"])["Images"]
        vpc = ec2.create_vpc(CidrBlock="10.217.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.217.8.0/24")["Subnet"]["SubnetId"]
        ec2.run_instances(
            ImageId=image["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.small", SubnetId=subnet
        )

    engine = docker.from_env()
    mine: dict[str, Any] = {"label": f"localcloud.prefix={cloud.prefix}"}
    launch()
    wait_for(lambda: engine.containers.list(filters=mine), BOOT_SECONDS, "a container")
    os.kill(json.loads(cloud.must("status"))["pid"], signal.SIGKILL)
    wait_for(lambda: cloud.command("status").returncode == 1, 10, "the end of what was killed")
    assert "removing" in cloud.must("start")
    assert not engine.containers.list(all=True, filters=mine)
    assert not engine.networks.list(filters=mine)
    launch()
    wait_for(lambda: engine.containers.list(filters=mine), BOOT_SECONDS, "a container in the same network")


def test_stop_leaves_nothing(cloud: Cloud) -> None:
    assert "no container" in cloud.must("stop")
    engine = docker.from_env()
    mine: dict[str, Any] = {"label": f"localcloud.prefix={cloud.prefix}"}
    assert not engine.containers.list(all=True, filters=mine)
    assert not engine.networks.list(filters=mine)
    assert not engine.volumes.list(filters=mine)
    for table in ("nat", "filter"):
        rules = subprocess.run(
            ["iptables", "--wait", "-t", table, "-S"], capture_output=True, text=True, check=True
        ).stdout
        assert cloud.prefix.upper() not in rules
    assert not cloud.state_dir.exists()
    assert cloud.command("status").returncode == 1
