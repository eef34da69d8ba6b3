"""The task aws_stack as a playbook runs it: what a person sees, and what an interruption leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cloud import Cloud, served

ROOT = Path(__file__).parents[2]
CONNECTION = ("region", "endpoint_url", "access_key", "secret_key")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("task")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    server.begin_anew()
    return server


def start(cloud: Cloud, *flags: str, **changes: Any) -> subprocess.Popen[str]:
    """Start ansible-playbook with one task; the connection comes from the group's module defaults."""
    options = cloud.options(**changes)
    task = {"airlift.stack.aws_stack": {k: v for k, v in options.items() if k not in CONNECTION}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/airlift.stack.aws": {name: options[name] for name in CONNECTION}},
        "tasks": [{"name": "Make the stack", **task}],
    }
    playbook = cloud.directory / "play.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    config = cloud.directory / "ansible.cfg"
    config.write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\n", encoding="utf-8")
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook), *flags],
        env={**os.environ, "ANSIBLE_CONFIG": str(config), "ANSIBLE_LOCALHOST_WARNING": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def play(cloud: Cloud, *flags: str, **changes: Any) -> tuple[int, str]:
    process = start(cloud, *flags, **changes)
    output, _ = process.communicate(timeout=180)
    return process.returncode, output


def test_what_a_person_sees(cloud: Cloud) -> None:
    code, output = play(cloud, "--check", "--diff")
    assert code == 0, output
    assert "  + compute/host/2 (instance)" in output
    assert "Plan: 40 to create." in output
    assert cloud.requests()["mutating"] == 0
    code, output = play(cloud)
    assert code == 0, output
    assert "Stack demo in us-east-1: 40 to create." in output
    assert re.search(r"^\[ 1/40\] created .+ \(\d+\.\d s\)$", output, re.MULTILINE)
    assert re.search(r"^\[40/40\] created ", output, re.MULTILINE)
    cloud.forget_requests()
    code, output = play(cloud, "--diff")
    assert code == 0, output
    assert "Stack demo in us-east-1: 40 unchanged." in output
    assert "changed=0" in output
    assert cloud.requests()["mutating"] == 0
    assert cloud.requests()["total"] <= 45
    assert cloud.options()["secret_key"] not in output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"compute": {"conut": 3}, "computer": {}, "network": {"nat": "some", "zones": 9}},
            r"Unknown option computer\. Did you mean compute\? "
            r"network\.zones is 9; it must be between 1 and 4\. "
            r"network\.nat is 'some'; it must be one of single, per_zone, none\. "
            r"Unknown option compute\.conut\. Did you mean compute\.count\?",
        ),
        ({"compute": {"conut": 3}}, r"Unknown option compute\.conut\. Did you mean compute\.count\?"),
        ({"compute": 3}, r"compute must be a mapping of options\."),
        ({"compute": ["count"]}, r"compute must be a mapping of options\."),
        ({"name": "sg"}, r"name is 'sg'; it must have 2 to 20 lower-case letters"),
        (
            {"tags": {"owner": "R&D", "snow": "☃"}},
            r"tags\.owner is 'R&D' with &; .* tags\.snow is '☃' with ☃;",
        ),
        ({"computer": {}}, r"Unknown option computer\. Did you mean compute\?"),
        ({"network": {"nat": "some"}}, r"network\.nat is 'some'; it must be one of single, per_zone, none\."),
        ({"network": {"cidr": "8.8.8.0/24"}}, r"network\.cidr is 8\.8\.8\.0/24, which is not private\."),
        (
            {"endpoint_url": "http://127.0.0.1:9"},
            r"Nothing answers at the AWS endpoint http://127\.0\.0\.1:9\.",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_error(cloud: Cloud, options: dict[str, Any], words: str) -> None:
    code, output = play(cloud, **options)
    assert code == 2
    assert re.search(words, " ".join(output.split())), output
    assert "Traceback" not in output
    assert cloud.requests()["total"] == 0, "what is wrong with an option is known before AWS is asked"


def test_an_interruption_starts_nothing_more_and_the_next_run_goes_on(cloud: Cloud) -> None:
    cloud.misbehave({"action": "ec2:Create*", "latency_ms": 400})
    process = start(cloud)
    deadline = time.monotonic() + 90
    while cloud.requests()["mutating"] < 8 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=90)
    assert process.returncode != 0, output
    assert "Nothing more is started; the same command goes on from here." in output
    cloud.wait_until_quiet(1.5)
    assert len(cloud.info()["resources"]) < 40, "it went on"
    cloud.misbehave()
    code, output = play(cloud)
    assert code == 0, output
    resources = [(one["kind"], one["key"]) for one in cloud.info()["resources"]]
    assert len(resources) == len(set(resources)) == 40
