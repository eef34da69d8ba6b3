"""Programs are found again by another process, and never mistaken."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from localcloud.programs import Programs, start_time
from localcloud.settings import Paths
from localcloud.tests.clouds import wait_for

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_another_process_finds_and_ends_it(tmp_path: Path) -> None:
    first, second = Programs(Paths(tmp_path)), Programs(Paths(tmp_path))
    pid = first.start("sleeper", ["sleep", "60"], tmp_path / "log")
    assert second.pid("sleeper") == pid
    assert second.names() == ["sleeper"]
    second.stop("sleeper")
    wait_for(lambda: first.pid("sleeper") is None, 5, "it is gone")
    assert first.names() == []


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    programs, log = Programs(Paths(tmp_path)), tmp_path / "log"
    programs.start("stubborn", [sys.executable, "-c", STUBBORN], log)
    wait_for(lambda: "up" in log.read_text(), 20, "it runs")
    programs.stop("stubborn")
    assert programs.pid("stubborn") is None


def test_one_whose_first_thread_has_ended_runs_until_the_last_has(tmp_path: Path) -> None:
    first, second = Programs(Paths(tmp_path)), Programs(Paths(tmp_path))
    pid = first.start("headless", [sys.executable, "-c", HEADLESS], tmp_path / "log")
    stat = Path(f"/proc/{pid}/stat")
    wait_for(lambda: ") Z " in stat.read_text(), 20, "its first thread has ended")
    assert first.pid("headless") == second.pid("headless") == pid
    first.stop("headless")
    assert not stat.exists()


def test_a_recycled_pid_is_somebody_else(tmp_path: Path) -> None:
    programs = Programs(Paths(tmp_path))
    (tmp_path / "programs").mkdir()
    ours = start_time(os.getpid())
    assert ours is not None
    noted = {"pid": os.getpid(), "started": ours - 1}
    (tmp_path / "programs" / "old.json").write_text(json.dumps(noted))
    assert programs.pid("old") is None
    programs.stop("old")
