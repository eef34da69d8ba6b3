"""What each tool is put through, and what must have happened."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients import script
from tests.clients.edge import KEY, WRONG_KEY, Edge
from tests.clients.programs import NODE, Home, Program

PASSED = "✓"
LIMIT_SECONDS = 60
LONG_PROMPT = "word " * 22_000
TOO_LONG = re.compile(
    r"too long|exceeds[^.]* context|maximum context length|context_length_exceeded"
    r"|hit a token limit|ran out of room",
    re.IGNORECASE,
)

BROKEN = re.compile(
    r"error|failed|disconnect|incomplete|terminated|interrupt|aborted|reset by|closed|lost|not completed",
    re.IGNORECASE,
)


class ScenarioError(Exception):
    """A scenario went otherwise than it must, in a few words for the table."""


@dataclass(frozen=True)
class Ended:
    """A run of a tool that ended by itself."""

    status: int
    output: str
    seconds: float


class Stage:
    """One tool in its throw-away home, before an edge."""

    def __init__(self, program: Program, edge: Edge, directory: Path, key: str = KEY) -> None:
        self.program, self.edge = program, edge
        self.home, self.work = directory / "home", directory / "work"
        for path in (self.home, self.work):
            path.mkdir(parents=True)
        (self.work / "notes.txt").write_text(f"The secret word is {SECRET}.\n")
        (self.work / "fruit.txt").write_text("I like a apple.\n")
        more = program.configure(Home(self.home, edge, key))
        self.environment = {
            "PATH": f"{NODE}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            **more,
        }
        self.output = directory / "output.txt"
        self.log_before = len(edge.log())

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start the tool in a group of its own."""
        with self.output.open("w") as output:
            return subprocess.Popen(
                command,
                cwd=self.work,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, command: Sequence[str], limit_seconds: float = LIMIT_SECONDS) -> Ended:
        """Run the tool to its end. Raises ScenarioError where that does not come."""
        began = time.monotonic()
        running = self.start(command)
        try:
            status = running.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            raise ScenarioError(f"no end within {limit_seconds:.0f} s") from None
        finally:
            end(running)
        return Ended(status, self.said(), time.monotonic() - began)

    def said(self) -> str:
        """Return what the tool has printed so far."""
        return self.output.read_text(errors="replace")

    def requests(self) -> list[dict[str, Any]]:
        """Return what the engine was asked since it was started."""
        return list(self.edge.slots()["requests"])

    def statuses(self) -> list[int]:
        """Return with what the edge has answered."""
        return [one["status"] for one in self.edge.log()[self.log_before :]]


SECRET = "marzipan"


def end(running: subprocess.Popen[bytes]) -> None:
    """End what a tool has left in its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(running.pid, number)
        except ProcessLookupError:
            break
        time.sleep(0.2)
    running.wait()


def must(condition: object, words: str) -> None:
    """Raise ScenarioError with these words unless it is so."""
    if not condition:
        raise ScenarioError(words)


def one_answer(stage: Stage) -> None:
    ended = stage.run(stage.program.command(script.PONG))
    must("pong" in answered(ended.output, script.PONG), f"no answer (status {ended.status})")
    must(ended.status == 0, f"status {ended.status}")


def a_stream(stage: Stage) -> None:
    ended = stage.run((stage.program.streaming or stage.program.command)(script.COUNT))
    must("eleven" in ended.output and "twelve" in ended.output, f"no answer (status {ended.status})")
    asked = [one for one in stage.requests() if one.get("says", "").startswith("one two")]
    must(any(one["stream"] for one in asked), "asked for no stream")


def a_tool(stage: Stage) -> None:
    ended = stage.run((stage.program.tooled or stage.program.command)(script.READ))
    must(any("calls" in one for one in stage.requests()), "offered no tool")
    must(f"It is {SECRET}" in ended.output, "did not run the tool, or not tell what it gave")


def an_edit(stage: Stage) -> None:
    stage.run((stage.program.editing or stage.program.command)(script.EDIT))
    must("pear" in (stage.work / "fruit.txt").read_text(), "the file is as before")


def cancelled(stage: Stage) -> None:
    running = stage.start((stage.program.streaming or stage.program.command)(script.STORY))
    try:
        wait_until(lambda: stage.edge.slots()["running"] > 0, 40, "asked for nothing")
        time.sleep(0.5)
        # As a terminal does it: to everything that the tool has started.
        os.killpg(running.pid, signal.SIGINT)
        wait_until(lambda: stage.edge.slots()["running"] == 0, 10, "the engine went on for 10 s")
    finally:
        end(running)


def over_the_context(stage: Stage) -> None:
    ended = stage.run(stage.program.command(script.PONG + " " + LONG_PROMPT))
    # Some break lines where a terminal would end.
    said = " ".join(ended.output.replace(LONG_PROMPT, "").split())
    must("pong" not in answered(said, script.PONG), "answered all the same")
    must(TOO_LONG.search(said), f"says nothing of it (status {ended.status})")


def a_wrong_key(stage: Stage) -> None:
    ended = stage.run(stage.program.command(script.PONG))
    must("pong" not in answered(ended.output, script.PONG), "answered all the same")
    must(
        re.search(r"401|API key|authenticat|unauthor|not logged in", ended.output, re.IGNORECASE),
        "does not say that it is the key",
    )


def asleep(stage: Stage) -> None:
    with ExitStack() as stack:
        running = stage.start(stage.program.command(script.PONG))
        try:
            wait_until(lambda: 503 in stage.statuses(), 40, "asked for nothing")
            time.sleep(3)
            stack.enter_context(stage.edge.engine())
            status = running.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise ScenarioError(f"no end within {LIMIT_SECONDS} s") from None
        finally:
            end(running)
    must("pong" in answered(stage.said(), script.PONG), f"gives up, status {status}")


def restarted(stage: Stage) -> str:
    with ExitStack() as stack:
        with stage.edge.engine():
            running = stage.start((stage.program.streaming or stage.program.command)(script.TALE))
            stack.callback(end, running)
            wait_until(lambda: tells_the_tale(stage), 40, "asked for nothing")
            time.sleep(1)
        # As Docker does it: at once.
        stack.enter_context(stage.edge.engine())
        try:
            status = running.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise ScenarioError(f"no end within {LIMIT_SECONDS} s") from None
        said = answered(stage.said(), script.TALE)
        if tells_the_tale(stage):
            must(script.TALE_ENDS in said, f"asks again, and has no answer (status {status})")
            return "asks again"
    must(script.TALE_ENDS not in said, "was answered before the engine went")
    must(status != 0 or BROKEN.search(said), "ends as if it had all of the answer")
    must(BROKEN.search(said), f"says nothing of it (status {status})")
    return "says so"


def tells_the_tale(stage: Stage) -> bool:
    """Return whether the engine that runs has been asked for it."""
    return any(one.get("says", "").startswith(script.TALE_BEGINS) for one in stage.requests())


def answered(output: str, prompt: str) -> str:
    """Return an output without the prompt, which some tools repeat."""
    return output.replace(prompt, "")


def wait_until(true: Callable[[], bool], seconds: float, words: str) -> None:
    """Wait for something. Raises ScenarioError."""
    until = time.monotonic() + seconds
    while not true():
        must(time.monotonic() < until, words)
        time.sleep(0.1)


@dataclass(frozen=True)
class Scenario:
    """A column of the table."""

    name: str
    title: str
    run: Callable[[Stage], str | None]
    """Returns what the tool did, where it may do one thing or another."""
    key: str = KEY
    has_engine: bool = True


SCENARIOS = (
    Scenario("answer", "one answer", one_answer),
    Scenario("stream", "a stream", a_stream),
    Scenario("tool", "a tool called and answered", a_tool),
    Scenario("edit", "a file edited", an_edit),
    Scenario("cancel", "cancelled: the engine is free", cancelled),
    Scenario("context", "over the context: says so", over_the_context),
    Scenario("key", "a wrong key: says so", a_wrong_key, key=WRONG_KEY),
    Scenario("asleep", "endpoint asleep: waits", asleep, has_engine=False),
    Scenario("restart", "engine restarts in a stream", restarted, has_engine=False),
)
