"""How much memory this container may use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of control groups version 2 and 1."""


def limit_bytes(limits: Sequence[Path] = LIMITS, machine_bytes: int | None = None) -> int:
    """Return the limit, or all of the machine's memory where there is none."""
    total = machine_bytes or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    written = [path.read_text().strip() for path in limits if path.exists()]
    return min([total, *(int(text) for text in written if text.isdigit())])
