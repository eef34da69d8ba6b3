"""The timer that removes old images, on images of Docker's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from testinfra.host import Host

NOTE = "/var/lib/airlift-image-prune/unused.json"
RECORD = "/var/lib/airlift/live.json"
RUN = "systemctl start airlift-image-prune.service"
FULL = (
    "STATE_DIRECTORY=/var/lib/airlift-image-prune airlift-image-prune --age-hours 168 --free-percent 100"
    f" --keep-file {RECORD}"
)
NAMES = ("stopped", "noted", "labelled", "old", "young", "fresh")


def make(host: Host, name: str) -> str:
    """Make an image of its own; return its id."""
    label = "--change 'LABEL airlift.keep=1'" if name == "labelled" else ""
    found: str = host.check_output(
        f"echo {name} > /root/{name} && tar -C /root -c {name} | docker import {label} - {name}"
    )
    return found


def here(host: Host) -> set[str]:
    """Return which of the images there are."""
    listed = host.check_output("docker image ls --format '{{.Repository}}'").split()
    return {name for name in NAMES if name in listed}


def age(host: Host, hours: dict[str, float]) -> None:
    """Have the note say for how many hours images have been unused."""
    note = json.loads(host.file(NOTE).content_string)
    changed = {**note, **{name: note[name] - 3600 * value for name, value in hours.items()}}
    host.check_output("echo %s > %s", json.dumps(changed), NOTE)


@pytest.fixture(scope="module")
def ids(host: Host) -> Iterator[dict[str, str]]:
    """Images of every kind, seen once by the timer; then those that are not fresh have grown old."""
    found = {name: make(host, name) for name in NAMES if name != "fresh"}
    host.check_output("docker create --name stopped stopped /none")
    record = {"release": None, "previous": {"image": f"repository@{found['noted']}"}}
    host.check_output(f"mkdir -p /var/lib/airlift && echo %s > {RECORD}", json.dumps(record))
    host.check_output(RUN)
    yield found
    host.check_output("docker rm stopped; docker rmi stopped noted labelled; rm -r /var/lib/airlift")


def test_nothing_goes_when_it_is_first_seen(host: Host, ids: dict[str, str]) -> None:
    assert here(host) == ids.keys()
    assert json.loads(host.file(NOTE).content_string).keys() == {ids["old"], ids["young"]}


def test_a_record_that_cannot_be_read_stops_it(host: Host, ids: dict[str, str]) -> None:
    age(host, {ids["old"]: 200, ids["young"]: 5})
    host.check_output(f"cp {RECORD} /root/record && printf '\\377' > {RECORD}")
    assert host.run(RUN).rc != 0
    said = host.check_output("journalctl --sync; journalctl -u airlift-image-prune")
    assert "which says what to keep, cannot be read" in said
    assert here(host) == ids.keys()
    host.check_output(f"mv /root/record {RECORD} && systemctl reset-failed airlift-image-prune.service")


def test_the_old_go_and_what_is_used_noted_or_labelled_stays(host: Host, ids: dict[str, str]) -> None:
    make(host, "fresh")
    host.check_output(RUN)
    assert here(host) == {*ids, "fresh"} - {"old"}, host.check_output("journalctl -u airlift-image-prune")


def test_on_a_full_disk_the_younger_go_too_but_not_the_newest(host: Host, ids: dict[str, str]) -> None:
    said = host.check_output(FULL)
    assert here(host) == {"stopped", "noted", "labelled", "fresh"}
    assert "no more image may go" in said
    host.check_output("docker rmi fresh")


def test_it_runs_by_itself(host: Host) -> None:
    timer = host.service("airlift-image-prune.timer")
    assert timer.is_running
    assert timer.is_enabled
    assert "airlift-image-prune.timer" in host.check_output("systemctl list-timers --no-legend")
