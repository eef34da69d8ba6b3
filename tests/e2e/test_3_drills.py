"""What a host does by itself: it comes back from a reboot, and from a dead engine, with the same release."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from localcloud.tests.clouds import client
from tests.e2e.conftest import AWS, in_instance, instances
from tests.e2e.test_3_break import Visitor

HEALTH = "curl --silent --max-time 3 --output /dev/null --write-out %{http_code} http://127.0.0.1:8080/health"
BOOT = "systemctl show -P UserspaceTimestampMonotonic"
BACK_WITHIN_SECONDS = 300


def release(name: str) -> str:
    """Return the release that the host's agent says it serves."""
    return str(json.loads(in_instance(name, "airlift-release", "status", "--json").output)["release"])


def healthy(name: str) -> bool:
    return in_instance(name, "sh", "-c", HEALTH, check=False).output.strip() == "200"


def seconds_until(condition: Callable[[], bool], what: str) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < BACK_WITHIN_SECONDS, what
        time.sleep(0.5)
    return time.monotonic() - start


@pytest.fixture
def visitor(api_key: str) -> Visitor:
    return Visitor(api_key, BACK_WITHIN_SECONDS)


def all_is_well(visitor: Visitor) -> None:
    """Wait until nobody is told to come again.

    Until the load balancer has seen two checks fail, a host that is back before its engine answers 503.
    """
    seconds_until(lambda: all(outcome == "ok" for _, outcome in visitor.outcomes[-5:]), "all is well again")


def test_a_rebooted_host_serves_the_same_release_by_itself(visitor: Visitor) -> None:
    name = instances()[0]
    served, booted = release(name), in_instance(name, "sh", "-c", BOOT).output
    visitor.start()
    try:
        client("ec2", AWS).reboot_instances(InstanceIds=[name.removeprefix("localcloud-")])

        def again() -> bool:
            now = in_instance(name, "sh", "-c", BOOT, check=False)
            return now.returncode == 0 and now.output != booted and healthy(name)

        seconds = seconds_until(again, "the host serves again")
        print(f"served again {seconds:.1f} s after the reboot was asked for")
        seconds_until(lambda: release(name) == served, "the same release")
        all_is_well(visitor)
    finally:
        visitor.until = 0
        visitor.join()
    # What was on the host in the moment it went may be lost; others are told to come again.
    lost = [outcome for _, outcome in visitor.outcomes if outcome not in ("ok", "502", "503")]
    assert len(visitor.outcomes) > 10
    assert len(lost) <= 2, visitor.outcomes


def inspect(name: str, field: str) -> str:
    """Return a field of the engine's container; nothing while there is none."""
    one = "$(docker ps --all --quiet --filter label=airlift.stack)"
    return in_instance(
        name, "sh", "-c", f"docker inspect --format '{{{{{field}}}}}' {one}", check=False
    ).output.strip()


def test_a_killed_engine_comes_back_by_itself(visitor: Visitor) -> None:
    name = instances()[0]
    served, started = release(name), inspect(name, ".State.StartedAt")
    visitor.start()
    try:
        in_instance(name, "kill", "-9", inspect(name, ".State.Pid"))
        seconds = seconds_until(
            lambda: inspect(name, ".State.StartedAt") not in {"", started} and healthy(name),
            "the engine serves again",
        )
        print(f"served again {seconds:.1f} s after the engine was killed")
        assert release(name) == served
        all_is_well(visitor)
    finally:
        visitor.until = 0
        visitor.join()
    # Until the load balancer has seen two checks fail, what it sends to this host is told to come again.
    assert {outcome for _, outcome in visitor.outcomes} <= {"ok", "502", "503"}
