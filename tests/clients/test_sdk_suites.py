"""The tests that OpenAI's and Anthropic's libraries have of themselves, against edge and real engine.

They are in the libraries' source distributions, and ask whatever ``TEST_API_BASE_URL`` says. Those of what is
served here are run, synchronous and asynchronous. What is left out has its reason beside it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients.edge import edge
from tests.clients.engines import CACHE

STORED = "nothing is stored here: 404 or 405"
SERVER_SIDE = "gives a tool a schema that is no JSON Schema, which llama.cpp refuses: 400"
BASE64 = "the library asks for base64, which it gets, and its strict client knows only lists of numbers"
CHAT = ("retrieve", "update", "list", "delete")


@dataclass(frozen=True)
class Suite:
    """Files of one library. ``left_out`` has reasons by ``<file>::<class>::<operation>``."""

    library: str
    base: str
    keys: tuple[str, ...]
    task: str
    models: tuple[str, ...]
    files: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def deselected(self) -> Iterator[str]:
        """Yield the options of pytest that leave them out."""
        for place in self.left_out:
            file, name, operation = place.split("::")
            for kind in ("method", "raw_response", "streaming_response"):
                for known in (f"Test{name}", f"TestAsync{name}"):
                    yield f"--deselect=tests/api_resources/{file}::{known}::test_{kind}_{operation}"


# POST /v1/responses is not among them: those tests name no model, or a stored response, which is refused.
SUITES = (
    Suite(
        "openai",
        "/v1",
        ("My API Key", "My Admin API Key"),
        "chat",
        ("gpt-6-astra", "gpt-3.5-turbo-instruct"),
        ("chat/test_completions.py", "test_completions.py", "test_models.py"),
        {
            **{f"chat/test_completions.py::Completions::{name}": STORED for name in CHAT},
            "chat/test_completions.py::Completions::create_with_all_params_overload_2": (
                "llama.cpp has no logprobs in a stream with tools: 400"
            ),
            "test_models.py::Models::delete": "no client deletes a model: 405",
        },
    ),
    Suite(
        "openai",
        "/v1",
        ("My API Key", "My Admin API Key"),
        "embed",
        ("text-embedding-3-small",),
        ("test_embeddings.py",),
        {f"test_embeddings.py::Embeddings::create[{client}]": BASE64 for client in ("strict", "aiohttp")},
    ),
    Suite(
        "anthropic",
        "",
        ("my-anthropic-api-key",),
        "chat",
        ("claude-opus-5-5", "model_id"),
        ("test_messages.py", "test_models.py"),
        {
            "test_messages.py::Messages::create_with_all_params": SERVER_SIDE,
            "test_messages.py::Messages::count_tokens_with_all_params": SERVER_SIDE,
        },
    ),
)


@pytest.mark.parametrize("suite", SUITES, ids=[f"{suite.library}-{suite.task}" for suite in SUITES])
def test_a_library_s_own_tests_pass(tmp_path: Path, suite: Suite) -> None:
    (source,) = CACHE.glob(f"sources/{suite.library}-*/")
    models = dict.fromkeys(suite.models, suite.task)
    with edge(tmp_path, models, suite.keys) as running, running.real_engine(suite.task, 256):
        done = subprocess.run(
            [
                *(CACHE / "sdks/bin/python", "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"),
                # Asks for Anthropic's old models by their names, to be warned of each.
                *("-k", "not deprecated_model_warning", "--durations", "0", "--durations-min", "30"),
                *suite.deselected(),
                *(f"tests/api_resources/{file}" for file in suite.files),
            ],
            cwd=source,
            env={**os.environ, "TEST_API_BASE_URL": running.plain_url + suite.base},
            capture_output=True,
            text=True,
            check=False,
        )
    print(f"{suite.library}, {suite.task}: {done.stdout.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
