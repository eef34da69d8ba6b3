"""Renders a list of configuration files, has the host write them in one run, and notifies by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from ..module_utils.config_file import OPTIONS

TEMPLATE = ".j2"
MODULE = "airlift.stack.config_files"


class ActionModule(ActionBase):
    """Documented with the module of its name, which does the host's part."""

    TRANSFERS_FILES = False
    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    spec: ClassVar[dict[str, Any]] = {
        "files": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                **OPTIONS,
                "src": {"type": "str"},
                "notify": {"type": "list", "elements": "str", "default": []},
            },
            "mutually_exclusive": [["src", "content", "json_keys", "directives"]],
        }
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        _result, options = self.validate_argument_spec(argument_spec=self.spec)
        result: dict[str, Any] = super().run(tmp, task_vars)
        files = [self._on_host(one, task_vars or {}) for one in options["files"]]
        result |= self._execute_module(MODULE, {"files": files}, task_vars=task_vars)
        # Ansible reads a task's handlers when its action has ended, so they may depend on what it did.
        self._task.notify = [
            *(self._task.notify or []),
            *concerned(options["files"], result.get("written", [])),
        ]
        return result

    def _on_host(self, file: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what the host is told about the file, with the text of ``src`` in ``content``."""
        told = {name: file[name] for name in OPTIONS if file[name] is not None}
        if file["src"] is None:
            return told
        try:
            return {**told, "content": self._source(file["src"], task_vars)}
        except (AnsibleError, OSError, UnicodeDecodeError) as error:
            raise AnsibleActionFail(f"Failed to write {file['dest']}: {error}") from error

    def _source(self, src: str, task_vars: dict[str, Any]) -> str:
        if src.endswith(TEMPLATE):
            template = lookup_loader.get(
                "ansible.builtin.template", loader=self._loader, templar=self._templar
            )
            return str(template.run([src], task_vars)[0])
        return Path(self._find_needle("files", src)).read_bytes().decode()


def concerned(files: Sequence[Mapping[str, Any]], written: Sequence[str]) -> list[str]:
    """Return the handlers of the files that were written, each once."""
    return list(dict.fromkeys(name for file in files if file["dest"] in written for name in file["notify"]))
