"""Provisions, changes or removes a stack, and shows what it does while it does it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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
        from ..plugin_utils.held_lock import held_by_task, order  # noqa: PLC0415

        run, purpose = (present, "provision") if arguments["state"] == "present" else (absent, "destroy")

        @contextlib.contextmanager
        def lock() -> Iterator[None]:
            with held_by_task(order(arguments, arguments["name"], purpose, for_run=False)) as taken_over:
                if taken_over is not None:
                    self.warn(f"Took over the lock of a run that is dead: {taken_over}.")
                yield

        messages = Messages(self.say, self.warn, self.say_when_interrupted)
        return run(arguments, self._task.check_mode, messages, lock)
