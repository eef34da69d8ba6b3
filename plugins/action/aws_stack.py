"""Provisions, changes or removes a stack, and shows what it does while it does it."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils.arguments import STACK_CLASSES
from ..plugin_utils.in_process_action import InProcessAction


class ActionModule(InProcessAction):
    """The task ``airlift.stack.aws_stack``; documented with the module of its name."""

    declared: ClassVar[tuple[type[object], ...]] = STACK_CLASSES

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Make the stack as wanted."""
        from ..module_utils.execution.progress import Messages  # noqa: PLC0415 - loading these takes half a second
        from ..module_utils.execution.results import absent, present  # noqa: PLC0415

        run = present if arguments["state"] == "present" else absent
        return run(arguments, self._task.check_mode, Messages(self.say, self.warn, self.say_when_interrupted))
