"""The module that trusts a repository's key by its fingerprint, as a program of its own."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.unit.test_openpgp import FINGERPRINT, KEY


class Server(http.server.BaseHTTPRequestHandler):
    """Shows the key, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/key" else 404)
        self.end_headers()
        self.wfile.write(KEY.encode() if self.path == "/key" else b"no")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(path: Path, url: str, fingerprint: str = FINGERPRINT, check: bool = False) -> Mapping[str, object]:
    options = {"url": url, "fingerprint": fingerprint, "path": str(path), "_ansible_check_mode": check}
    code = (
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.airlift.stack.plugins.modules import repository_key\n"
        f"with patch_module_args({options!r}):\n    repository_key.main()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    result: Mapping[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_a_key_is_kept_once_and_not_asked_for_again(tmp_path: Path, url: str) -> None:
    path = tmp_path / "keyrings/key.asc"
    assert run(path, f"{url}/key", check=True)["changed"]
    assert not path.exists()
    assert run(path, f"{url}/key", fingerprint=" ".join(FINGERPRINT.lower()))["changed"]
    assert path.read_text() == KEY
    assert path.stat().st_mode & 0o777 == 0o644
    assert not run(path, f"{url}/not-asked")["changed"]


def test_another_key_is_not_kept(tmp_path: Path, url: str) -> None:
    path = tmp_path / "key.asc"
    for check in (True, False):
        result = run(path, f"{url}/key", fingerprint="0" * 40, check=check)
        assert f"its fingerprint is {FINGERPRINT} and not {'0' * 40}" in str(result["msg"])
    assert not path.exists()


def test_a_key_that_was_changed_by_hand_is_fetched_again(tmp_path: Path, url: str) -> None:
    path = tmp_path / "key.asc"
    run(path, f"{url}/key")
    path.write_text(KEY + KEY)
    assert run(path, f"{url}/key")["changed"]
    assert path.read_text() == KEY


@pytest.mark.parametrize("address", ["{url}/none", "http://127.0.0.1:9/key"])
def test_a_server_that_has_no_key_is_named(tmp_path: Path, url: str, address: str) -> None:
    result = run(tmp_path / "key.asc", address.format(url=url))
    assert f"Failed to fetch the key at {address.format(url=url)}" in str(result["msg"])
