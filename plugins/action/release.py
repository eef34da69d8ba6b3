"""Checks the engine's settings by the schema of its folder, then runs the module of this name."""

from __future__ import annotations

import json
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.engines import completed
from ..module_utils.errors import EngineSettingsError


class ActionModule(ActionBase):
    """The task ``airlift.stack.release``. A module is packed and sent, and could not read the schema."""

    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Complete the engine's settings and run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("state", "present") == "present":
            try:
                arguments["engine"] = _completed(arguments.get("engine") or {})
            except EngineSettingsError as error:
                raise AnsibleActionFail(str(error)) from None
        answer: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
        return result | answer


def _completed(engine: dict[str, Any]) -> dict[str, Any]:
    # Ansible's strings know where they come from; a schema asks for plain ones.
    plain = json.loads(json.dumps(engine))
    name = plain.get("name") or "llamacpp"
    return {**plain, "name": name, "settings": completed(name, plain.get("settings") or {})}
