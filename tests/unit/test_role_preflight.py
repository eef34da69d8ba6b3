"""What every role asks first: misspelt names, missing facts, systems that nobody tested."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.action.role_preflight import ActionModule
from ansible_collections.airlift.stack.plugins.module_utils.role_preflight import (
    SUBSETS,
    System,
    misspelt_sentence,
    subsets,
    system_sentence,
    unknown_variables,
)
from ansible_collections.airlift.stack.plugins.modules.role_preflight import DOCUMENTATION

KNOWN = {"edge_proxy_port", "edge_proxy_rate_limit_requests"}


def test_only_names_of_the_role_are_looked_at() -> None:
    names = ["edge_proxy_prot", "edge_proxy_port", "edge_count", "__edge_proxy_ports", "ansible_host"]
    assert unknown_variables("edge_proxy", names, KNOWN) == ["edge_proxy_prot"]


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    assert misspelt_sentence("edge_proxy", "web-1", ["edge_proxy_prot"], KNOWN) == (
        "Failed to run role edge_proxy on web-1: it has no variable edge_proxy_prot."
        " Did you mean edge_proxy_port? Correct the name: roles/edge_proxy/README.md lists what there is."
    )


def test_two_misspelt_names_are_told_at_once() -> None:
    said = misspelt_sentence("edge_proxy", "web-1", ["edge_proxy_prot", "edge_proxy_xy"], KNOWN)
    assert "edge_proxy_prot. Did you mean edge_proxy_port? And it has no variable edge_proxy_xy." in said


@pytest.mark.parametrize(
    ("wanted", "present", "gathered"),
    [
        (["distribution", "mounts"], [], ["distribution", "hardware"]),
        (["distribution", "mounts"], ["distribution"], ["hardware"]),
        (["distribution", "virtualization_role"], ["distribution", "virtualization_role"], []),
        ([], [], []),
    ],
)
def test_only_missing_facts_are_gathered(wanted: list[str], present: list[str], gathered: list[str]) -> None:
    assert subsets(wanted, present) == gathered


@pytest.mark.parametrize("subset", SUBSETS)
def test_the_subset_finds_its_facts_on_this_machine(subset: str) -> None:
    arguments = json.dumps({"gather_subset": ["!all", "!min", subset]})
    setup = ["ansible", "localhost", "--one-line", "--module-name", "setup", "--args", arguments]
    done = subprocess.run(setup, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.partition(" => ")[2])["ansible_facts"]
    assert set(SUBSETS[subset]) - {name.removeprefix("ansible_") for name in found} == set()


@pytest.mark.parametrize(
    ("system", "refused"),
    [
        (System("Debian", "12.9", "12", "x86_64"), False),
        (System("Debian", "13.1", "13", "aarch64"), False),
        (System("Debian", "11.2", "11", "x86_64"), True),
        (System("Ubuntu", "24.04", "24", "x86_64"), True),
        (System("Debian", "13.1", "13", "riscv64"), True),
    ],
)
def test_a_system_that_nobody_tested_is_refused(system: System, refused: bool) -> None:
    assert bool(system_sentence("install Docker", "the role is tested on", "web-1", system)) == refused


def test_the_refusal_says_what_runs_and_what_to_choose() -> None:
    system = System("Ubuntu", "24.04", "24", "x86_64")
    assert system_sentence("install Docker", "the role is tested on", "web-1", system) == (
        "Failed to install Docker on web-1: it runs Ubuntu 24.04 on x86_64, and the role is tested on"
        " Debian 12 and 13. Choose a Debian 13 image (airlift_compute.image_name)."
    )


def test_the_documentation_is_the_actions() -> None:
    options = yaml.safe_load(DOCUMENTATION)["options"]
    kept = {"type", "elements", "default", "choices"}
    assert {name: {key: option[key] for key in kept & option.keys()} for name, option in options.items()} == (
        ActionModule.spec
    )
