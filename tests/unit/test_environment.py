"""What the programs of .venv find at every start."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any
from urllib.request import proxy_bypass_environment

import pytest

FILE = Path(__file__).parents[2] / ".config/python/airlift_environment.py"


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("no_proxy", "NO_PROXY", "ANSIBLE_CONFIG"):
        monkeypatch.setenv(name, "")  # to be put back afterwards
        monkeypatch.delenv(name)
    return runpy.run_path(str(FILE))["settle"]


def test_ansible_reads_the_checkouts_configuration_unless_told_otherwise(settle: Any) -> None:
    environment: dict[str, str] = {}
    settle(environment, "/srv/airlift")
    assert environment["ANSIBLE_CONFIG"] == "/srv/airlift/ansible.cfg"
    environment["ANSIBLE_CONFIG"] = "/elsewhere.cfg"
    settle(environment, "/srv/airlift")
    assert environment["ANSIBLE_CONFIG"] == "/elsewhere.cfg"


@pytest.mark.parametrize("given", [{}, {"NO_PROXY": "example.com, ::1"}, {"no_proxy": "example.com"}])
def test_no_proxy_is_asked_for_what_is_on_this_machine(settle: Any, given: dict[str, str]) -> None:
    environment = dict(given)
    settle(environment, "/srv/airlift")
    first = environment["no_proxy"]
    assert environment["NO_PROXY"] == first
    for host in ("127.0.0.1:4566", "localhost", "airlift.test"):
        assert proxy_bypass_environment(host, {"no": first})
    assert bool(given) == bool(proxy_bypass_environment("example.com", {"no": first}))
    assert not proxy_bypass_environment("ec2.us-east-1.amazonaws.com", {"no": first})
    settle(environment, "/srv/airlift")
    assert environment["no_proxy"] == first


def test_who_has_no_proxy_at_all_stays_without(settle: Any) -> None:
    environment = {"no_proxy": "*"}
    settle(environment, "/srv/airlift")
    assert environment["no_proxy"] == "*"
