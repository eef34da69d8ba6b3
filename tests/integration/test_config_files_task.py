"""The task config_files as a role has it: what is found and written, and which handlers run."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
HANDLERS = ("Restart the daemon", "Reload the daemon", "Count the changes")


@pytest.fixture
def role(tmp_path: Path) -> Path:
    """A role with three handlers, a template and a file; its task is yet to be written."""
    root = tmp_path / "roles/daemon"
    sources = {
        "templates/daemon.conf.j2": "size = {{ daemon_size }}\n",
        "files/daemon.sh": "echo {{ untouched }}\n",
        "handlers/main.yml": yaml.safe_dump(
            [{"name": name, "ansible.builtin.debug": {"msg": "ran"}} for name in HANDLERS]
        ),
        "vars/main.yml": yaml.safe_dump({"daemon_size": 1}),
    }
    for name, text in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def play(role: Path, files: Sequence[Mapping[str, object]], *flags: str) -> tuple[str, list[str]]:
    """Run the role with one task that writes ``files``; return the output and the handlers that ran."""
    task = {
        "name": "Write the configuration",
        "airlift.stack.config_files": {"files": [{**ME, **file} for file in files]},
        "notify": "Count the changes",
    }
    (role / "tasks").mkdir(exist_ok=True)
    (role / "tasks/main.yml").write_text(yaml.safe_dump([task]))
    playbook, config = role.parents[1] / "play.yml", role.parents[1] / "ansible.cfg"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "roles": ["daemon"]}]))
    config.write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\n")
    ansible = Path(sys.executable).with_name("ansible-playbook")
    interpreter = f"ansible_python_interpreter={sys.executable}"
    done = subprocess.run(
        [ansible, "-i", "localhost,", "-c", "local", "-e", interpreter, playbook, *flags],
        env={**os.environ, "ANSIBLE_CONFIG": str(config), "ANSIBLE_LOCALHOST_WARNING": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr, re.findall(r"RUNNING HANDLER \[daemon : (.+?)\]", done.stdout)


def test_handlers_run_for_the_files_that_changed(role: Path, tmp_path: Path) -> None:
    files = [
        {"src": "daemon.conf.j2", "dest": f"{tmp_path}/etc/daemon.conf", "notify": "Reload the daemon"},
        {
            "src": "daemon.sh",
            "dest": f"{tmp_path}/bin/daemon",
            "mode": "0755",
            "notify": "Restart the daemon",
        },
    ]
    output, handlers = play(role, files, "--check", "--diff")
    assert "+size = 1" in output
    assert handlers == list(HANDLERS)
    assert not (tmp_path / "etc").exists()
    assert not (tmp_path / "bin").exists()

    assert play(role, files)[1] == list(HANDLERS)
    assert (tmp_path / "etc/daemon.conf").read_text() == "size = 1\n"
    assert (tmp_path / "bin/daemon").read_text() == "echo {{ untouched }}\n"
    assert (tmp_path / "bin/daemon").stat().st_mode & 0o777 == 0o755

    output, handlers = play(role, files)
    assert "changed=0" in output
    assert handlers == []

    (tmp_path / "etc/daemon.conf").write_text("size = 2\n")
    assert play(role, files)[1] == ["Reload the daemon", "Count the changes"]


def test_nothing_is_replaced_where_one_file_is_refused(role: Path, tmp_path: Path) -> None:
    good = {"content": "good\n", "dest": f"{tmp_path}/etc/good", "notify": "Reload the daemon"}
    bad = {"content": "bad\n", "dest": f"{tmp_path}/etc/bad", "validate": "grep -q good %s"}
    output, handlers = play(role, [good, bad])
    assert f"Failed to write {tmp_path}/etc/bad: grep refused it" in " ".join(output.split())
    assert handlers == []
    assert not (tmp_path / "etc").exists()


def test_a_handler_that_is_nowhere_is_an_error(role: Path, tmp_path: Path) -> None:
    output, _ = play(role, [{"content": "x", "dest": f"{tmp_path}/x", "notify": "Restart nothing"}])
    assert "Restart nothing" in output
    assert "was not found" in " ".join(output.split())


def test_a_file_that_is_its_owners_alone_is_not_shown(role: Path, tmp_path: Path) -> None:
    secret = {"content": "the-secret\n", "dest": f"{tmp_path}/key", "mode": "0600"}
    output, _ = play(role, [secret], "--diff")
    assert "its owner's alone" in output
    assert "the-secret" not in output
    assert (tmp_path / "key").read_text() == "the-secret\n"
