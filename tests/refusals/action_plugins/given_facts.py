"""Gives a host facts, so that a role decides as it would on a machine that has them."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Returns the argument ``facts`` as if they had been gathered."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | {"changed": False, "ansible_facts": self._task.args["facts"]}
