"""Actions that do their work in this process.

A module would be packed, unpacked, compiled and started anew for each task, and show nothing while it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.errors import AirliftError


class InProcessAction(ActionBase):
    """Validates the task's arguments against ``spec`` and calls ``work`` with them."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    spec: ClassVar[dict[str, Any]]

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do it and return the result. Raises ``AirliftError`` to fail in words."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        _result, arguments = self.validate_argument_spec(argument_spec=self.spec)
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._enter_environment()
        try:
            # Ansible's strings know where they come from; botocore and our own checks want plain ones.
            return result | self.work(json.loads(json.dumps(arguments)))
        except AirliftError as error:
            raise AnsibleActionFail(str(error)) from None

    def say(self, line: str) -> None:
        """Show a line now, not when the task ends."""
        Display().display(line)

    def warn(self, line: str) -> None:
        """Show a warning now."""
        Display().warning(line)

    def say_when_interrupted(self, line: str) -> None:
        """Show a line although Ansible is ending this task and listens no more: on its own standard error."""
        with contextlib.suppress(OSError), Path(f"/proc/{os.getppid()}/fd/2").open("a") as stream:
            stream.write(f"{line}\n")

    def _enter_environment(self) -> None:
        """Take on the task's ``environment``, as a module would. This process is the task's own."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        os.environ.update({name: str(value) for name, value in environment.items()})
