"""The role cli_client, in one throw-away home: tools are connected by it, ask, and are disconnected again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients import script
from tests.clients.edge import KEY, Edge
from tests.clients.engines import CACHE, ROOT
from tests.clients.programs import NODE, NPM
from tests.clients.scripted_engine import MODEL

BIN = Path(sys.executable).parent
COMMANDS = {
    "llm": BIN / "llm",
    "codex": NPM / "codex",
    "claude": NPM / "claude",
    "opencode": NPM / "opencode",
    "qwen": NPM / "qwen",
    "aider": CACHE / "aider-chat/bin/aider",
    "sgpt": CACHE / "shell-gpt/bin/sgpt",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(endpoint: Edge, home: Path, **variables: Any) -> str:
    """Run the role as the home's owner. Its system trusts the authority: by environment, and not for good."""
    given = {
        "cli_client_commands": {name: str(path) for name, path in COMMANDS.items()},
        "cli_client_llm_command": str(COMMANDS["llm"]),
        "cli_client_llm_directory": str(home / ".config/io.datasette.llm"),
        "cli_client_endpoint_url": f"{endpoint.url}/v1",
        "cli_client_model_name": MODEL,
        "cli_client_api_key": KEY,
        **variables,
    }
    authority = dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(endpoint.authority))
    done = subprocess.run(
        [BIN / "ansible-playbook", ROOT / "tests/clients/connect.yml", "-e", json.dumps(given)],
        cwd=ROOT,
        env={
            "HOME": str(home),
            "PATH": f"{NODE}:{BIN}:{os.defpath}:/usr/sbin",
            "LANG": "C.UTF-8",
            **authority,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "llm"])
def test_a_tool_that_the_role_connects_gets_an_answer(endpoint: Edge, home: Path, name: str) -> None:
    before = len(endpoint.slots()["requests"])
    said = run(
        endpoint, home, cli_client_clis=[name], cli_client_question=script.PONG, cli_client_answer_seconds=60
    )
    assert "does not answer yet" not in said
    assert "pong" in [one.get("says") for one in endpoint.slots()["requests"][before:]]


def test_nothing_of_the_key_is_left_when_the_role_has_disconnected(endpoint: Edge, home: Path) -> None:
    run(endpoint, home, cli_client_clis=["llm"])
    assert _files_with_the_key(home)
    run(endpoint, home, cli_client_state="absent")
    assert not _files_with_the_key(home)


def _files_with_the_key(home: Path) -> list[Path]:
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if KEY.encode() in path.read_bytes()]
