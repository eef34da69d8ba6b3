"""Asks an account all that can be known before anything is changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from ..module_utils.arguments import PREFLIGHT_CLASSES, connection, stack_options
from ..module_utils.errors import CheckFailedError
from ..plugin_utils.in_process_action import InProcessAction


class ActionModule(InProcessAction):
    """The task ``airlift.stack.account_preflight``; documented with the module of its name."""

    declared: ClassVar[tuple[type[object], ...]] = PREFLIGHT_CLASSES

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Ask everything, say what came of it, and fail with all that is wrong at once."""
        from ..module_utils.aws.session import Session  # noqa: PLC0415 - loading these takes half a second
        from ..module_utils.execution.account_preflight import ask  # noqa: PLC0415
        from ..module_utils.execution.stack import Stack  # noqa: PLC0415

        session = Session(connection(arguments))
        answers = ask(Stack(session, stack_options(arguments, session.region)), arguments["model_bytes"])
        marks = {False: "ok", True: "FAULT", None: "not asked"}
        for one in answers:
            self.say(f"{marks[one.fault]:<10} {one.question}: {one.said}")
        if faults := [one.said for one in answers if one.fault]:
            raise CheckFailedError(" ".join(faults))
        return {"changed": False, "answers": [asdict(one) for one in answers]}
