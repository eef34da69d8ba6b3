"""`python -m tests.bench.inventory`: the inventory plugin beside amazon.aws.aws_ec2, over many hosts.

What is compared is the CPU of `ansible-inventory` itself, user and system: the control plane answers in a
process of its own, and wall time would mostly be its. What Ansible takes to list as many bare names is the
same on both sides; it is measured too, and taken off. Each run is on a machine that has never seen the
hosts.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import boto3

from tests.bench import report
from tests.bench.cloud import ROOT, Cloud, empty_cloud
from tests.bench.measure import environment

REGION = "us-east-1"
NO_PLUGIN = "no plugin"
HOST_KEYS_TAG = "airlift:host-keys"
AT_ONCE = 100
SIDES: Mapping[str, str] = {
    "airlift": ("plugin: airlift.stack.airlift\nstack: bench\nregion: us-east-1\nstate_directory: {state}\n"),
    "aws_ec2": (
        "plugin: amazon.aws.aws_ec2\nregions: [us-east-1]\nfilters: {{'tag:airlift:stack': bench}}\n"
        "hostnames: [instance-id]\nkeyed_groups:\n"
        "  - {{prefix: role, key: 'tags[\"airlift:role\"]'}}\n"
        "  - {{prefix: az, key: placement.availability_zone}}\n"
        "compose: {{ansible_host: private_ip_address}}\n"
    ),
}


@dataclass(frozen=True)
class Listed:
    """What one run cost."""

    cpu_seconds: float
    wall_seconds: float
    requests: int
    hosts: int


def main() -> None:
    """Measure, print the table, and with --write put it into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inventory", description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3, choices=range(1, 10))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    runs: dict[str, list[Listed]] = {side: [] for side in (*SIDES, NO_PLUGIN)}
    with empty_cloud() as cloud:
        start(cloud, options.hosts)
        for repetition in range(options.repetitions):
            for side in list(runs)[:: 1 if repetition % 2 == 0 else -1]:
                one = listed(cloud, side, options.hosts)
                runs[side].append(one)
                print(f"bench: {repetition + 1}. {side:<8} {one}", flush=True)
    if any(one.hosts != options.hosts for side in runs.values() for one in side):
        raise SystemExit("Not every run listed every host.")
    text = table(runs, options.hosts)
    print(f"\n{text}")
    if options.write:
        report.write(ROOT / "docs/benchmarks.md", "bench.inventory", text)


def start(cloud: Cloud, count: int) -> None:
    """Start ``count`` instances as a stack would, each with the host keys that its operator has kept."""
    ec2 = boto3.client(
        "ec2", region_name=REGION, endpoint_url=cloud.url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    common = [{"Key": "airlift:stack", "Value": "bench"}, {"Key": "airlift:role", "Value": "inference"}]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instances = [
        instance
        for first in range(0, count, AT_ONCE)
        for instance in ec2.run_instances(
            ImageId=image,
            MinCount=min(AT_ONCE, count - first),
            MaxCount=min(AT_ONCE, count - first),
            TagSpecifications=[{"ResourceType": "instance", "Tags": common}],
        )["Instances"]
    ]
    for number, instance in enumerate(instances, 1):
        identifier = instance["InstanceId"]
        own = {
            "airlift:key": f"compute/host/{number}",
            "Name": f"bench/compute/host/{number}",
            HOST_KEYS_TAG: f"{identifier} {key(number)}",
        }
        ec2.create_tags(
            Resources=[identifier], Tags=[{"Key": name, "Value": value} for name, value in own.items()]
        )


def key(number: int) -> str:
    """Return a public key of ``number``, as the tag has it."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + number.to_bytes(32, "big")
    return base64.b64encode(blob).decode()


def listed(cloud: Cloud, side: str, hosts: int) -> Listed:
    """List the hosts by one of the plugins, with nothing kept from an earlier run."""
    with tempfile.TemporaryDirectory(prefix="airlift-bench-") as name:
        directory = Path(name)
        source = "".join(f"host-{number}," for number in range(hosts))
        if side != NO_PLUGIN:
            source = str(directory / f"{side}.yml")
            Path(source).write_text(SIDES[side].format(state=directory / "state"))
        command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", source, "--list"]
        settings = {
            **environment(cloud),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_INVENTORY_ENABLED": "airlift.stack.airlift,amazon.aws.aws_ec2,host_list",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        }
        cloud.requests()
        before, began = _children(), time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        seconds, cpu = time.monotonic() - began, _children() - before
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[:3000]}")
        listing = json.loads(done.stdout)
        names = listing["_meta"]["hostvars"] or listing["ungrouped"]["hosts"]
        return Listed(cpu, seconds, cloud.requests(), len(names))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(runs: Mapping[str, Sequence[Listed]], hosts: int) -> str:
    """Return the medians of both sides and the ratios between them."""
    repetitions = len(runs["airlift"])
    lines = [
        f"Medians of {repetitions} repetitions, {hosts:,} hosts. The ratio is theirs to ours.",
        "",
        "| | airlift.stack.airlift | amazon.aws.aws_ec2 | ratio |",
        "|---|---|---|---|",
    ]
    start = median(one.cpu_seconds for one in runs[NO_PLUGIN])
    rows: list[tuple[str, Callable[[Listed], float], str]] = [
        (
            f"CPU, less what Ansible takes for {hosts:,} names ({start:.1f} s)",
            lambda one: one.cpu_seconds - start,
            " s",
        ),
        ("CPU of `ansible-inventory`", lambda one: one.cpu_seconds, " s"),
        ("wall, most of it the control plane's answer", lambda one: one.wall_seconds, " s"),
        ("requests", lambda one: one.requests, ""),
    ]
    for name, value, unit in rows:
        ours, theirs = (median(map(value, runs[side])) for side in ("airlift", "aws_ec2"))
        digits = 1 if unit else 0
        lines.append(
            f"| {name} | {ours:.{digits}f}{unit} | {theirs:.{digits}f}{unit} | {theirs / ours:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
