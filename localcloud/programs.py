"""Programs that planes start, noted in the state directory: a later process finds and ends exactly them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from localcloud.errors import LocalcloudError
from localcloud.settings import Paths

STOP_SECONDS = 5.0


def start_time(pid: int) -> int | None:
    """Kernel ticks at which the process began, or None when there is none.

    A zombie is none, unless it is the first of several threads: the others go on. Source: proc_pid_stat(5).
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    state, threads, started = fields[0], int(fields[17]), int(fields[19])
    return None if state == "Z" and threads <= 1 else started


class Programs:
    """Start, find and end programs by name.

    A program is identified by its pid and the time it began, so a recycled pid is never taken for it.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> int:
        """Start `argv` detached, its output appended to `log`, and return its pid. No secrets in `argv`."""
        self._paths.programs.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=directory,
                start_new_session=True,
            )
        self._children[name] = child
        self._file(name).write_text(json.dumps({"pid": child.pid, "started": start_time(child.pid)}))
        return child.pid

    def pid(self, name: str) -> int | None:
        """Pid of the running program, or None; a child of ours that has ended is reaped."""
        child = self._children.get(name)
        ended = child is not None and child.poll() is not None
        try:
            noted = json.loads(self._file(name).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        pid = int(noted["pid"])
        if child is not None and child.pid == pid:
            return None if ended else pid
        return pid if noted["started"] is not None and start_time(pid) == noted["started"] else None

    def stop(self, name: str) -> None:
        """End the program: SIGTERM, then SIGKILL after five seconds. Nothing happens when it does not run."""
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            pid = self.pid(name)
            if pid is None:
                break
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self.pid(name) is not None and time.monotonic() < deadline:
                time.sleep(0.05)
        if self.pid(name) is not None:
            raise LocalcloudError(
                f"Failed to stop program {name}: it survived SIGKILL.",
                "See why with `ps` and end it by hand.",
            )
        self._file(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Names of the programs that run now."""
        if not self._paths.programs.is_dir():
            return []
        return sorted(
            file.stem for file in self._paths.programs.glob("*.json") if self.pid(file.stem) is not None
        )

    def _file(self, name: str) -> Path:
        return self._paths.programs / f"{name}.json"
