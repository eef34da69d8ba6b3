"""The release agent with a real Docker, a real HAProxy, a real registry, the real image and a real model."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from inference.agent.airlift_agent.proxy import Proxy

from .stage import KEY, Stage, build_image, forget_images, process, registry

# The first builds the image and fetches the model.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as address:
        repository = f"{address}/agenttest/inference"
        yield build_image(repository)
        forget_images(repository)


@pytest.fixture
def stage(image: str, aws: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path, image)
    stage.provision()
    try:
        with process("haproxy", "-W", "-f", str(tmp_path / "haproxy.cfg")) as stage.haproxy:
            deadline = time.monotonic() + 10
            while not (tmp_path / "admin.sock").exists():
                assert time.monotonic() < deadline, "HAProxy did not start"
                time.sleep(0.05)
            yield stage
    finally:
        stage.clean()


def ask(stage: Stage, key: str | None = KEY, **body: object) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", stage.edge, timeout=60)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers["X-Model"] = str(body.get("model", stage.model.name))
    chat = {"max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}], **body}
    connection.request("POST", "/v1/chat/completions", json.dumps(chat), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def answered(stage: Stage, max_tokens: int | None = None) -> int:
    """Return how long an answer is in tokens, that ends by its limit only."""
    status, text = ask(stage, max_tokens=max_tokens, ignore_eos=True)
    assert status == 200, text
    return int(json.loads(text)["usage"]["completion_tokens"])


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


@contextmanager
def applying(stage: Stage, word: str) -> Iterator[subprocess.Popen[str]]:
    """Start the agent; the block begins when it says ``word``."""
    with subprocess.Popen(
        stage.command("apply"),
        env=stage.environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stderr is not None
        said: list[str] = []
        for line in running.stderr:
            said.append(line)
            if line.strip() == word:
                break
        else:
            pytest.fail(f"it ended before {word!r}: {''.join(said)}")
        yield running


def test_the_life_of_a_host(stage: Stage) -> None:
    """Nothing released, a first release, nothing to do, new keys, a bad release, a new release under load."""
    status, outcome, _ = stage.agent("apply", "--json")
    assert (status, outcome["changed"], outcome["release"]) == (0, False, None)
    assert stage.names() == set()

    first = stage.release()
    status, outcome, said = stage.agent("apply", "--json")
    assert (status, outcome.get("colour")) == (0, "blue"), said
    assert ask(stage)[0] == 200
    assert ask(stage, None)[0] == ask(stage, "al-wrong")[0] == 401
    assert ask(stage, model="unknown")[0] == 404
    assert KEY not in "".join(path.read_text() for path in (stage.home / "maps").iterdir())
    assert outcome["message"].endswith("in blue: chat, 1024 tokens of context, JSON schemas."), outcome[
        "message"
    ]
    _is_confined(stage)

    status, outcome, _ = stage.agent("apply", "--json")
    assert (status, outcome["changed"], outcome["actions"]) == (0, False, [])
    assert outcome["serves"]["context_tokens"] == 1024, "a run that changes nothing knows it too"

    bad = stage.release(threads=0)
    status, outcome, _ = stage.agent("apply", "--json")
    assert status == 1
    assert "Nothing was switched" in outcome["error"]
    assert "settings.threads: 0 is less than the minimum of 1." in outcome["error"], (
        "the container's last lines are in the message"
    )
    assert stage.names() == {"blue"}
    assert ask(stage)[0] == 200
    status, outcome, _ = stage.agent("apply", "--json", "--scheduled")
    assert (status, outcome["changed"], outcome["release"]) == (0, False, bad.id), (
        "it is not tried each minute"
    )

    stage.settle(600)
    second = stage.release(slots=3, default_max_tokens=3)
    status, outcome, _ = stage.agent("apply", "--json", "--scheduled")
    assert (status, outcome["changed"], outcome["release"]) == (0, False, first.id), "a roll keeps its order"
    with Load(stage) as load:
        status, outcome, said = stage.agent("apply", "--json")
    assert (status, outcome["colour"], outcome["release"]) == (0, "green", second.id), said
    assert load.statuses == {200}, f"{len(load.answers)} requests during the switch"
    assert len(load.answers) > 3
    assert stage.names() == {"green"}
    assert answered(stage) == 3, "the answer to a request without a limit"
    assert answered(stage, max_tokens=6) == 6, (
        "if this is held to 3, the engine can say so: max_output_tokens"
    )
    assert first.id != second.id
    status, outcome, _ = stage.agent("status", "--json")
    assert (outcome["release"], outcome["error"], outcome["failures"]) == (second.id, None, 0)


def test_a_stream_is_not_cut_by_a_switch(stage: Stage) -> None:
    stage.release()
    assert stage.agent("apply", "--json")[0] == 0
    with Load(stage, readers=2, stream=True, ignore_eos=True, max_tokens=200) as load:
        time.sleep(2)
        stage.release(slots=3)
        with applying(stage, "drain blue") as running:
            assert load.in_flight, "no stream when it switched: this proved nothing"
            _, rest = running.communicate(timeout=90)
    assert running.returncode == 0, rest
    assert stage.names() == {"green"}
    for code, text in load.answers:
        assert code == 200
        assert b'"finish_reason":"length"' in text, "it was cut before its last token"
        assert text.rstrip().endswith(b"data: [DONE]")


def limits(stage: Stage) -> dict[str, int]:
    proxy = Proxy(stage.home / "admin.sock", stage.home / "edge" / "servers")
    return {colour: server.limit for colour, server in proxy.servers().items()}


def test_the_edge_gives_an_engine_what_its_slots_keep_up_with(stage: Stage) -> None:
    stage.release(slots=1)
    assert stage.agent("apply", "--json")[0] == 0
    assert limits(stage)["blue"] == 9
    with Load(stage, readers=14, max_tokens=48, ignore_eos=True) as load:
        wait_until(lambda: load.in_flight == 14, "all ask at once")
        for _ in range(5):
            with urlopen(f"http://127.0.0.1:{stage.blue}/health", timeout=5) as health:
                assert health.status == 200, "an engine with a full queue answers for its health"
    assert load.statuses == {200}

    stage.release(slots=3)
    _, outcome, said = stage.agent("apply", "--json")
    assert outcome["colour"] == "green", said
    assert limits(stage)["green"] == 11

    stage.haproxy.send_signal(signal.SIGUSR2)
    wait_until(lambda: limits(stage)["green"] == 0, "a reload forgets it")
    _, outcome, said = stage.agent("apply", "--json", "--scheduled")
    assert outcome["actions"] == ["limit green"], said
    assert limits(stage)["green"] == 11


def test_a_dead_engine_is_replaced(stage: Stage) -> None:
    stage.release()
    stage.agent("apply", "--json")
    stage.docker.containers.get(f"{stage.prefix}-blue").kill()
    status, outcome, said = stage.agent("apply", "--json", "--scheduled")
    assert (status, outcome["changed"], outcome["colour"]) == (0, True, "green"), said
    assert ask(stage)[0] == 200
    assert stage.names() == {"green"}


@pytest.mark.parametrize("word", ["fetch model", "start blue", "verify blue", "switch blue"])
def test_a_killed_run_is_finished_by_the_next(stage: Stage, word: str) -> None:
    stage.release()
    with applying(stage, word) as running:
        running.send_signal(signal.SIGKILL)
        running.wait(10)
    status, outcome, text = stage.agent("apply", "--json")
    assert status == 0, text
    assert stage.names() == {outcome["colour"]}
    assert ask(stage)[0] == 200
    assert stage.agent("apply", "--json")[1]["changed"] is False


def test_an_embedding_model_is_released_by_an_embedding_and_stray_keys_change_nothing(stage: Stage) -> None:
    """The demo's model chats; llama.cpp makes a vector of what it thinks of a text all the same."""
    stage.release(task="embed", context_tokens=0)
    status, outcome, said = stage.agent("apply", "--json")
    assert (status, outcome.get("colour")) == (0, "blue"), said
    assert "blue turned a test text into a vector of 576 numbers" in said
    assert outcome["serves"]["tasks"] == ["embed"]
    assert outcome["serves"]["context_tokens"] == 2048

    stage.edit_key(f"{KEY}\n")
    stage.release(task="embed", context_tokens=0)
    status, outcome, _ = stage.agent("apply", "--json")
    assert (status, "key 1 (default) ends with a line break" in outcome["error"]) == (1, True), outcome
    assert KEY not in outcome["error"]
    assert ask(stage)[0] == 200, "the key that was live stays so"


def test_a_missing_image_changes_nothing(stage: Stage) -> None:
    stage.release()
    stage.agent("apply", "--json")
    stage.release(image=f"{stage.image.partition('@')[0]}@sha256:{'0' * 64}")
    status, outcome, _ = stage.agent("apply", "--json")
    assert status == 1
    assert outcome["error"].startswith("Failed to pull image: Failed to pull image 127.0.0.1:")
    assert stage.names() == {"blue"}
    assert ask(stage)[0] == 200


def _is_confined(stage: Stage) -> None:
    attributes = stage.docker.containers.get(f"{stage.prefix}-blue").attrs
    host = attributes["HostConfig"]
    assert attributes["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == 2048 * 2**20
    assert host["PidsLimit"] == 512
    assert host["NanoCpus"] > 0
    assert host["PortBindings"] == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stage.blue)}]}
    assert [mount["RW"] for mount in attributes["Mounts"]] == [False]


class Load:
    """Each reader makes one request after the other, until the end of the block."""

    def __init__(self, stage: Stage, readers: int = 1, **body: Any) -> None:
        self._stage, self._body, self._stop = stage, body, threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(readers)]
        self._begun: list[float] = []
        self.answers: list[tuple[int, bytes]] = []

    @property
    def in_flight(self) -> int:
        return len(self._begun) - len(self.answers)

    @property
    def statuses(self) -> set[int]:
        return {status for status, _ in self.answers}

    def _run(self) -> None:
        while not self._stop.is_set():
            self._begun.append(time.monotonic())
            self.answers.append(ask(self._stage, **self._body))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
