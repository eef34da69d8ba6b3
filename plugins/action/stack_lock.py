"""Keeps other runs off a stack until this one ends."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils.arguments import LOCK_CLASSES
from ..plugin_utils.in_process_action import InProcessAction


class ActionModule(InProcessAction):
    """The task ``airlift.stack.stack_lock``; documented with the module of its name."""

    declared: ClassVar[tuple[type[object], ...]] = LOCK_CLASSES

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Take the lock, or in check mode leave it."""
        from ..plugin_utils.held_lock import hold_for_run, order  # noqa: PLC0415 - loading it takes half a second

        if self._task.check_mode:
            return {"changed": False}
        name, purpose = arguments["name"], arguments["purpose"]
        taken_over = hold_for_run(order(arguments, name, purpose, for_run=True))
        if taken_over is not None:
            self.warn(f"Took over the lock of a run that is dead: {taken_over}.")
        # Nothing of the stack is changed by it, and the run's end undoes it.
        return {"changed": False}
