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
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.arguments import faults
from ..module_utils.errors import AirliftError, BlueprintError
from ..module_utils.option_schema.ansible_words import spec
from ..module_utils.option_schema.declared import declared


class InProcessAction(ActionBase):
    """Checks the task's arguments by the dataclasses ``declared`` and calls ``work`` with them."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    declared: ClassVar[tuple[type[object], ...]]

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do it and return the result. Raises ``AirliftError`` to fail in words."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._enter_environment()
        try:
            # Ansible's strings know where they come from; botocore and our own checks want plain ones.
            return result | self.work(self._checked(json.loads(json.dumps(self._task.args))))
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

    def _checked(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments with their defaults. Raises ``BlueprintError`` with all that is wrong."""
        arguments, said = converted(self.declared, given)
        if errors := faults(self.declared, arguments) or said:
            raise BlueprintError("\n".join(errors))
        return arguments

    def _enter_environment(self) -> None:
        """Take on the task's ``environment``, as a module would. This process is the task's own."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        os.environ.update({name: str(value) for name, value in environment.items()})


def converted(classes: tuple[type[object], ...], given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return ``given`` with Ansible's conversions ("2" is 2, "yes" is true) and defaults, and its complaints.

    Its own words name neither the option's layer nor what was meant: ours come first.
    """
    layers = {one.argument for cls in classes for one in declared(cls) if one.layer}
    # Ansible looks into a layer before it sees that it is none.
    flat = {name: given[name] for name in layers & given.keys() if not isinstance(given[name], dict | str)}
    rest = {name: value for name, value in given.items() if name not in flat or value is None}
    try:
        result = ArgumentSpecValidator(spec(*classes)).validate(rest)
    except OverflowError:
        # YAML's .inf where a whole number belongs: our own check has the words for it.
        return dict.fromkeys(spec(*classes)) | given, []
    return result.validated_parameters | flat, result.error_messages
