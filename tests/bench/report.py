"""The figures as a table of Markdown."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.measure import Measured

type Runs = Sequence[tuple[Measured, Measured]]


def table(airlift: Runs, stock: Runs) -> str:
    """Return the medians of both sides and the ratios between them."""
    lines = [
        f"Medians of {len(airlift)} repetitions, {os.cpu_count()} cores ({platform.machine()}), the control "
        "plane on loopback. The ratio is theirs to ours.",
        "",
        "| | airlift.stack.aws_stack | stock modules | ratio |",
        "|---|---|---|---|",
    ]
    for position, name in enumerate(("first run", "second run")):
        ours, theirs = [run[position] for run in airlift], [run[position] for run in stock]
        lines.append(_row(f"{name}, wall", [r.seconds for r in ours], [r.seconds for r in theirs], " s"))
        lines.append(_row(f"{name}, requests", [r.requests for r in ours], [r.requests for r in theirs], ""))
        lines.append(
            _row(f"{name}, changed tasks", [r.changed for r in ours], [r.changed for r in theirs], "")
        )
    return "\n".join(lines)


def write(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks called ``name`` of ``path``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text()
    marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not marked.search(page):
        raise SystemExit(f"{path} has no place for the table ({begin} … {end}).")
    path.write_text(marked.sub(lambda _: f"{begin}\n{text}\n{end}", page))


def _row(name: str, ours: Sequence[float], theirs: Sequence[float], unit: str) -> str:
    one, other = median(ours), median(theirs)
    ratio = f"{other / one:.1f}" if one else "-"
    digits = 1 if unit else 0
    return f"| {name} | {one:.{digits}f}{unit} | {other:.{digits}f}{unit} | {ratio} |"
