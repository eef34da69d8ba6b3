"""The log of one playbook, through the logger that Ansible's display has for ``log_path``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.utils import display


class LogDisplay:
    """Ansible's display, but what is displayed goes into the log alone. Warnings are shown as ever."""

    def __init__(self, screen: Any) -> None:
        """``screen`` is Ansible's display."""
        self._screen = screen

    def __getattr__(self, name: str) -> Any:
        """Whatever else there is, is the screen's."""
        return getattr(self._screen, name)

    def display(self, msg: str, *_how: object, screen_only: bool = False, **_more: object) -> None:
        """Write a line, unless it is meant for the screen."""
        if not screen_only:
            self._screen.display(msg, log_only=True)

    def banner(self, msg: str, *_how: object, **_more: object) -> None:
        """Write the line that begins a play or a task."""
        self.display(f"{msg} ***")


def begin(path: Path) -> str:
    """Have Ansible log to ``path``, begun anew, or go on with the owner's own ``log_path``; return which.

    Raises OSError where ``path`` cannot be written.
    """
    if display.logger:
        return str(constants.DEFAULT_LOG_PATH)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("airlift.playbook")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    display.logger = logger
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
