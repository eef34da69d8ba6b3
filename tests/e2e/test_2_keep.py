"""What its owner does: run it again, look at the plan, change one option, release and fail to."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import AWS, BIN, ENDPOINT, ROOT, Run, api_requests, playbook, run

RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=0\s+failed=0", re.M)


def test_up_again_changes_nothing(up: Run) -> None:
    again = run("make", "up")
    recap = {match["host"]: match for match in RECAP.finditer(again.output)}
    assert len(recap) == 3, f"expected localhost and two hosts in the recap: {sorted(recap)}"
    assert {host: match["changed"] for host, match in recap.items()} == dict.fromkeys(recap, "0")
    assert again.seconds < 180


@pytest.mark.parametrize(
    "arguments", [("--tags", "edge_proxy"), ("--check", "--tags", "docker_engine_configure")]
)
def test_a_part_converges_by_itself(up: Run, arguments: tuple[str, ...]) -> None:
    part = playbook("configure", *arguments)
    recap = {match["host"]: match["changed"] for match in RECAP.finditer(part.output)}
    assert len(recap) == 3
    assert set(recap.values()) == {"0"}, part.output


def test_the_plan_after_up_is_empty_and_changes_nothing(up: Run) -> None:
    api_requests(reset=True)
    plan = playbook("provision", "--check", "--diff")
    counted = api_requests()
    assert counted["mutating"] == 0, counted
    assert counted["total"] <= 45, counted
    assert "changed=0" in plan.output


def test_one_changed_option_is_one_planned_change(up: Run) -> None:
    plan = playbook(
        "provision",
        "--check",
        "--diff",
        "-e",
        json.dumps({"airlift_observability": {"log_retention_days": 7}}),
    )
    changed = set(re.findall(r"~ (\S+)", plan.output))
    assert changed == {f"observability/log-group/{name}" for name in ("edge", "inference", "host")}, (
        plan.output
    )
    assert not re.search(r"^\s*[-+] \S+/", plan.output, re.M)


def test_the_embedded_aws_started_twice_is_the_same(up: Run) -> None:
    before = run("curl", "--silent", f"{AWS}/_localcloud/health").output
    run(".venv/bin/python", "-m", "localcloud", "start")
    assert run("curl", "--silent", f"{AWS}/_localcloud/health").output == before


def test_a_role_converges_over_ssm_to_what_it_made_over_ssh(up: Run) -> None:
    done = playbook("configure", "-e", "airlift_access=ssm", "--tags", "host_baseline")
    assert "Wait for cloud-init to finish" in done.output
    recap = {match["host"]: match["changed"] for match in RECAP.finditer(done.output)}
    assert len(recap) > 1
    assert set(recap.values()) == {"0"}, done.output


def test_status_and_release_go_through_ssm_as_well(up: Run) -> None:
    status = playbook("status", "-e", "airlift_access=ssm")
    assert "Ask the release agent through SSM" in status.output
    assert "has not said what it serves" not in status.output
    release = playbook("release", "-e", "airlift_access=ssm")
    assert "Run the release agent through SSM" in release.output
    recap = {match["host"]: match["changed"] for match in RECAP.finditer(release.output)}
    assert set(recap.values()) == {"0"}, release.output


def test_a_colleague_is_invited_connects_without_aws_and_can_be_shut_out(up: Run, tmp_path: Path) -> None:
    invitation = ROOT / ".airlift/invitations/alice.yml"
    invited = playbook("invite", "-e", "airlift_client=alice")
    assert invitation.stat().st_mode & 0o077 == 0
    (play,) = yaml.safe_load(invitation.read_text())
    key = play["vars"]["cli_client_api_key"]
    assert key not in invited.output

    # Her machine is this one, her llm has a directory of its own, and AWS is out of reach.
    names = {"cli_client_model_id": "alice", "cli_client_key_name": "alice"}
    accept = (
        *("env", "AWS_ENDPOINT_URL=http://127.0.0.1:9", str(BIN / "ansible-playbook"), str(invitation)),
        *("-i", "localhost,", "-e", json.dumps({**names, "cli_client_llm_directory": str(tmp_path)})),
    )
    accepted = run(*accept)
    assert json.loads((tmp_path / "keys.json").read_text())["alice"] == key
    assert key not in accepted.output
    assert status_with(key) == 200
    run(*accept, "-e", "cli_client_state=absent")
    assert not (tmp_path / "keys.json").exists(), "llm keeps no key of hers"

    playbook("invite", "-e", "airlift_client=alice", "-e", "airlift_client_state=absent")
    assert not invitation.exists()
    assert status_with(key) == 401


def status_with(key: str) -> int:
    """Return with which status the endpoint answers a holder of ``key``."""
    request = urllib.request.Request(f"{ENDPOINT}/models", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
