"""Work that takes seconds, one at a time per instance, away from the reconciler's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from localcloud.log import logger

LOG = logger("ec2.jobs")
WORKERS = 4


class Jobs:
    """A small pool; `done` is called after each job."""

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="ec2")
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def keys(self) -> frozenset[str]:
        """The keys of the jobs that wait or run."""
        with self._lock:
            return frozenset(self._busy)

    def run(self, key: str, work: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Do `work` soon, unless the key is busy; `failed` hears of an exception."""
        with self._lock:
            if key in self._busy:
                return
            self._busy.add(key)
        self._pool.submit(self._attempt, key, work, failed)

    def close(self) -> None:
        """Wait for what runs, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _attempt(self, key: str, work: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        try:
            work()
        except Exception as error:
            LOG.exception("work for %s failed", key)
            failed(error)
        finally:
            with self._lock:
                self._busy.discard(key)
            self._done()
