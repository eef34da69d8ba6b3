"""What is asked of dpkg, by the shell and the dpkg of this machine, and what is made of its answer."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.airlift.stack.plugins.action.debian_packages import missing, question

ANSWER = [
    "installed docker.io=26.1.5+dfsg1-9+b9",
    "config-files socat=1.8.0.3-1",
    "dpkg-query: no packages found matching haproxy",
    "indexed",
]


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("docker.io", False),
        ("docker.io=26.1.5+dfsg1-9+b9", False),
        ("docker.io=26.*", False),
        ("docker.io=27.*", True),
        ("socat", True),
        ("haproxy", True),
    ],
    ids=["any version", "this version", "a wildcard", "another version", "removed, not purged", "unknown"],
)
def test_what_is_absent(name: str, absent: bool) -> None:
    assert missing([name], ANSWER) == ([name] if absent else [])


def test_dpkg_is_asked_in_one_go() -> None:
    names = ["dpkg", "bash=0.1", "no-such-package", "no-such-package-$(id)"]
    done = subprocess.run(["sh", "-c", question(names)], capture_output=True, text=True, check=True)
    assert missing(names, done.stdout.splitlines()) == names[1:]


def test_another_failure_than_an_unknown_package_is_one() -> None:
    broken = question(["dpkg"]).replace("dpkg-query", "dpkg-query --no-such-option")
    assert subprocess.run(["sh", "-c", broken], capture_output=True, check=False).returncode != 0
