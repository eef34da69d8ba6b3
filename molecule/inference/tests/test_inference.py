"""What a host must be after the role inference: an agent that runs, and says plainly what it meets."""

import json
from collections.abc import Iterator

import pytest
from testinfra.backend.base import CommandResult
from testinfra.host import Host

CREDENTIALS = "AWS_ACCESS_KEY_ID=LKIAMOLECULE AWS_SECRET_ACCESS_KEY=molecule-secret-that-opens-nothing"
NOTHING_YET = '{"schema": 1, "release": null}'


def agent(host: Host, arguments: str) -> CommandResult:
    """Run the agent as its unit would, at the endpoint of the stand-in."""
    return host.run(f"env {CREDENTIALS} AWS_ENDPOINT_URL=http://127.0.0.1:4566 airlift-release {arguments}")


@pytest.fixture
def parameters(host: Host) -> Iterator[None]:
    """The stand-in for SSM, running."""
    answers = "curl --silent --output /dev/null --max-time 5 http://127.0.0.1:4566"
    host.check_output(
        f"systemctl start fake-parameters && timeout 60 sh -c 'until {answers}; do sleep 0.1; done'"
    )
    yield
    host.check_output("systemctl stop fake-parameters && rm -f /run/fake-parameter")


def test_before_the_first_release_the_status_says_so(host: Host) -> None:
    assert agent(host, "status").stdout.strip() == "Nothing has been applied yet."


def test_an_endpoint_that_does_not_answer_is_one_clear_sentence(host: Host) -> None:
    result = agent(host, "apply")
    assert result.rc == 1
    assert "Failed to read parameter /molecule/release in us-east-1" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("parameters")
def test_a_missing_parameter_names_the_remedy(host: Host) -> None:
    result = agent(host, "apply")
    assert result.rc == 1
    assert "no parameter /molecule/release" in result.stderr
    assert "provision" in result.stderr


@pytest.mark.usefixtures("parameters")
def test_no_release_is_no_failure(host: Host) -> None:
    host.check_output(f"printf '%s' '{NOTHING_YET}' > /run/fake-parameter")
    result = agent(host, "apply --json")
    assert result.rc == 0, result.stderr
    assert json.loads(result.stdout)["changed"] is False


@pytest.mark.usefixtures("parameters")
def test_a_broken_document_changes_nothing(host: Host) -> None:
    host.check_output("printf '%s' '{\"schema\": 7}' > /run/fake-parameter")
    result = agent(host, "apply")
    assert result.rc == 1
    assert "Traceback" not in result.stderr


def test_the_agent_runs_at_boot_and_every_minute_but_was_not_run_by_the_role(host: Host) -> None:
    assert host.service("airlift-release").is_enabled
    assert not host.service("airlift-release").is_running
    assert host.service("airlift-converge.timer").is_enabled
    assert host.service("airlift-converge.timer").is_running


@pytest.mark.parametrize(
    "unit", ["airlift-release.service", "airlift-converge.service", "airlift-converge.timer"]
)
def test_units_are_sound(host: Host, unit: str) -> None:
    problems = host.run(f"systemd-analyze verify /etc/systemd/system/{unit}").stderr.splitlines()
    # Docker and HAProxy come from other roles.
    assert [line for line in problems if "docker.service" not in line] == []


def test_the_configuration_is_as_given(host: Host) -> None:
    configuration = json.loads(host.file("/etc/airlift/agent.json").content_string)
    assert configuration["stack"] == "molecule"
    assert configuration["region"] == "us-east-1"
    assert configuration["gpus"] is False


def test_nothing_but_the_agent_is_in_its_program(host: Host) -> None:
    program = host.file("/usr/bin/airlift-release")
    assert (program.user, program.mode) == ("root", 0o755)
    listed = host.check_output("python3 -m zipfile --list %s", program.path).splitlines()[1:]
    files = [line.split()[0] for line in listed]
    assert all(name.endswith(".py") for name in files)
    assert "airlift_agent/delivery/release.py" in files


@pytest.mark.parametrize("module", ["interruption", "trace_sender"])
def test_the_watchers_are_in_the_program_too(host: Host, module: str) -> None:
    """Each unit gives Python the program for a place to import from."""
    unit = {"interruption": "airlift-interruption", "trace_sender": "airlift-traces"}[module]
    started = host.check_output("systemctl show --property ExecStart,Environment %s", unit)
    assert f"airlift_agent.{module}" in started
    assert "PYTHONPATH=/usr/bin/airlift-release" in started
    host.check_output(f"PYTHONPATH=/usr/bin/airlift-release python3 -P -B -c 'import airlift_agent.{module}'")
