"""One run at a time on a stack: what the others are told, and what a dead one leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection, Session
from ansible_collections.airlift.stack.plugins.module_utils.errors import LockedError
from ansible_collections.airlift.stack.plugins.module_utils.processes import Process, process
from ansible_collections.airlift.stack.plugins.module_utils.stack_lock import Holder, StackLock
from ansible_collections.airlift.stack.plugins.plugin_utils import lock_keeper
from ansible_collections.airlift.stack.plugins.plugin_utils.lock_keeper import Order, keep

from tests.integration.cloud import Cloud, served
from tests.integration.test_stack_task import CONNECTION, start

HERE = process(os.getpid())
GONE = Process(HERE.machine, HERE.pid, "1")
ELSEWHERE = Process("another machine", 1, "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("lock")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    server.begin_anew()
    return server


@pytest.fixture
def lock(cloud: Cloud) -> StackLock:
    given = cloud.options()
    session = Session(Connection(**{name: given[name] for name in CONNECTION}))
    return StackLock(session.client("ssm"), "demo")


def holder(name: str, *, run: Process = ELSEWHERE, keeper: Process = ELSEWHERE) -> Holder:
    return Holder(f"arn:aws:iam::123456789012:user/{name}", f"{name}@laptop", "release", "noon", run, keeper)


def together(cloud: Cloud) -> int:
    """Start two runs on one stack at once, and see that one stack is there; return how many were refused."""
    cloud.misbehave({"action": "ec2:Create*", "latency_ms": 100})
    both = [start(cloud), start(cloud)]
    ended = [(run.communicate(timeout=180)[0], run.returncode) for run in both]
    cloud.misbehave()
    refused = [" ".join(output.split()) for output, code in ended if code]
    # Where the second came late enough, it found everything made.
    for output in refused:
        assert re.search(
            r"Another run is at work on stack demo: provision by arn:aws:\S+ at \S+@\S+ \(process \d+\), "
            r"since [\d-]+ [\d:]+ UTC\. Nothing was changed\.",
            output,
        ), output
    assert len(refused) < 2, "both failed"
    resources = [(one["kind"], one["key"]) for one in cloud.info()["resources"]]
    assert len(resources) == len(set(resources)) == 40
    ours = [{"Name": "tag:airlift:stack", "Values": ["demo"]}]
    assert len(cloud.client("ec2").describe_vpcs(Filters=ours)["Vpcs"]) == 1
    return len(refused)


def test_the_second_is_told_who_was_first(lock: StackLock) -> None:
    lock.take(holder("alice"))
    with pytest.raises(
        LockedError, match=r"user/alice at alice@laptop, since noon.*its lock ends in 1\d\d s"
    ):
        lock.take(holder("bob"))
    lock.give_back(holder("bob"))
    assert lock.read().holder == holder("alice"), "what is not one's own is left"
    lock.give_back(holder("alice"))
    assert lock.read().is_free
    assert lock.take(holder("bob")) is None
    lock.give_back(holder("bob"), for_good=True)
    assert lock.read() is None
    assert lock.take(holder("carol")) is None


def test_a_lease_that_has_ended_is_taken_over_by_one_only(
    lock: StackLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.take(holder("alice"))
    monkeypatch.setattr("ansible_collections.airlift.stack.plugins.module_utils.stack_lock.LEASE_SECONDS", -1)
    seen = lock.read()
    assert "alice" in str(lock.take(holder("bob")))
    # Another that had read alice's lease before bob took it over.
    assert not lock._replace(seen, holder("carol").as_text())
    assert lock.read().holder == holder("bob"), "the first one's words are back"


def test_who_lost_the_lock_learns_it_when_renewing(lock: StackLock) -> None:
    lock.take(holder("alice"))
    lock.renew(holder("alice"))
    with pytest.raises(LockedError, match="user/alice"):
        lock.renew(holder("bob"))
    lock.give_back(holder("alice"))
    with pytest.raises(LockedError, match="was removed"):
        lock.renew(holder("alice"))


def test_the_dead_of_this_machine_are_known_at_once(lock: StackLock) -> None:
    lock.take(holder("alice", run=GONE, keeper=GONE))
    assert "alice" in str(lock.take(holder("bob", run=GONE, keeper=HERE)))
    # bob's run has ended, his keeper lives: it gives the lock back in a moment, and is not overtaken.
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        lock.give_back(holder("bob", run=GONE, keeper=HERE))

    assert StackLock(lock.ssm, lock.stack, sleep).take(holder("carol")) is None
    assert waited


def test_whoever_waits_gets_the_lock_when_the_first_run_and_its_keeper_have_ended(lock: StackLock) -> None:
    lock.take(holder("alice", run=HERE, keeper=HERE))
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if now == 60:  # the run has ended, and its keeper not yet
            lock.renew(holder("alice", run=HERE, keeper=HERE))
            lock._replace(lock.read(), holder("alice", run=GONE, keeper=HERE).as_text())
        if now == 62:
            lock.give_back(holder("alice", run=GONE, keeper=HERE))

    waiting = StackLock(lock.ssm, lock.stack, sleep, lambda: now)
    assert waiting.take(holder("bob"), wait_seconds=300) is None
    assert now == 62
    with pytest.raises(LockedError, match="release by arn:aws:iam::123456789012:user/bob"):
        waiting.take(holder("carol"), wait_seconds=10)
    assert now == 72


def test_two_runs_started_together_make_one_stack(cloud: Cloud, lock: StackLock) -> None:
    together(cloud)
    assert lock.read().is_free


def test_a_run_that_is_killed_leaves_no_lock(cloud: Cloud, lock: StackLock) -> None:
    cloud.misbehave({"action": "ec2:Create*", "latency_ms": 400})
    run = start(cloud)
    deadline = time.monotonic() + 90
    while (lease := lock.read()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lease is not None
    assert lease.holder.purpose == "provision"
    assert lease.holder.run == process(run.pid)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    deadline = time.monotonic() + 10
    while not lock.read().is_free and time.monotonic() < deadline:
        time.sleep(0.1)
    assert lock.read().is_free
    cloud.misbehave()


def test_a_lock_that_is_lost_ends_who_works(
    cloud: Cloud, lock: StackLock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock_keeper, "RENEW_SECONDS", 0)
    given = cloud.options()
    with subprocess.Popen(["sleep", "60"]) as worker:
        one = process(worker.pid)
        order = Order({name: given[name] for name in CONNECTION}, "demo", "release", 0, one, one)
        keeper = threading.Thread(target=keep, args=(Order.from_line(order.as_line()),))
        keeper.start()
        while lock.read() is None:
            time.sleep(0.05)
        lock.ssm.put_parameter(Name=lock.name, Value=holder("bob").as_text(), Type="String", Overwrite=True)
        assert worker.wait(timeout=30) == -signal.SIGTERM
        keeper.join()
    taken, lost = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert taken == {"taken_over": None}
    assert "release by arn:aws:iam::123456789012:user/bob" in lost["error"]
    assert lock.read().holder == holder("bob")
