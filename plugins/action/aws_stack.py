"""Runs the module aws_stack and shows what it does while it does it: Ansible itself waits for the end."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.progress_lines import Lines

_TICK_SECONDS = 0.25
_FILES = ("certificate_file", "certificate_chain_file", "private_key_file")


class ActionModule(ActionBase):
    """Adds a file for progress to the arguments, and follows it. Over other connections it shows nothing."""

    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = _with_absolute_files(self._task.args)
        with contextlib.ExitStack() as stack:
            if self._connection.transport in ("local", "ansible.builtin.local"):
                path = stack.enter_context(_followed(Display().display))
                arguments |= {"_progress_file": path, "_progress_parent": os.getpid()}
            answer: dict[str, Any] = self._execute_module(
                module_name="airlift.stack.aws_stack", module_args=arguments, task_vars=task_vars
            )
        return result | answer


def _with_absolute_files(arguments: dict[str, Any]) -> dict[str, Any]:
    """Resolve files against the directory that ansible-playbook runs in: the module runs in another."""
    ingress = arguments.get("ingress")
    if not isinstance(ingress, dict):
        return dict(arguments)
    files = {name: str(Path(ingress[name]).expanduser().absolute()) for name in _FILES if ingress.get(name)}
    return {**arguments, "ingress": {**ingress, **files}}


@contextlib.contextmanager
def _followed(show: Callable[[str], None]) -> Iterator[str]:
    """Make a file for events, and show what is written to it until the context ends."""
    with tempfile.TemporaryDirectory(prefix="airlift-progress-") as directory:
        path = Path(directory) / "events"
        path.touch(mode=0o600)
        ended = threading.Event()
        thread = threading.Thread(target=_follow, args=(path, show, ended), daemon=True)
        thread.start()
        try:
            yield str(path)
        finally:
            ended.set()
            thread.join()


def _follow(path: Path, show: Callable[[str], None], ended: threading.Event) -> None:
    lines = Lines()
    with path.open(encoding="utf-8") as stream:
        rest = ""
        while True:
            last = ended.is_set()
            rest += stream.read()
            *whole, rest = rest.split("\n")
            for line in whole:
                text = lines.of(json.loads(line), time.monotonic())
                if text:
                    show(text)
            for text in lines.waiting(time.monotonic()):
                show(text)
            if last:
                return
            ended.wait(_TICK_SECONDS)
