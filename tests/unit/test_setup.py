"""What scripts/setup says where it cannot do its work: in a copy, with programs of ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = "bash cat cp cut dirname env grep mktemp rm sed seq sha256sum sleep tail uname"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is current, and a PATH that has neither Docker nor a registry."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/lib/python3.12/site-packages").mkdir(parents=True)
    shutil.copytree(ROOT / ".config/python", tmp_path / ".config/python")
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".venv/airlift-lock").write_text(hashlib.sha256(b"").hexdigest())
    (tmp_path / "bin").mkdir()
    for tool in TOOLS.split():
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    program(tmp_path, "id", "echo 0")  # or the real sudo would find the real apt-get
    return tmp_path


def setup(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": str(checkout / "bin"), "HOME": str(checkout), "TMPDIR": str(checkout), **environment}
    command = [checkout / "scripts/setup", *arguments]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=60)


def program(checkout: Path, name: str, text: str) -> None:
    file = checkout / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_what_apt_cannot_install_is_said_in_its_own_words(checkout: Path) -> None:
    program(checkout, "apt-get", "echo 'E: Unable to locate package docker.io'; exit 100")
    done = setup(checkout)
    assert done.returncode == 1
    assert "E: Unable to locate package docker.io" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("airlift: apt could not install ")
    assert "docker.io" in last
    assert "docker-registry" in last


def test_another_system_is_told_what_to_install(checkout: Path) -> None:
    done = setup(checkout)
    assert done.returncode == 1
    assert "docker.io is missing and this is not a Debian or Ubuntu system." in done.stderr


def test_a_python_that_does_not_work_is_named(checkout: Path) -> None:
    (checkout / ".venv/airlift-lock").unlink()
    done = setup(checkout, AIRLIFT_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "AIRLIFT_PYTHON=/bin/false is not a working Python 3.12 or newer." in done.stderr


def test_without_root_and_sudo_nothing_is_begun(checkout: Path) -> None:
    program(checkout, "id", "echo 1000")
    done = setup(checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the set-up needs root and there is no sudo." in done.stderr


# Somebody with sudo runs the set-up, and is not in the group docker until they are added to it.
USER = {
    "id": """case "$*" in
      -u) echo 1000 ;;
      -un) echo someone ;;
      -nG) echo "someone$JOINED" ;;
      "-nG someone") cat "$HOME/groups" ;;
    esac""",
    "sudo": """while [ "${1#--}" != "$1" ] || [ "$1" = -n ]; do shift; done; AS_ROOT=yes exec "$@" """,
    "usermod": 'echo "$*" >>"$HOME/usermod"; echo "someone docker" >"$HOME/groups"',
    "docker": 'case "$AS_ROOT$JOINED" in "") exit 1 ;; esac; case "$1" in version) echo 28.0 ;; esac',
    "sg": """if [ "$1" = docker ]; then export JOINED=" docker"; fi; exec /bin/sh -c "$3" """,
    "python3": 'echo "$*" >>"$HOME/python"',
}
THERE = (
    *("haproxy", "debootstrap", "docker-registry", "iptables", "ssh", "ip", "curl", "ps", "openssl"),
    *("update-ca-certificates", "shellcheck", "dockerd", "true"),
)


@pytest.fixture
def of_a_user(checkout: Path) -> Path:
    for name, text in USER.items():
        program(checkout, name, text)
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/bin/python").symlink_to(checkout / "bin/python3")
    for name in THERE:
        program(checkout, name, "exit 0")
    (checkout / "groups").write_text("someone\n")
    return checkout


def test_a_user_outside_the_group_docker_joins_it_once_and_the_set_up_goes_on(of_a_user: Path) -> None:
    done = setup(of_a_user, "--tests")
    assert done.returncode == 0, done.stderr
    assert "user someone is in the group docker from now on" in done.stdout
    assert done.stdout.splitlines()[-1] == "==> ready"
    assert (of_a_user / "usermod").read_text() == "--append --groups docker someone\n"
    # Begun again with what it was given.
    assert "build-image --release 12" in (of_a_user / "python").read_text()

    again = setup(of_a_user)
    assert again.returncode == 0, again.stderr
    assert "from now on" not in again.stdout
    assert (of_a_user / "usermod").read_text().count("\n") == 1


def test_a_user_whom_the_group_does_not_help_is_told_where_to_look(of_a_user: Path) -> None:
    program(of_a_user, "docker", 'test -n "$AS_ROOT"')
    done = setup(of_a_user)
    assert done.returncode == 1
    assert "is in the group docker, and may not use the container engine all the same" in done.stderr


# A Python that makes an environment, and whose pip says by which authorities it goes.
PYTHON = """case "$*" in
  *"--clear"*) exit 1 ;;
  "-m venv .venv") mkdir -p .venv/bin .venv/lib/python3.12/site-packages
    cp "$0" .venv/bin/python; cp "$HOME/bin/uv" .venv/bin/uv ;;
  "-m pip config get global.cert") test -n "$CONFIGURED" ;;
  "-m pip install"*) echo "${PIP_CERT:-its own}" >"$HOME/cert" ;;
esac"""


@pytest.mark.parametrize(
    ("given", "cert"),
    [
        ({}, "/etc/ssl/certs/ca-certificates.crt"),
        ({"CONFIGURED": "yes"}, "its own"),
        ({"PIP_CERT": "/srv/ca.pem"}, "/srv/ca.pem"),
    ],
    ids=["by itself", "pip.conf", "environment"],
)
def test_pip_trusts_what_the_system_trusts(checkout: Path, given: dict[str, str], cert: str) -> None:
    for tool in ("awk", "mkdir", "readlink"):
        (checkout / "bin" / tool).symlink_to(str(shutil.which(tool)))
    (checkout / ".venv/airlift-lock").unlink()
    program(checkout, "python3", PYTHON)
    program(checkout, "uv", 'test "$UV_SYSTEM_CERTS" = true')
    done = setup(checkout, "--python-only", **given)
    assert done.returncode == 0, done.stderr
    assert (checkout / "cert").read_text().strip() == cert
    (site,) = (checkout / ".venv/lib").glob("*/site-packages")
    assert (site / "airlift.pth").read_text() == "import airlift_environment\n"
    assert (site / "airlift_environment.py").exists()


def sourced(checkout: Path, show: str, **environment: str) -> str:
    given = {"PATH": str(checkout / "bin"), "HOME": str(checkout), **environment}
    script = f'set -euo pipefail; . {checkout}/scripts/lib.sh; printf "%s" "{show}"'
    return subprocess.run(
        ["bash", "-c", script], env=given, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize(
    ("charmap", "becomes"), [("UTF-8", "en_GB.UTF-8"), ("ANSI_X3.4-1968", "C.UTF-8")], ids=["utf-8", "ascii"]
)
def test_the_locale_is_one_that_ansible_takes(checkout: Path, charmap: str, becomes: str) -> None:
    program(checkout, "locale", f"echo {charmap}")
    assert sourced(checkout, "$LC_ALL", LC_ALL="en_GB.UTF-8") == becomes


def test_uv_trusts_what_the_system_trusts(checkout: Path) -> None:
    assert sourced(checkout, "$UV_SYSTEM_CERTS") == "true"


def test_a_proxy_is_known_by_both_spellings(checkout: Path) -> None:
    show = "${https_proxy:-} ${http_proxy:-}"
    given = {"HTTPS_PROXY": "http://a:1", "HTTP_PROXY": "http://b:1", "http_proxy": "http://c:1"}
    assert sourced(checkout, show, **given) == "http://a:1 http://c:1"
