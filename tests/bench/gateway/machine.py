"""What other programs take of the machine while something is measured."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(roots: Iterable[int]) -> set[int]:
    """Return these processes and all that come from them."""
    parents = {pid: int(fields[1]) for pid, fields in _stats().items()}
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory_mib(pids: Iterable[int]) -> float:
    """Return the memory that some processes have resident; what is shared is shared out."""
    return sum(_share_kib(pid) for pid in pids) / 1024


class Others:
    """Seconds of processor time that went to anybody but some processes and this one, since it was made."""

    def __init__(self, pids: Iterable[int]) -> None:
        self.pids = {*pids, os.getpid()}
        self.busy, self.ours = _busy(), self._ours()

    def seconds(self) -> float:
        """Return them; what the machine beneath took counts, too."""
        return max(0.0, _busy() - self.busy - (self._ours() - self.ours))

    def _ours(self) -> float:
        return sum(_used(fields) for pid, fields in _stats().items() if pid in self.pids)


def _busy() -> float:
    line = Path("/proc/stat").read_text().partition("\n")[0]
    user, nice, system, _idle, _wait, irq, softirq, steal = (int(one) for one in line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS_PER_SECOND


def _used(fields: list[str]) -> float:
    # utime, stime, and those of children that have ended.
    return sum(int(one) for one in fields[11:15]) / _TICKS_PER_SECOND


def _stats() -> Mapping[int, list[str]]:
    """Return what /proc says of each process, from its state on."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
    return found


def _share_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().partition("\nPss:")[2].split()[0])
