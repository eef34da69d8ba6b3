"""Schemathesis, with requests that fit docs/openapi.yml and many that do not: no answer is outside of it.

Behind the edge is the real engine, for one task after the other.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.edge import KEY, edge
from tests.clients.engines import CACHE, ROOT
from tests.clients.scripted_engine import MODEL

DESCRIPTION = ROOT / "docs/openapi.yml"
TASKS = {
    "chat": r"^/(health|v1/(models.*|chat/completions|completions|responses|messages.*))$",
    "embed": r"^/v1/embeddings$",
    "rerank": r"^/v1/rerank$",
}
# Not among them: whether an engine takes all that is allowed and refuses all that is not. It passes over
# what it does not know.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


# llama.cpp's own limit for messages that set none, or a wrong one, is thousands of tokens.
HOOKS = """
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if case.path == "/v1/messages" and isinstance(body, dict) and body.get("max_tokens") not in (1, 2, 3, 4):
        body["max_tokens"] = 4
"""


def narrowed() -> dict[str, Any]:
    """Return the description, with the model that is served here, and answers that do not take long."""
    described: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
    schemas = described["components"]["schemas"]
    schemas["ModelName"]["enum"] = [MODEL]
    schemas["TokenLimit"]["maximum"] = 4
    return described


@pytest.mark.parametrize("task", TASKS)
def test_no_answer_is_outside_the_description(tmp_path: Path, task: str) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(narrowed()))
    (tmp_path / "hooks.py").write_text(HOOKS)
    with edge(tmp_path, {MODEL: task}) as running, running.real_engine(task, 192):
        done = subprocess.run(
            [
                *(CACHE / "schemathesis/bin/schemathesis", "run", tmp_path / "openapi.json"),
                *("--url", running.plain_url, "--header", f"Authorization: Bearer {KEY}"),
                *("--include-path-regex", TASKS[task], "--checks", ",".join(CHECKS)),
                *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1"),
                *("--generation-database", "none", "--request-timeout", "60", "--continue-on-failure"),
                *("--no-color", "--warnings", "off"),
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"},
            capture_output=True,
            text=True,
            check=False,
        )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
