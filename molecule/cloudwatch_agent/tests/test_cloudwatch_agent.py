"""What the CloudWatch agent must be after the role cloudwatch_agent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

HOME = "/opt/aws/amazon-cloudwatch-agent"
SERVICE = "amazon-cloudwatch-agent"
SECONDS = 60


@pytest.fixture(scope="module")
def configuration(host: Host) -> dict[str, Any]:
    text = host.check_output(f"cat {HOME}/etc/amazon-cloudwatch-agent.d/airlift.json")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def has_gpu(host: Host) -> bool:
    return bool(host.file("/opt/pci").exists)


def eventually(look: Callable[[], bool], host: Host) -> None:
    deadline = time.monotonic() + SECONDS
    while not look():
        assert time.monotonic() < deadline, host.run(f"journalctl -u {SERVICE} --no-pager -n 50").stdout
        time.sleep(0.5)


def test_agent_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service(SERVICE)
    assert service.is_running, host.run(f"journalctl -u {SERVICE} --no-pager -n 50").stdout
    assert service.is_enabled


def test_agent_is_not_root_and_may_read_the_journal(host: Host) -> None:
    # It starts as root, translates its configuration and then becomes its user.
    owner = f"stat --format %U /proc/$(systemctl show --property MainPID --value {SERVICE})"
    eventually(lambda: host.run(owner).stdout.strip() == "cwagent", host)
    assert "systemd-journal" in host.user("cwagent").groups


def test_nothing_unverified_is_left(host: Host) -> None:
    assert not host.file("/var/cache/airlift-cloudwatch-agent").exists


def test_configuration_is_the_agents_and_not_for_all_to_read(host: Host) -> None:
    for name in ("amazon-cloudwatch-agent.d/airlift.json", "airlift-prometheus.yaml"):
        file = host.file(f"{HOME}/etc/{name}")
        assert (file.user, file.group, file.mode) == ("cwagent", "cwagent", 0o640)


def test_what_the_host_has_is_measured(host: Host, configuration: dict[str, Any], has_gpu: bool) -> None:
    collected = configuration["metrics"]["metrics_collected"]
    assert configuration["metrics"]["namespace"] == "Airlift/demo"
    assert {"cpu", "mem", "disk", "net"} <= set(collected)
    assert "/" in collected["disk"]["resources"]
    for mount in collected["disk"]["resources"]:
        assert host.run(f"findmnt --noheadings {mount}").rc == 0
    assert host.interface(collected["net"]["resources"][0]).exists
    assert ("swap" in collected) is (host.check_output("swapon --noheadings") != "")
    assert ("nvidia_gpu" in collected) is has_gpu


def test_logs_go_to_the_given_groups(configuration: dict[str, Any]) -> None:
    listed = configuration["logs"]["logs_collected"]["journald"]["collect_list"]
    assert {one["log_group_name"] for one in listed} == {"/demo/host", "/demo/edge"}
    (edge,) = [one for one in listed if one["log_group_name"] == "/demo/edge"]
    assert edge["units"] == ["haproxy.service"]


def test_listeners_are_on_the_loopback_address_only(host: Host) -> None:
    for address in (
        "tcp://127.0.0.1:2000",
        "udp://127.0.0.1:2000",
        "tcp://127.0.0.1:4317",
        "tcp://127.0.0.1:4318",
    ):
        eventually(lambda address=address: host.socket(address).is_listening, host)
    for port in (2000, 4317, 4318):
        assert not host.socket(f"tcp://0.0.0.0:{port}").is_listening


def test_figures_of_edge_engine_and_guard_are_scraped(host: Host, has_gpu: bool) -> None:
    def found() -> bool:
        text = host.run(f"cat {HOME}/var/scraped.json").stdout
        scraped = json.loads(text) if text.startswith("{") else {}
        return set(scraped) == {"edge", "engine"} | ({"gpu_guard"} if has_gpu else set())

    eventually(found, host)
    scraped = json.loads(host.check_output(f"cat {HOME}/var/scraped.json"))
    assert "llamacpp:tokens_predicted_total 42" in scraped["engine"]
    if has_gpu:
        assert "airlift_gpu_guard_exit_code 0" in scraped["gpu_guard"]
        assert host.socket("tcp://127.0.0.1:9101").is_listening
        assert not any(line.startswith("go_") for line in scraped["gpu_guard"])


def test_every_scrape_is_declared_as_metrics(configuration: dict[str, Any], has_gpu: bool) -> None:
    processor = configuration["logs"]["metrics_collected"]["prometheus"]["emf_processor"]
    matchers = [declared["label_matcher"] for declared in processor["metric_declaration"]]
    assert matchers == ["^edge$", "^engine$"] + (["^gpu_guard$"] if has_gpu else [])


def test_segments_are_taken(host: Host) -> None:
    document = {"id": "53995c3f42cd8ad8", "name": "probe"}
    head = json.dumps({"format": "json", "version": 1})
    send = "import socket,sys; socket.socket(2, 2).sendto(sys.argv[1].encode(), ('127.0.0.1', 2000))"
    host.check_output("python3 -c %s %s", send, f"{head}\n{json.dumps(document)}")
    eventually(lambda: "53995c3f42cd8ad8" in host.run(f"cat {HOME}/var/segments.jsonl").stdout, host)


@pytest.mark.parametrize("text", ["{", "{}", '{"agent": {}, "metrics": {"namespace": ""}, "traces": {}}'])
def test_a_broken_configuration_is_not_valid(host: Host, text: str) -> None:
    host.check_output("printf '%%s' %s > /root/broken.json", text)
    assert host.run("/usr/libexec/airlift-cloudwatch-validate /root/broken.json").rc == 1
    good = f"{HOME}/etc/amazon-cloudwatch-agent.d/airlift.json"
    assert host.run(f"/usr/libexec/airlift-cloudwatch-validate {good}").rc == 0
