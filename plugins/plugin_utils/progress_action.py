"""Actions that run a module and show its progress while it runs."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

_TICK_SECONDS = 0.25


class ProgressAction(ActionBase):
    """Runs the module of its name with ``_progress_file``; over a connection that is not local, silently."""

    _supports_async = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with contextlib.ExitStack() as stack:
            if self._connection.transport in ("local", "ansible.builtin.local"):
                arguments["_progress_file"] = stack.enter_context(followed(Display().display))
            answer: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars)
        return result | answer


@contextlib.contextmanager
def followed(show: Callable[[str], None]) -> Iterator[str]:
    """Make a progress file, and show what is written to it until the block ends."""
    with tempfile.TemporaryDirectory(prefix="airlift-progress-") as directory:
        path = Path(directory) / "progress"
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
    with path.open(encoding="utf-8") as stream:
        rest = ""
        while True:
            last = ended.is_set()
            rest += stream.read()
            *whole, rest = rest.split("\n")
            for line in whole:
                show(json.loads(line)["text"])
            if last:
                return
            ended.wait(_TICK_SECONDS)
