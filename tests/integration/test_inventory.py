"""The inventory plugin as Ansible runs it, against moto."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from tests.integration.counting_moto import CountingMoto, counting_moto

ROOT = Path(__file__).parents[2]
KEYS = {"aws_access_key_id": "LKIAINVENTORYTEST", "aws_secret_access_key": "a-secret-of-the-inventory-tests"}
IMAGE = "ami-12c6146b"

type Inventory = dict[str, Any]


@pytest.fixture
def moto() -> Iterator[CountingMoto]:
    with counting_moto() as server:
        yield server


@pytest.fixture
def directory(tmp_path: Path, moto: CountingMoto) -> Path:
    """An inventory as an owner writes it: the plugin's file, and everything else in group_vars."""
    directory = tmp_path / "inventory"
    (directory / "group_vars").mkdir(parents=True)
    (directory / "airlift.yml").write_text(
        f"plugin: airlift.stack.airlift\nstate_directory: {tmp_path}/state\n"
    )
    (directory / "group_vars/all.yml").write_text(
        f"""---
airlift_stack_name: demo
airlift_region: "{{{{ airlift_part }}}}-1"
airlift_part: us-east
airlift_endpoint_url: {moto.url}
airlift_access_key: {KEYS["aws_access_key_id"]}
airlift_secret_key: {KEYS["aws_secret_access_key"]}
"""
    )
    return directory


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "ansible-inventory", "-i", directory, "--list", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **environment,
    }
    return subprocess.run(
        command, cwd=ROOT, env=clean | settings, text=True, capture_output=True, check=False, timeout=120
    )


def inventory(directory: Path, *arguments: str, **environment: str) -> Inventory:
    result = run(directory, *arguments, **environment)
    assert result.returncode == 0, result.stderr
    listed: Inventory = json.loads(result.stdout, object_hook=_unwrapped)
    return listed


def _unwrapped(value: dict[str, Any]) -> Any:
    """Values that Ansible does not trust as templates are listed as ``{"__ansible_unsafe": value}``."""
    return value.get("__ansible_unsafe", value)


@pytest.fixture
def start(moto: CountingMoto) -> Callable[..., list[str]]:
    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    # In this process, and not by a request for each of hundreds.
    backend = get_backend("ec2")["123456789012"]["us-east-1"]

    def _start(
        count: int, stack: str = "demo", role: str = "inference", first: int = 1, **more: str
    ) -> list[str]:
        answer = ec2.run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count)
        ids = [instance["InstanceId"] for instance in answer["Instances"]]
        for number, id_ in enumerate(ids, first):
            tags = {
                "airlift:stack": stack,
                "airlift:key": f"compute/host/{number}",
                "airlift:role": role,
                **more,
            }
            backend.create_tags([id_], tags)
        return ids

    return _start


def console(seed: int) -> str:
    name = b"ssh-ed25519"
    blob = len(name).to_bytes(4, "big") + name + (32).to_bytes(4, "big") + seed.to_bytes(32, "big")
    line = f"ssh-ed25519 {base64.b64encode(blob).decode()} root@host"
    return f"-----BEGIN SSH HOST KEY KEYS-----\r\n{line}\r\n-----END SSH HOST KEY KEYS-----\r\n"


def test_the_stacks_instances_are_hosts_and_nobody_elses(
    directory: Path, start: Callable[..., list[str]]
) -> None:
    ids = start(2)
    start(1, stack="other")
    listed = inventory(directory)
    assert listed["airlift_demo"]["hosts"] == ["demo-host-1", "demo-host-2"]
    assert listed["airlift_hosts"]["hosts"] == ["demo-host-1", "demo-host-2"]
    assert listed["role_inference"]["hosts"] == ["demo-host-1", "demo-host-2"]
    variables = listed["_meta"]["hostvars"]
    assert set(variables) == {"demo-host-1", "demo-host-2"}
    assert variables["demo-host-2"]["airlift_instance_id"] == ids[1]
    assert f"HostKeyAlias={ids[1]}" in variables["demo-host-2"]["ansible_ssh_common_args"]


def tag_value(id_: str, seed: int) -> str:
    return f"{id_} {console(seed).split()[6]}"


def keep(moto: CountingMoto, id_: str, seed: int) -> None:
    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    ec2.create_tags(Resources=[id_], Tags=[{"Key": "airlift:host-keys", "Value": tag_value(id_, seed)}])


def test_it_costs_pages_and_not_hosts_where_it_has_never_seen_them_too(
    moto: CountingMoto, directory: Path, start: Callable[..., list[str]]
) -> None:
    ids = start(300)
    kept, unknown = ids[:200], ids[200:]
    for number, id_ in enumerate(kept):
        keep(moto, id_, number)
    moto.consoles = {id_: console(number) for number, id_ in enumerate(ids)}
    moto.asked.clear()
    assert len(inventory(directory)["airlift_hosts"]["hosts"]) == 300
    assert moto.asked == {"DescribeInstances": 1}
    pinned = {line.split()[0] for line in (directory.parent / "state/known_hosts").read_text().splitlines()}
    assert pinned == set(kept)
    assert not pinned & set(unknown)


def test_a_host_is_pinned_once_its_tag_has_the_key_and_forgotten_when_it_is_gone(
    moto: CountingMoto, directory: Path, start: Callable[..., list[str]]
) -> None:
    early, late = start(2)
    keep(moto, early, 1)
    pins = directory.parent / "state/known_hosts"
    assert inventory(directory)["airlift_hosts"]["hosts"] == ["demo-host-1", "demo-host-2"]
    assert [line.split()[0] for line in pins.read_text().splitlines()] == [early]

    keep(moto, late, 2)
    inventory(directory)
    assert {line.split()[0] for line in pins.read_text().splitlines()} == {early, late}

    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=moto.url, **KEYS)
    ec2.terminate_instances(InstanceIds=[early])
    (replacement,) = start(1)
    keep(moto, replacement, 4)
    listed = inventory(directory)
    assert listed["_meta"]["hostvars"]["demo-host-1"]["airlift_instance_id"] == replacement
    assert {line.split()[0] for line in pins.read_text().splitlines()} == {late, replacement}


def test_a_tag_that_was_changed_later_is_told_and_replaces_no_pin(
    moto: CountingMoto, directory: Path, start: Callable[..., list[str]]
) -> None:
    (id_,) = start(1)
    keep(moto, id_, 1)
    inventory(directory)
    keep(moto, id_, 3)
    result = run(directory)
    assert f"The tag airlift:host-keys of {id_} has other keys than" in " ".join(result.stderr.split())
    pins = (directory.parent / "state/known_hosts").read_text()
    assert console(1).split()[6] in pins
    assert console(3).split()[6] not in pins


def test_over_ssm_no_console_is_read(
    moto: CountingMoto, directory: Path, start: Callable[..., list[str]]
) -> None:
    start(1)
    with (directory / "group_vars/all.yml").open("a") as file:
        file.write(
            "airlift_compute:\n  access: ssm\n  ssh_public_key: \"{{ lookup('file', '/no/such') }}\"\n"
        )
    moto.asked.clear()
    host = inventory(directory)["_meta"]["hostvars"]["demo-host-1"]
    assert host["ansible_connection"] == "airlift.stack.ssm"
    assert "ansible_airlift_ssm_secret_key" not in host, "a variable has it"
    assert moto.asked == {"DescribeInstances": 1}


def test_over_ssm_the_connection_is_given_the_credentials_of_the_inventory_s_file(
    directory: Path, start: Callable[..., list[str]]
) -> None:
    start(1)
    variables = directory / "group_vars/all.yml"
    kept = [line for line in variables.read_text().splitlines() if "_key:" not in line]
    variables.write_text("\n".join([*kept, "airlift_access: ssm", ""]))
    with (directory / "airlift.yml").open("a") as file:
        file.write(f"access_key: {KEYS['aws_access_key_id']}\nsecret_key: {KEYS['aws_secret_access_key']}\n")
    host = inventory(directory)["_meta"]["hostvars"]["demo-host-1"]
    assert host["ansible_airlift_ssm_access_key"] == KEYS["aws_access_key_id"]
    assert host["ansible_airlift_ssm_secret_key"] == KEYS["aws_secret_access_key"]


def test_a_tag_is_never_a_template(directory: Path, start: Callable[..., list[str]]) -> None:
    mark = directory / "evaluated"
    start(1, role=f"{{{{ lookup('pipe', 'touch {mark}') }}}}")
    (group,) = [name for name in inventory(directory) if name.startswith("role_")]
    assert "pipe" in group
    command = [Path(sys.executable).parent / "ansible", "-i", directory, "demo-host-1", "-c", "local"]
    result = subprocess.run(
        [*command, "-m", "ansible.builtin.debug", "-a", "var=hostvars"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert not mark.exists()


CONSTRUCTED = """
compose:
  ansible_host: "airlift_instance_id ~ '.hosts.test'"
  team: airlift_instance_tags.team
groups:
  first_zone: airlift_zone.endswith('a')
  nowhere: airlift_zone.endswith('z')
keyed_groups:
  - {prefix: type, key: airlift_instance_type}
  - {key: airlift_role}
leading_separator: false
"""


def test_variables_and_groups_of_the_owners_are_made(
    directory: Path, start: Callable[..., list[str]]
) -> None:
    with (directory / "airlift.yml").open("a") as file:
        file.write(CONSTRUCTED)
    ids = start(1) + start(1, role="batch", first=2, team="blue")
    listed = inventory(directory)
    one, two = (listed["_meta"]["hostvars"][f"demo-host-{number}"] for number in (1, 2))
    assert one["ansible_host"] == f"{ids[0]}.hosts.test"
    assert "team" not in one
    assert two["team"] == "blue"
    assert listed["first_zone"]["hosts"] == ["demo-host-1", "demo-host-2"]
    assert "nowhere" not in listed
    assert (
        listed[f"type_{one['airlift_instance_type'].replace('.', '_')}"]["hosts"]
        == listed["first_zone"]["hosts"]
    )
    assert listed["batch"]["hosts"] == ["demo-host-2"]


def test_an_expression_that_cannot_be_is_an_error_where_that_is_asked_for(
    directory: Path, start: Callable[..., list[str]]
) -> None:
    start(1)
    with (directory / "airlift.yml").open("a") as file:
        file.write("compose: {team: airlift_instance_tags.team}\nstrict: true\n")
    result = run(directory)
    assert result.returncode != 0
    assert "Could not set team for host demo-host-1" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_an_expression_sees_extra_variables_where_that_is_asked_for(
    directory: Path, start: Callable[..., list[str]]
) -> None:
    start(1)
    with (directory / "airlift.yml").open("a") as file:
        file.write("compose: {team: colour ~ '-team'}\nuse_extra_vars: true\n")
    listed = inventory(directory, "-e", "colour=blue")
    assert listed["_meta"]["hostvars"]["demo-host-1"]["team"] == "blue-team"


def test_a_tag_in_an_expression_is_no_template(directory: Path, start: Callable[..., list[str]]) -> None:
    mark = directory / "evaluated"
    with (directory / "airlift.yml").open("a") as file:
        file.write(
            "compose: {team: airlift_instance_tags.team}\nkeyed_groups: [{key: airlift_instance_tags.team}]\n"
        )
    start(1, team=f"{{{{ lookup('pipe', 'touch {mark}') }}}}")
    assert "pipe" in inventory(directory)["_meta"]["hostvars"]["demo-host-1"]["team"]
    assert not mark.exists()


def test_the_environments_endpoint_wins(
    directory: Path, start: Callable[..., list[str]], moto: CountingMoto
) -> None:
    start(1)
    variables = directory / "group_vars/all.yml"
    variables.write_text(variables.read_text().replace(moto.url, "http://127.0.0.1:9"))
    assert inventory(directory, AWS_ENDPOINT_URL=moto.url)["airlift_hosts"]["hosts"] == ["demo-host-1"]


def test_extra_variables_win(directory: Path, start: Callable[..., list[str]]) -> None:
    start(1, stack="other")
    assert inventory(directory, "-e", "airlift_stack_name=other")["airlift_hosts"]["hosts"] == [
        "other-host-1"
    ]


def test_the_cache_answers_without_aws(
    moto: CountingMoto, directory: Path, start: Callable[..., list[str]]
) -> None:
    start(2)
    with (directory / "airlift.yml").open("a") as file:
        file.write(f"cache: true\ncache_plugin: jsonfile\ncache_connection: {directory.parent}/cache\n")
    first = inventory(directory)
    moto.asked.clear()
    assert inventory(directory) == first
    assert moto.asked == {}
    assert KEYS["aws_secret_access_key"] not in "".join(
        p.read_text() for p in (directory.parent / "cache").iterdir()
    )


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def test_before_the_endpoint_is_up_there_are_no_hosts_and_no_noise(directory: Path) -> None:
    with (directory / "airlift.yml").open("a") as file:
        file.write("ignore_unreachable_endpoint: true\n")
    began = time.monotonic()
    result = run(directory, AWS_ENDPOINT_URL=f"http://127.0.0.1:{closed_port()}")
    assert result.returncode == 0
    assert "airlift_hosts" not in json.loads(result.stdout).get("_meta", {}).get("hostvars", {})
    assert result.stderr == ""
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"airlift_stack_name": "My_Stack"}, "airlift_stack_name is 'My_Stack'; it must have"),
        ({"airlift_stack_name": "hosts"}, "airlift_stack_name is 'hosts'; it must have"),
        ({"airlift_region": ""}, "no region"),
        ({"airlift_access": "telnet"}, "telnet"),
        ({"airlift_profile": "no-such-profile"}, "no-such-profile"),
    ],
    ids=["stack", "reserved", "region", "access", "profile"],
)
def test_what_cannot_be_is_one_clear_error(directory: Path, change: dict[str, str], says: str) -> None:
    result = run(directory, "-e", json.dumps(change))
    assert result.returncode != 0
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_an_unreachable_endpoint_is_one_clear_error(directory: Path) -> None:
    result = run(directory, AWS_ENDPOINT_URL=f"http://127.0.0.1:{closed_port()}", AWS_MAX_ATTEMPTS="1")
    assert result.returncode != 0
    assert "Failed to list hosts of stack demo in us-east-1: Nothing answers" in " ".join(
        result.stderr.split()
    )
