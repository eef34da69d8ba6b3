"""What is asked of dpkg, by this machine's shell and dpkg, what its answer means, and what apt is asked."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.action.apt_packages import ActionModule, missing, question

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


class Action(ActionModule):
    """The action with dpkg's answer given, and a note of what apt is asked, and whether for real."""

    def __init__(
        self, lines: list[str], check_mode: bool, arguments: dict[str, Any], apt: dict[str, Any]
    ) -> None:
        task = SimpleNamespace(args=arguments, check_mode=check_mode, async_val=0)
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="/nowhere"))
        super().__init__(task, connection, None, None, None)
        self.lines, self.apt = lines, apt
        self.asked: list[dict[str, Any]] = []

    def _low_level_execute_command(self, _command: str) -> dict[str, Any]:
        return {"rc": 0, "stdout_lines": self.lines, "stdout": "", "stderr": ""}

    def _execute_module(self, _name: str, arguments: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        del task_vars
        self.asked.append({"for real": not self._task.check_mode, **arguments})
        return dict(self.apt)


THERE, AWAY = ["installed curl=8.14.1-2", "indexed"], ["indexed"]
REFRESH = {"update_cache": True, "lock_timeout": 600}
INSTALL = {"name": ["curl"], "allow_downgrade": False, "lock_timeout": 600}
REAL, CHECKED = {"for real": True}, {"for real": False}
HOUR, NEW = {"cache_valid_time": 3600}, {"update_cache": True}
EVERY = {"install_recommends": False, "policy_rc_d": 101, "allow_downgrade": True, "lock_timeout": 5}
NO_DEPENDENCY = {"auto_install_module_deps": False}


@pytest.mark.parametrize(
    ("lines", "check_mode", "options", "asked", "changed"),
    [
        (THERE, False, HOUR, [], False),
        (THERE, True, HOUR, [], False),
        (AWAY, False, HOUR, [REAL | REFRESH | INSTALL | {"cache_valid_time": 3600}], True),
        (AWAY, False, {}, [REAL | REFRESH | INSTALL | {"cache_valid_time": 0}], True),
        ([], False, HOUR, [REAL | REFRESH | INSTALL | {"cache_valid_time": 0}], True),
        (
            AWAY,
            True,
            HOUR,
            [REAL | REFRESH | {"cache_valid_time": 3600} | NO_DEPENDENCY, CHECKED | INSTALL],
            True,
        ),
        (THERE, False, HOUR | NEW, [REAL | REFRESH | {"cache_valid_time": 0}], False),
        (AWAY, False, HOUR | NEW, [REAL | REFRESH | INSTALL | {"cache_valid_time": 0}], True),
        (AWAY, True, HOUR | NEW, [], True),
        (THERE, True, HOUR | NEW, [], False),
        (
            AWAY,
            False,
            HOUR | EVERY,
            [REAL | REFRESH | INSTALL | HOUR | EVERY],
            True,
        ),
    ],
    ids=[
        "there",
        "there, check mode",
        "away",
        "away, always refreshed",
        "away, and no index",
        "away, check mode",
        "there, new source",
        "away, new source",
        "away, new source, check mode",
        "there, new source, check mode",
        "all options",
    ],
)
def test_what_apt_is_asked(
    lines: list[str], check_mode: bool, options: dict[str, Any], asked: list[dict[str, Any]], changed: bool
) -> None:
    action = Action(lines, check_mode, {"name": ["curl"], **options}, {"changed": True})
    result = action.run()
    assert action.asked == asked
    assert result["changed"] == changed
    assert result["absent"] == ([] if lines == THERE else ["curl"])
    assert action._task.check_mode == check_mode


def test_an_index_that_cannot_be_refreshed_is_the_failure() -> None:
    action = Action(AWAY, True, {"name": ["curl"]}, {"failed": True, "msg": "no network"})
    assert action.run()["msg"] == "no network"
    assert len(action.asked) == 1
