"""Returns what there is of a stack."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils.arguments import STACK_INFO_CLASSES
from ..plugin_utils.in_process_action import InProcessAction


class ActionModule(InProcessAction):
    """The task ``airlift.stack.aws_stack_info``; documented with the module of its name."""

    declared: ClassVar[tuple[type[object], ...]] = STACK_INFO_CLASSES

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        from ..module_utils.execution.results import info  # noqa: PLC0415 - loading it takes half a second

        return {"changed": False, **info(arguments)}
