"""The callback plugin at a terminal and elsewhere, as Ansible runs it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAYBOOK = """
- name: First
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Leave it
      ansible.builtin.command: "true"
      changed_when: false
    - name: Change it
      ansible.builtin.command: "true"
      loop: [1, 2]
    - name: Keep it secret
      ansible.builtin.command: echo unsayable
      no_log: true
    - name: Say it
      ansible.builtin.debug:
        msg: "Endpoint   https://airlift.test/v1"
- name: Second
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write it
      ansible.builtin.copy:
        content: "new\\n"
        dest: "{{ playbook_dir }}/written"
        mode: "0600"
"""
FAILING = """
- name: First
  hosts: localhost:nowhere
  gather_facts: false
  tasks:
    - name: Warn and fail
      ansible.builtin.command: sh -c 'echo why >&2; exit 3'
      when: inventory_hostname == 'localhost'
    - name: Reach it
      ansible.builtin.ping:
"""
WAITING = """
- name: First
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Wait for it
      ansible.builtin.wait_for:
        path: "{{ playbook_dir }}/marker"
        timeout: 300
"""
type Process = subprocess.Popen[bytes]

COMMAND = Path(sys.executable).parent / "ansible-playbook"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a configuration like ours, and nothing of a run before."""
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\ninventory = hosts.yml\n"
        "stdout_callback = airlift.stack.progress\ncallback_result_format = yaml\n"
        "display_skipped_hosts = false\n"
    )
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {localhost: {ansible_connection: local, "
        f"ansible_python_interpreter: '{sys.executable}'}}, "
        "nowhere: {ansible_host: 127.0.0.1, ansible_port: 9}}}\n"
    )
    return tmp_path


def environment(directory: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "ANSIBLE_CONFIG": str(directory / "ansible.cfg"), "TERM": "dumb", **more}


@contextmanager
def terminal(
    directory: Path, playbook: str, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run ``playbook`` at a terminal; yield the process and where to read what it shows."""
    (directory / "site.yml").write_text(playbook)
    ours, its = pty.openpty()
    try:
        process = subprocess.Popen(
            [COMMAND, "site.yml", *arguments],
            cwd=directory,
            env=environment(directory),
            stdin=its,
            stdout=its,
            stderr=its,
        )
        os.close(its)
        yield process, ours
    finally:
        os.close(ours)


def read(stream: int, until: str | None = None) -> str:
    """Return what is shown, up to its end or to ``until``."""
    shown = b""
    while until is None or until.encode() not in shown:
        try:
            piece = os.read(stream, 4096)
        except OSError:  # what Linux says where nobody writes any more
            break
        if not piece:
            break
        shown += piece
    return shown.decode().replace("\r\n", "\n")


def shown(directory: Path, playbook: str, *arguments: str) -> tuple[int, str]:
    with terminal(directory, playbook, *arguments) as (process, stream):
        text = read(stream)
        return process.wait(60), text


def piped(directory: Path, playbook: str, *arguments: str, **more: str) -> str:
    (directory / "site.yml").write_text(playbook)
    return subprocess.run(
        [COMMAND, "site.yml", *arguments],
        cwd=directory,
        env=environment(directory, **more),
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout


def test_a_person_sees_stages_changes_and_messages_and_the_log_has_the_rest(directory: Path) -> None:
    code, text = shown(directory, PLAYBOOK)
    assert code == 0
    assert "Leave it" not in text
    assert "ok:" not in text
    assert "PLAY RECAP" not in text
    assert "==> First\n  changed   Change it (2 items)   localhost" in text
    assert "\n  Endpoint   https://airlift.test/v1\n" in text
    assert re.search(r"\n  took      \d+ s\n\n==> Second\n", text)
    assert ": 3 tasks changed something. Everything is in .airlift/log/site.log.\n" in text

    log = directory / ".airlift/log/site.log"
    assert log.stat().st_mode & 0o777 == 0o600
    for line in ("TASK [Leave it]", "ok: [localhost]", "changed: [localhost] => (item=2)", "PLAY RECAP"):
        assert line in log.read_text()
    assert "unsayable" not in text + log.read_text()

    code, text = shown(directory, PLAYBOOK)
    assert re.search(r"==> First   \(from here to the end: \d+ s last time\)", text)
    assert log.read_text().count("PLAY RECAP") == 1


def test_a_plan_is_shown_as_a_diff_and_keeps_no_times(directory: Path) -> None:
    code, text = shown(directory, PLAYBOOK, "--check", "--diff")
    assert code == 0
    assert "+new" in text
    assert "==> Finished in " in text
    assert "one task would change something." in text
    assert not (directory / ".airlift/log/site.seconds.json").exists()


def test_a_failure_and_a_host_that_is_not_reached_are_shown_in_full(directory: Path) -> None:
    code, text = shown(directory, FAILING)
    assert code != 0
    assert "TASK [Warn and fail]" in text
    assert "fatal: [localhost]: FAILED!" in text
    assert "stderr: why" in text
    assert "fatal: [nowhere]: UNREACHABLE!" in text
    assert "Failed: localhost. Unreachable: nowhere." in text


def test_what_takes_long_is_said(directory: Path) -> None:
    with terminal(directory, WAITING) as (process, stream):
        assert "  waiting   Wait for it   localhost   1" in read(stream, until=" so far")
        (directory / "marker").touch()
        assert "==> Finished in " in read(stream)
        assert process.wait(60) == 0


def test_an_interruption_is_clear(directory: Path) -> None:
    with terminal(directory, WAITING) as (process, stream):
        read(stream, until="==> First")
        process.send_signal(signal.SIGINT)
        text = read(stream)
        assert process.wait(60) == 99
    assert "User interrupted execution" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]], ids=["real", "check"])
def test_without_a_terminal_it_is_ansibles_own(directory: Path, arguments: list[str]) -> None:
    ours = piped(directory, PLAYBOOK, *arguments)
    (directory / "written").unlink(missing_ok=True)
    assert ours == piped(directory, PLAYBOOK, *arguments, ANSIBLE_STDOUT_CALLBACK="default")
    assert "ok: [localhost]" in ours
    assert not (directory / ".airlift").exists()


def test_with_v_it_is_ansibles_own(directory: Path) -> None:
    code, text = shown(directory, PLAYBOOK, "-v")
    assert code == 0
    assert "TASK [Leave it]" in text
    assert "==> " not in text


def test_a_log_that_cannot_be_written_stops_nothing(directory: Path) -> None:
    (directory / ".airlift").write_text("in the way")
    code, text = shown(directory, PLAYBOOK)
    assert code == 0
    assert "Failed to write the log" in text
    assert "tasks changed something.\n" in text
