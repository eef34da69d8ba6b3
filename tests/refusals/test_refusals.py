"""Wrong options are refused in one sentence by preflight, before anything is changed. tables/ has the cases.

Each case is a host of one run: this machine, with the facts of a Debian 13 host. What preflight decides
needs no converged host; what a program on the host refuses (dockerd, apt) is in molecule/*/bad_input.yml.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
FACTS = {
    "architecture": "x86_64",
    "default_ipv4": {"address": "10.20.0.9"},
    "distribution": "Debian",
    "distribution_major_version": "13",
    "distribution_release": "trixie",
    "distribution_version": "13.2",
    "kernel": "6.12.57+deb13-cloud-amd64",
    "kernel_version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)",
    "mounts": [],
    "os_family": "Debian",
    "swaptotal_mb": 0,
    "virtualization_role": "guest",
    "virtualization_type": "kvm",
}
GPU = {"vendor": "0x10de\n", "class": "0x030200\n"}
OTHER = {"vendor": "0x8086\n", "class": "0x030000\n"}
DECIDED = re.compile(
    r"airlift\.stack\.\w+ : (Preflight \||Validating arguments against arg spec)|Run the role"
)
ACCEPTED = "accepted"


def table(role: str) -> dict[str, Any]:
    """The role's cases: what it is given in each, what is refused, what is left alone."""
    found: dict[str, Any] = yaml.safe_load((HERE / "tables" / f"{role}.yml").read_text())
    return found


def prepare_fixtures(directory: Path) -> None:
    """Write what the roles look at: machines with and without a GPU, and a file that is no certificate."""
    for machine, device in {"with_gpu": GPU, "no_driver": GPU, "no_gpu": OTHER}.items():
        place = directory / machine / "sys/bus/pci/devices/0000:00:1e.0"
        place.mkdir(parents=True)
        for name, content in device.items():
            (place / name).write_text(content)
    (directory / "no_certificate.pem").write_text("-----BEGIN NOTHING-----\n")


def host(case: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a case's host."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "given_facts": {f"ansible_{name}": fact for name, fact in {**FACTS, **case.get("facts", {})}.items()},
        **given,
        **case.get("vars", {}),
    }


def run(
    role: str, cases: Mapping[str, Mapping[str, Any]], directory: Path
) -> dict[str, list[dict[str, Any]]]:
    """Run the role's preflight on all cases at once. Returns what its tasks said, per case, in order."""
    prepare_fixtures(directory)
    given = {"fixtures": str(directory), "tested_role": role, **table(role).get("given", {})}
    inventory = directory / "inventory.json"
    hosts = {name: host(case, given) for name, case in cases.items()}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    command = ["ansible-playbook", "--inventory", str(inventory), "--tags", f"{role}_preflight"]
    command.append(str(HERE / "preflight.yml"))
    settings = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_INVENTORY_ENABLED": "yaml"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    said: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for task in json.loads(done.stdout)["plays"][0]["tasks"]:
        for name, result in task["hosts"].items():
            said[name].append({**result, "task": task["task"]["name"]})
    return said


def sentences(result: Mapping[str, Any]) -> str:
    """What a failed task said; a loop's sentences are those of the items that failed."""
    failed = [item for item in result.get("results", [result]) if item.get("failed", "assertion" in item)]
    return " ".join(str(item.get("msg", "")) for item in failed)


def fault(said: list[dict[str, Any]], wanted: str) -> str:
    """What is wrong with how a case was refused. Nothing if it was, by preflight, with the sentence."""
    last = said[-1]
    if not last.get("failed"):
        return "the role took it"
    if not DECIDED.match(last["task"]):
        return f"it was refused by {last['task']}"
    if any(result.get("changed") for result in said):
        return "something was changed"
    words = sentences(last)
    if wanted not in words:
        return f"it was told {words}"
    of_a_role = "Validating arguments" not in last["task"]
    return "" if words.startswith("Failed to ") or not of_a_role else f"it does not say what failed: {words}"


def test_every_role_has_a_table() -> None:
    assert sorted(path.stem for path in (HERE / "tables").glob("*.yml")) == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_wrong_options_are_refused_by_preflight_in_one_sentence(role: str, tmp_path: Path) -> None:
    cases = table(role)
    refused = {case["name"]: case for case in cases["refused"]}
    assert len(refused) == len(cases["refused"]), "two cases have one name"
    alone = {case["name"]: case for case in cases.get("left_alone", [])}
    said = run(role, {**refused, **alone, ACCEPTED: {}}, tmp_path)
    faults = {name: fault(said[name], case["says"]) for name, case in refused.items()}
    assert {name: what for name, what in faults.items() if what} == {}
    taken = {name: sentences(said[name][-1]) for name in [*alone, ACCEPTED] if said[name][-1].get("failed")}
    assert taken == {}, "these are no mistakes"
    for name in alone:
        assert "there is no GPU" in said[name][-1]["task"] or "without a GPU" in said[name][-1]["task"]
