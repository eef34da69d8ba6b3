"""What goes wrong: a host dies, a release does not answer, the world is put back by `make up`."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections import Counter
from pathlib import Path

from openai import APIConnectionError, APIStatusError, OpenAI

from tests.e2e.conftest import ENDPOINT, MODEL, Run, instances, playbook, run


class Visitor(threading.Thread):
    """Somebody who keeps asking short questions for a bounded time and notes what comes back."""

    def __init__(self, api_key: str, seconds: float) -> None:
        super().__init__()
        self.client = OpenAI(base_url=ENDPOINT, api_key=api_key, max_retries=0, timeout=60)
        self.until = time.monotonic() + seconds
        self.outcomes: list[tuple[float, str]] = []
        self.begin = time.monotonic()

    def run(self) -> None:
        while time.monotonic() < self.until:
            self.outcomes.append((time.monotonic() - self.begin, self.once()))
            time.sleep(0.2)

    def once(self) -> str:
        try:
            self.client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "Hi"}], max_tokens=2
            )
        except APIStatusError as error:
            return str(error.status_code)
        except APIConnectionError:
            return "connection"
        return "ok"


def test_a_release_that_does_not_answer_is_not_switched_to(api_key: str, tmp_path: Path) -> None:
    visitor = Visitor(api_key, 600)
    visitor.start()
    try:
        weights = tmp_path / "empty.gguf"
        # A header of GGUF version 3 that promises one entry, and no more of the file.
        weights.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1))
        broken = {"airlift_model": {"name": "empty", "source": f"file:{weights}"}}
        failed = playbook("release", "-e", json.dumps(broken), check=False)
        assert failed.returncode != 0
        assert "Nothing was switched" in " ".join(failed.output.split()), failed.output[-3000:]
        restored = playbook("rollback", check=False)
        assert restored.returncode == 0, restored.output[-3000:]
    finally:
        visitor.until = 0
        visitor.join()
    assert Counter(outcome for _, outcome in visitor.outcomes).keys() == {"ok"}, visitor.outcomes


def test_requests_go_on_when_a_host_is_killed_and_up_puts_it_back(api_key: str) -> None:
    before = instances()
    assert len(before) == 2
    visitor = Visitor(api_key, 40)
    visitor.start()
    time.sleep(3)
    run("docker", "kill", before[0])
    visitor.join()
    settled = [outcome for moment, outcome in visitor.outcomes if moment > 20]
    assert settled
    assert set(settled) == {"ok"}, visitor.outcomes
    lost = [outcome for _, outcome in visitor.outcomes if outcome != "ok"]
    assert len(lost) <= 3, f"{len(lost)} of {len(visitor.outcomes)} requests were lost: {visitor.outcomes}"

    run("make", "up")
    assert len(instances()) == 2


def test_the_stack_after_all_that_is_as_wanted(up: Run) -> None:
    assert "changed=0" in playbook("provision", "--check", "--diff").output
