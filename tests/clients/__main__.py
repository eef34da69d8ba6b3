"""``make clients``: every tool through every scenario, and the table of docs/clients.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.clients.edge import ROOT, Edge, edge
from tests.clients.programs import PROGRAMS, Program
from tests.clients.scenarios import PASSED, SCENARIOS, Scenario, ScenarioError, Stage
from tests.clients.table import versions, write


def main() -> int:
    """Run what is asked for. Everything is written down; a part is only shown."""
    parser = argparse.ArgumentParser(prog="make clients", description=__doc__)
    parser.add_argument("--only", default="", help="some tools, by the beginning of their names: codex,llm")
    parser.add_argument(
        "--scenarios", default="", help="some scenarios: " + ",".join(one.name for one in SCENARIOS)
    )
    parser.add_argument("--keep", help="a directory for the homes and outputs")
    options = parser.parse_args()
    programs = [one for one in PROGRAMS if chosen(one.name, options.only)]
    scenarios = [one for one in SCENARIOS if chosen(one.name, options.scenarios)]
    cells: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="airlift-clients-") as temporary:
        directory = Path(options.keep or temporary)
        (directory / "edge").mkdir(parents=True)
        with edge(directory / "edge") as running:
            for program in programs:
                cells[program.name] = {one.title: cell(program, one, running, directory) for one in scenarios}
    if not options.only and not options.scenarios:
        write(ROOT / "docs/clients.md", cells, versions())
    failed = sum(
        not value.startswith(PASSED) and value not in program.lacks.values()
        for program in programs
        for value in cells[program.name].values()
    )
    total = sum(map(len, cells.values()))
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


def chosen(name: str, words: str) -> bool:
    """Return whether a name begins with one of the words; with no word it does."""
    return not words or any(name.lower().startswith(word) for word in words.lower().split(","))


def cell(program: Program, scenario: Scenario, running: Edge, directory: Path) -> str:
    """Run one scenario; return its cell of the table."""
    if scenario.name in program.lacks:
        return program.lacks[scenario.name]
    place = directory / f"{program.package.strip('@').replace('/', '-')}-{scenario.name}"
    began = time.monotonic()
    with ExitStack() as stack:
        if scenario.has_engine:
            stack.enter_context(running.engine())
        stage = Stage(program, running, place, scenario.key)
        try:
            found = " ".join(filter(None, (PASSED, scenario.run(stage))))
        except ScenarioError as failure:
            found = str(failure)
            print(
                f"--- {program.name}, {scenario.title}: {failure}\n{stage.said()[-1500:]}\n---",
                file=sys.stderr,
            )
    print(f"{program.name:12} {scenario.title:30} {time.monotonic() - began:5.1f} s  {found}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
