"""Asks dpkg which packages are there, and has apt install only what is absent."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

SHOW = "${db:Status-Status} ${Package}=${Version}\\n"
PASSED_ON = ("install_recommends", "policy_rc_d", "allow_downgrade")
INDEXED = "indexed"
"""What the question says, last, where there is a package index. dpkg's answers have two words."""


class ActionModule(ActionBase):
    """Documented with the module of its name."""

    _supports_async = False
    _supports_check_mode = True

    spec: ClassVar[dict[str, Any]] = {
        "name": {"type": "list", "elements": "str", "required": True},
        "update_cache": {"type": "bool", "default": False},
        "cache_valid_time": {"type": "int", "default": 0},
        "install_recommends": {"type": "bool"},
        "policy_rc_d": {"type": "int"},
        "allow_downgrade": {"type": "bool", "default": False},
        "lock_timeout": {"type": "int", "default": 600},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        _result, options = self.validate_argument_spec(argument_spec=self.spec)
        result: dict[str, Any] = super().run(tmp, task_vars)
        names, refresh = options["name"], options["update_cache"]
        if not names and not refresh:
            return result | {"changed": False, "absent": []}
        lines = self._ask(names)
        absent = missing(names, lines)
        result |= {"changed": False, "absent": absent}
        if refresh and self._task.check_mode:
            said = f"Would install {', '.join(absent) or 'nothing'}."
            return result | {"changed": bool(absent), "msg": said}
        age = 0 if refresh or INDEXED not in lines else options["cache_valid_time"]
        index = {"update_cache": True, "cache_valid_time": age}
        if absent and self._task.check_mode:
            with self._for_real():  # in check mode apt says that it would refresh the index, and does not
                refreshed = self._apt(options, task_vars, index, auto_install_module_deps=False)
            if refreshed.get("failed"):
                return result | refreshed
            index = {}
        if absent:
            chosen = {name: options[name] for name in PASSED_ON if options[name] is not None}
            return result | self._apt(options, task_vars, index, name=absent, **chosen)
        if refresh:
            return result | self._apt(options, task_vars, index) | {"changed": False}
        return result

    def _ask(self, names: Sequence[str]) -> list[str]:
        answer = self._low_level_execute_command(question(names))
        if answer["rc"]:
            said = answer["stderr"].strip() or answer["stdout"].strip()
            raise AnsibleActionFail(f"Failed to ask dpkg which packages are installed: {said}")
        lines: list[str] = answer["stdout_lines"]
        return lines

    def _apt(
        self, options: Mapping[str, Any], task_vars: Any, index: Mapping[str, Any], **arguments: Any
    ) -> dict[str, Any]:
        arguments |= {**index, "lock_timeout": options["lock_timeout"]}
        done: dict[str, Any] = self._execute_module("ansible.builtin.apt", arguments, task_vars=task_vars)
        return done

    @contextlib.contextmanager
    def _for_real(self) -> Iterator[None]:
        checked = self._task.check_mode
        self._task.check_mode = False
        try:
            yield
        finally:
            self._task.check_mode = checked


def question(names: Sequence[str]) -> str:
    """Return the shell command that asks dpkg for ``names`` and looks for a package index.

    dpkg-query ends with 1 where it does not know a name, which is an answer.
    """
    packages = [name.partition("=")[0] for name in names]
    known = shlex.join(["dpkg-query", "--show", f"--showformat={SHOW}", *packages])
    index = "ls /var/lib/apt/lists | grep -q _Packages"
    return f"{{ {known} || test $? = 1; }} && if {index}; then echo {INDEXED}; fi"


def missing(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Return those of ``names`` that no line shows as installed, in the version wanted."""
    words = [line.split() for line in lines]
    installed = dict(two[1].split("=", 1) for two in words if len(two) == 2 and two[0] == "installed")
    wanted = [(name, *name.partition("=")[::2]) for name in names]
    return [
        name
        for name, package, version in wanted
        if package not in installed or not fnmatchcase(installed[package], version or "*")
    ]
