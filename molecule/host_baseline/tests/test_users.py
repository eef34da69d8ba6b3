"""Users, their keys and their rights after the role host_baseline."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from host_address import host_address
from testinfra.host import Host

KEYS = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


def login(host: Host, user: str, key: str, command: str) -> subprocess.CompletedProcess[str]:
    """Log in over the network, as an operator does."""
    options = (
        "BatchMode=yes",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
    )
    words = [word for option in options for word in ("-o", option)]
    return subprocess.run(
        ["ssh", *words, "-i", str(KEYS / key), f"{user}@{host_address(host)}", command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_user_logs_in_with_the_key_and_is_root_when_allowed(host: Host) -> None:
    said = login(host, "ada", "ada", "id -un && sudo -n id -un")
    assert said.stdout.split() == ["ada", "root"], said.stderr


def test_a_user_without_sudo_is_not_root(host: Host) -> None:
    said = login(host, "bob", "bob", "id -un && sudo -n id -un")
    assert said.returncode != 0
    assert said.stdout.split() == ["bob"]


@pytest.mark.parametrize(("user", "key"), [("bob", "ada"), ("ada", "bob"), ("root", "ada")])
def test_a_key_opens_its_own_users_door_only(host: Host, user: str, key: str) -> None:
    said = login(host, user, key, "true")
    assert said.returncode == 255
    assert "Permission denied (publickey)" in said.stderr


def test_the_banner_is_said_before_the_login(host: Host) -> None:
    assert "for authorised use only" in login(host, "ada", "ada", "true").stderr


@pytest.mark.parametrize("user", ["ada", "bob"])
def test_keys_are_roots_to_give(host: Host, user: str) -> None:
    file = host.file(f"/etc/ssh/authorized_keys.d/{user}")
    assert (file.user, file.mode) == ("root", 0o644)
    assert file.content_string == (KEYS / f"{user}.pub").read_text()


def test_nobody_has_a_password(host: Host) -> None:
    for line in host.check_output("getent shadow").splitlines():
        assert line.split(":")[1].startswith(("!", "*")), line
