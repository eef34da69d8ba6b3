"""The callback plugin: what a person at a terminal wants to see of a playbook."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: stdout
short_description: Stages, changes and what is waited for, with everything else in a log
description:
  - At a terminal it shows each stage (play), how long it took, what changed, what is waited for, messages,
    warnings, diffs, failures in full, and how long the rest took the last time.
  - What C(ansible.builtin.default) would have shown is in C(.airlift/log/<playbook>.log) beside ansible.cfg,
    which each run begins anew, or in the file of E(ANSIBLE_LOG_PATH).
  - With C(-v), and where the output is no terminal, it is C(ansible.builtin.default).
extends_documentation_fragment: [default_callback, result_format_callback]
requirements: [set as stdout_callback in the configuration]
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.airlift.stack.plugins.plugin_utils import playbook_log
from ansible_collections.airlift.stack.plugins.plugin_utils import terminal_lines as lines

_TICK_SECONDS = 1.0


class CallbackModule(Default):
    """For a person, lines of its own, and the default's go into the log; otherwise the default's."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "airlift.stack.progress"

    _display: Any

    def __init__(self) -> None:
        """Nothing has happened yet."""
        super().__init__()
        self._screen = self._display
        self._for_a_person = sys.stdout.isatty() and not self._screen.verbosity
        if self._for_a_person:
            self._display = playbook_log.LogDisplay(self._screen)
        self._began = self._stage_began = self._task_began = time.monotonic()
        self._playbook = self._stage = self._log = ""
        self._last: dict[str, float] = {}
        self._spent: dict[str, float] = {}
        self._task: Any = None
        self._running: dict[str, str] = {}
        self._changed: dict[str, int] = {}
        self._changes = 0

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin the log, and the watch over tasks that take long."""
        self._playbook = Path(playbook._file_name).stem
        if self._for_a_person:
            self._log = self._open_log()
            with contextlib.suppress(OSError, ValueError):
                self._last = json.loads(self._file("seconds.json").read_text())
            threading.Thread(target=self._watch, daemon=True).start()
        super().v2_playbook_on_start(playbook)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Begin a stage."""
        self._end_stage()
        self._stage, self._stage_began = play.get_name().strip(), time.monotonic()
        self._say(lines.stage(self._stage, lines.rest(self._last, self._spent, self._stage)))
        super().v2_playbook_on_play_start(play)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Say it: such a stage is over at once."""
        self._say("  no hosts")
        super().v2_playbook_on_no_hosts_matched()

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        """Begin a task or a handler."""
        self._end_task()
        self._task, self._task_began = task, time.monotonic()
        super()._task_start(task, prefix)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note whom is waited for."""
        self._running[host.get_name()] = ""
        super().v2_runner_on_start(host, task)

    def v2_runner_retry(self, result: Any) -> None:
        """Note how often it was tried."""
        self._running[result.host.get_name()] = f"{result.result['attempts']} of {result.result['retries']}"
        super().v2_runner_retry(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Note a change, or show a message."""
        if result.result.get("changed"):
            host = self.host_label(result)
            self._changed[host] = self._changed.get(host, 0) + 1
        with self._on_screen(when=_is_message(result)):
            super().v2_runner_item_on_ok(result)

    def v2_runner_on_ok(self, result: Any) -> None:
        """Note a change, or show a message."""
        self._running.pop(result.host.get_name(), None)
        if result.result.get("changed"):
            self._changed.setdefault(self.host_label(result), 1)
        text = result.result.get("msg") if _is_message(result) else None
        if isinstance(text, str):
            self._say(lines.message(text))
        with self._on_screen(when=_is_message(result) and not isinstance(text, str)):
            super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Nobody waits for it."""
        self._running.pop(result.host.get_name(), None)
        super().v2_runner_on_skipped(result)

    def v2_on_file_diff(self, result: Any) -> None:
        """Show it."""
        with self._on_screen():
            super().v2_on_file_diff(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Show it."""
        with self._on_screen():
            super().v2_runner_item_on_failed(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Show it."""
        self._running.pop(result.host.get_name(), None)
        with self._on_screen():
            super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Show it."""
        self._running.pop(result.host.get_name(), None)
        with self._on_screen():
            super().v2_runner_on_unreachable(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Say how it ended; keep how long the stages took, for the next time."""
        self._end_stage()
        lost = {"Failed": sorted(stats.failures), "Unreachable": sorted(stats.dark)}
        seconds, check = time.monotonic() - self._began, bool(context.CLIARGS.get("check"))
        self._say(lines.end(seconds, self._changes, check, lost, self._log))
        if self._for_a_person and not any(lost.values()) and _is_whole():
            with contextlib.suppress(OSError):  # it only serves the next run's headings
                self._file("seconds.json").write_text(json.dumps(self._spent))
        super().v2_playbook_on_stats(stats)

    def _file(self, suffix: str) -> Path:
        """Return a file of this playbook among what this checkout makes for itself."""
        root = Path(constants.CONFIG_FILE or "ansible.cfg").resolve().parent
        return root / ".airlift" / "log" / f"{self._playbook}.{suffix}"

    def _open_log(self) -> str:
        path = self._file("log")
        try:
            return playbook_log.begin(path)
        except OSError as error:
            said = f"Failed to write the log {path}: {error.strerror}. Set ANSIBLE_LOG_PATH to another file."
            self._screen.warning(said)
            return ""

    def _say(self, text: str, colour: str | None = None) -> None:
        if self._for_a_person:
            self._screen.display(text, color=colour, screen_only=True)

    @contextlib.contextmanager
    def _on_screen(self, when: bool = True) -> Iterator[None]:
        """Show what the default shows, its task first."""
        if not when or not self._for_a_person:
            yield
            return
        kept, self._display, self._last_task_banner = self._display, self._screen, None
        try:
            yield
        finally:
            self._display = kept

    def _end_task(self) -> None:
        self._running.clear()
        if self._changed:
            seconds = time.monotonic() - self._task_began
            line = lines.changed(self._task.get_name().strip(), self._changed, seconds)
            self._say(line, constants.COLOR_CHANGED)
            self._changes += 1
            self._changed.clear()

    def _end_stage(self) -> None:
        self._end_task()
        if self._stage:
            seconds = time.monotonic() - self._stage_began
            self._spent[self._stage] = self._spent.get(self._stage, 0.0) + seconds
            self._say(f"  took      {lines.duration(seconds)}", constants.COLOR_OK)
            self._stage = ""

    def _watch(self) -> None:
        """Now and then, say which task takes long."""
        task, due = None, 0.0
        while True:
            time.sleep(_TICK_SECONDS)
            seconds = time.monotonic() - self._task_began
            if self._task is not task:
                task, due = self._task, lines.next_wait(0)
            running = dict(self._running)
            # Where a person is asked something, it is them that is waited for.
            if running and seconds >= due and task.resolved_action != "ansible.builtin.pause":
                self._say(lines.waiting(task.get_name().strip(), running, seconds), constants.COLOR_DEBUG)
                due = lines.next_wait(seconds)


def _is_message(result: Any) -> bool:
    return bool(result.result.get("_ansible_verbose_always"))


def _is_whole() -> bool:
    """Whether the whole playbook ran, for real: the next run may take as long."""
    given = context.CLIARGS
    parts = ("check", "skip_tags", "subset", "start_at_task")
    return given.get("tags") == ("all",) and not any(given.get(name) for name in parts)
