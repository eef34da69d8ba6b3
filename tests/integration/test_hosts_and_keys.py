"""host_keys, target_health and api_keys against moto."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.errors import CheckFailedError, OverdueError
from ansible_collections.airlift.stack.plugins.module_utils.inventory.hosts import Access
from ansible_collections.airlift.stack.plugins.modules import host_keys, target_health

from tests.integration.counting_moto import CountingMoto, counting_moto

ROOT = Path(__file__).parents[2]
ACCESS_KEY, SECRET_KEY = "LKIAHOSTSANDKEYSTEST", "a-secret-of-the-tests-of-hosts-and-keys"
KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


@pytest.fixture
def moto() -> Iterator[CountingMoto]:
    with counting_moto() as server:
        yield server


@pytest.fixture
def session(moto: CountingMoto) -> Session:
    return Session(Connection("us-east-1", None, moto.url, ACCESS_KEY, SECRET_KEY))


@pytest.fixture
def instance(session: Session) -> str:
    ec2 = session.client("ec2")
    tags = [{"Key": "airlift:stack", "Value": "demo"}, {"Key": "airlift:key", "Value": "compute/host/1"}]
    answer = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return answer["Instances"][0]["InstanceId"]


def access(directory: Path) -> Access:
    return Access("demo", "us-east-1", "ssh", "admin", directory / "known_hosts")


def console(seed: bytes = b"k") -> str:
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + seed * 32
    line = f"ssh-ed25519 {base64.b64encode(blob).decode()} root@host"
    return f"-----BEGIN SSH HOST KEY KEYS-----\n{line}\n-----END SSH HOST KEY KEYS-----\n"


def test_keys_are_pinned_as_soon_as_the_console_has_them(
    moto: CountingMoto, session: Session, instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_keys.time, "sleep", lambda _: moto.consoles.update({instance: console()}))
    assert host_keys.pin(access(tmp_path), session, 60) == ([instance], [instance])
    assert moto.asked["GetConsoleOutput"] == 2
    moto.asked.clear()
    assert host_keys.pin(access(tmp_path), session, 60) == ([], [])
    assert moto.asked == {"DescribeInstances": 1}


def test_another_machine_pins_a_host_whose_console_is_past_its_keys(
    moto: CountingMoto, session: Session, instance: str, tmp_path: Path
) -> None:
    moto.consoles = {instance: console()}
    host_keys.pin(access(tmp_path / "laptop"), session, 0)
    moto.consoles = {instance: "login:"}
    moto.asked.clear()
    assert host_keys.pin(access(tmp_path / "runner"), session, 0) == ([instance], [])
    assert moto.asked == {"DescribeInstances": 1}
    assert (tmp_path / "runner/known_hosts").read_text() == (tmp_path / "laptop/known_hosts").read_text()


def test_what_an_older_airlift_pinned_is_kept_in_the_tag_too(
    moto: CountingMoto, session: Session, instance: str, tmp_path: Path
) -> None:
    here = access(tmp_path)
    here.known_hosts.write_text(f"{instance} {' '.join(console().split()[5:7])} {here.owner}\n")
    assert host_keys.pin(here, session, 0) == ([], [instance])
    assert moto.asked["GetConsoleOutput"] == 0
    assert host_keys.pin(access(tmp_path / "runner"), session, 0) == ([instance], [])


def test_a_tag_with_other_keys_than_are_pinned_is_an_error_and_stays(
    moto: CountingMoto, session: Session, instance: str, tmp_path: Path
) -> None:
    moto.consoles = {instance: console()}
    host_keys.pin(access(tmp_path), session, 0)
    other = f"{instance} {console(b'e').split()[6]}"
    session.client("ec2").create_tags(
        Resources=[instance], Tags=[{"Key": "airlift:host-keys", "Value": other}]
    )
    moto.asked.clear()
    with pytest.raises(CheckFailedError, match=f"the tag airlift:host-keys of {instance} has other keys"):
        host_keys.pin(access(tmp_path), session, 0)
    assert moto.asked == {"DescribeInstances": 1}


def test_a_console_that_stays_silent_is_named(session: Session, instance: str, tmp_path: Path) -> None:
    with pytest.raises(OverdueError, match=f"the console of {instance} shows none after 0 s"):
        host_keys.pin(access(tmp_path), session, 0)


def test_targets_tell_what_the_load_balancer_sees(session: Session, instance: str) -> None:
    vpc = session.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    elbv2 = session.client("elbv2")
    group = elbv2.create_target_group(Name="demo-edge", Protocol="HTTP", Port=8080, VpcId=vpc)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    assert target_health.targets(elbv2, arn) == []
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance}])
    (target,) = target_health.targets(elbv2, arn)
    assert (target["id"], target["port"], target["state"]) == (instance, 8080, "healthy")
    assert target_health.healthy([target, {**target, "state": "unhealthy"}]) == 1


def test_too_few_targets_are_one_sentence_with_the_reason() -> None:
    sick: target_health.Target = {"id": "i-1", "state": "unhealthy", "reason": "503"}
    said = target_health.unhealthy_sentence([sick], 2, 300, "us-east-1")
    assert said.startswith(
        "Failed to find 2 healthy targets in us-east-1: 0 after 300 s; i-1 is unhealthy (503)"
    )


def module(moto: CountingMoto, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = " ".join(
        ["region=us-east-1", f"access_key={ACCESS_KEY}", f"secret_key={SECRET_KEY}", *arguments]
    )
    command = [
        Path(sys.executable).parent / "ansible",
        "localhost",
        "-i",
        "inventory/local/hosts.yml",
        "-vvv",
    ]
    return subprocess.run(
        [*command, "-m", name, "-a", options],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": moto.url, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_a_rotation_shows_no_key_and_keeps_the_old_one(moto: CountingMoto) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    old = {"id": "default", "key": "al-the-key-that-clients-have-now"}
    client.create_secret(Name="demo/api-keys", SecretString=json.dumps({"keys": [old]}))

    done = module(moto, "airlift.stack.api_keys", "stack=demo", "rotate=true")

    assert done.returncode == 0, done.stdout + done.stderr
    after = json.loads(client.get_secret_value(SecretId="demo/api-keys")["SecretString"])["keys"]
    assert [key["key"] for key in after][1:] == [old["key"]]
    assert all(key["key"] not in done.stdout + done.stderr for key in after)
    assert SECRET_KEY not in done.stdout + done.stderr


def test_a_client_is_given_a_key_that_is_not_shown_and_loses_it_again(moto: CountingMoto) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    owner = {"id": "default", "key": "al-the-key-that-clients-have-now"}
    client.create_secret(Name="demo/api-keys", SecretString=json.dumps({"keys": [owner]}))

    def ids(*options: str) -> list[str]:
        done = module(moto, "airlift.stack.api_keys", "stack=demo", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        after = json.loads(client.get_secret_value(SecretId="demo/api-keys")["SecretString"])["keys"]
        assert all(key["key"] not in done.stdout + done.stderr for key in after)
        return [key["id"] for key in after]

    assert ids("client=alice") == ["default", "alice"]
    assert ids("client=alice", "client_state=absent") == ["default"]


def test_a_key_that_nobody_can_send_is_refused_and_stays(moto: CountingMoto) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    edited = json.dumps({"keys": [{"id": "default", "key": "al-the-key-that-somebody-pasted\n"}]})
    client.create_secret(Name="demo/api-keys", SecretString=edited)

    done = module(moto, "airlift.stack.api_keys", "stack=demo", "rotate=true")

    assert done.returncode != 0
    assert "The secret demo/api-keys cannot be used: key 1 (default) ends with a line break." in done.stdout
    assert "that-somebody-pasted" not in done.stdout + done.stderr
    assert client.get_secret_value(SecretId="demo/api-keys")["SecretString"] == edited


def test_a_secret_that_is_not_there_is_one_sentence(moto: CountingMoto) -> None:
    done = module(moto, "airlift.stack.api_keys", "stack=demo")
    assert done.returncode != 0
    assert "Failed to rotate secret demo/api-keys in us-east-1: ResourceNotFoundException" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
