"""The table of docs/clients.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.clients.programs import PROGRAMS
from tests.clients.scenarios import SCENARIOS

HERE = Path(__file__).parent
BEGIN, END = "<!-- written by make clients -->", "<!-- until here -->"


def versions() -> dict[str, str]:
    """Return the pinned version of each package."""
    found: dict[str, str] = dict(json.loads((HERE / "package.json").read_text())["dependencies"])
    for lock in (HERE.parents[1] / "requirements.lock", *sorted(HERE.glob("*.lock"))):
        for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE):
            if any(name == program.package for program in PROGRAMS):
                found.setdefault(name, version)
    return found


def render(cells: Mapping[str, Mapping[str, str]], versions: Mapping[str, str]) -> str:
    """Return the table: a line for each tool, a column for each scenario."""
    titles = [one.title for one in SCENARIOS]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    for program in PROGRAMS:
        name = f"{program.name} {versions[program.package]} (`{program.dialect}`)"
        lines.append(f"| {name} | " + " | ".join(cells[program.name][title] for title in titles) + " |")
    return "\n".join(lines)


def write(document: Path, cells: Mapping[str, Mapping[str, str]], versions: Mapping[str, str]) -> None:
    """Put the table between the two marks of a document. Raises ValueError where they are missing."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no place for the table: {BEGIN} … {END}")
    document.write_text(f"{before}{BEGIN}\n{render(cells, versions)}\n{END}{after}")
