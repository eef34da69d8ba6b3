"""Models of a Hugging Face hub, by huggingface_hub against a hub of our own (``HF_ENDPOINT``).

What this leaves unproven: the real hub's rate limits, and Xet transfers, which need its storage.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.models import hub_errors, registry
from ansible_collections.airlift.stack.plugins.module_utils.models.hub import Hub, parse_hub
from huggingface_hub import constants

from .conftest import REPOSITORY_ROOT, free_port
from .hub import COMMIT, add_repository, gate
from .webserver import Refusal, Site, serve

DATA = bytes(range(256)) * 8192
FILES = {"a/m.Q4_0.gguf": DATA, "m.safetensors": b"x", "config.json": b"{}", "README.md": b"r"}
FILES |= {".gitignore": b"g", "a/.hidden": b"h"}
FETCH = """
import json, sys
from pathlib import Path
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.models.hub import parse_hub
try:
    files = parse_hub(sys.argv[1]).pin().fetch(Path(sys.argv[2]), print)
    print(json.dumps(sorted(files)))
except DeliveryError as error:
    print(error)
"""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serve() as served:
        add_repository(served, "org/tiny", FILES)
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


def contents(one: Hub, cache: Path) -> dict[str, bytes]:
    return {path: file.read_bytes() for path, file in one.fetch(cache, lambda _: None).items()}


def run(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Run Python as a module of Ansible's is: in a process of its own, which reads the environment once."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY_ROOT,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT / ".ansible/collections"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(happened: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_hub_repository_at_a_commit(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf-token-of-the-tests")
    branch = parse_hub("org/tiny@main:*.gguf")
    assert not branch.pinned
    pinned = branch.pin()
    assert (pinned.text, pinned.pinned) == (f"hf:org/tiny@{COMMIT}:*.gguf", True)
    assert contents(pinned, tmp_path / "cache") == {"a/m.Q4_0.gguf": DATA}
    seen = {path: "Authorization" in headers for _, path, headers in site.asked[-2:]}
    assert seen == {f"/org/tiny/resolve/{COMMIT}/a/m.Q4_0.gguf": True, "/cdn/a/m.Q4_0.gguf": False}, (
        "the token goes to the hub and not to where it redirects"
    )


def test_without_a_pattern_all_but_the_readme_is_the_model(site: Site, tmp_path: Path) -> None:
    expected = {path: FILES[path] for path in ("a/m.Q4_0.gguf", "m.safetensors", "config.json")}
    assert contents(parse_hub("org/tiny").pin(), tmp_path / "cache") == expected


def test_what_is_here_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    pinned = parse_hub("org/tiny").pin()
    contents(pinned, tmp_path / "cache")
    site.asked.clear()
    notes: list[str] = []
    pinned.fetch(tmp_path / "cache", notes.append)
    assert notes == []
    assert [path for _, path, _ in site.asked if not path.startswith("/api/")] == []


def test_a_fetch_says_what_it_fetches(site: Site, tmp_path: Path) -> None:
    notes: list[str] = []
    parse_hub("org/tiny@main:*.gguf").pin().fetch(tmp_path / "cache", notes.append)
    assert notes == [f"fetching hf:org/tiny@{COMMIT}:*.gguf: 1 files, 0.00 GB"]


def test_a_broken_connection_is_taken_up_where_it_broke(site: Site, tmp_path: Path) -> None:
    piece = constants.DOWNLOAD_CHUNK_SIZE
    data = bytes(2 * piece + 5_000_000)
    add_repository(site, "org/large", {"m.gguf": data})
    site.break_after, site.breaks = piece + 100, 2
    assert contents(parse_hub("org/large").pin(), tmp_path / "cache") == {"m.gguf": data}
    ranges = [headers.get("Range") for _, path, headers in site.asked if path == "/cdn/m.gguf"]
    assert ranges == [None, f"bytes={piece}-", f"bytes={2 * piece}-"]


def test_a_killed_fetch_goes_on_with_the_files_that_are_missing(site: Site, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    kept = [
        cache / f".cache/huggingface/download/{name}.metadata" for name in ("config.json", "m.safetensors")
    ]
    site.stall_after = 100_000
    with run(FETCH, "org/tiny", str(cache)) as killed:
        wait_until(lambda: all(file.exists() and len(file.read_text().splitlines()) == 3 for file in kept))
        wait_until(lambda: [*cache.rglob("*.incomplete")])
        killed.send_signal(signal.SIGKILL)
    site.stall_after = None
    site.go_on.set()
    site.asked.clear()
    assert set(contents(parse_hub("org/tiny").pin(), cache)) == {
        "a/m.Q4_0.gguf",
        "config.json",
        "m.safetensors",
    }
    fetched = {path.rpartition("/")[2] for _, path, _ in site.asked if not path.startswith("/api/")}
    assert fetched == {"m.Q4_0.gguf"}
    assert list(cache.rglob("*.incomplete")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "org/none",
            r"there is no model at http://127.0.0.1:\d+/org/none, or it is private. Correct airlift_model.so",
        ),
        ("org/tiny@v9", "the repository has no such revision. Correct it in airlift_model.source"),
        ("org/tiny@main:*.onnx", "No file of hf:org/tiny@main matches"),
    ],
)
def test_what_does_not_exist_is_said_before_anything_is_fetched(site: Site, text: str, words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        parse_hub(text).pin()


def test_a_gated_repository_asks_for_its_licence_and_a_token(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate(site, "org/tiny")
    pinned = parse_hub("org/tiny@main:*.gguf").pin()
    words = rf"it is gated.*Accept its licence at {site.url}/org/tiny, then set HF_TOKEN"
    preview = pinned.preview()
    assert preview is not None
    with pytest.raises(DeliveryError, match=words):
        preview["a/m.Q4_0.gguf"]()
    with pytest.raises(DeliveryError, match=words):
        contents(pinned, tmp_path / "cache")
    monkeypatch.setenv("HF_TOKEN", "hf-token-of-the-tests")
    assert preview["a/m.Q4_0.gguf"]() == DATA[:24]
    assert site.asked[-1][1] == "/cdn/a/m.Q4_0.gguf"
    assert "Authorization" not in site.asked[-1][2]
    assert contents(pinned, tmp_path / "cache") == {"a/m.Q4_0.gguf": DATA}


def test_a_token_that_the_hub_refuses_is_said(site: Site) -> None:
    wrong = {"X-Error-Message": "Invalid credentials in Authorization header"}
    site.refusals["/api/models/org/none"] = Refusal(401, wrong)
    with pytest.raises(DeliveryError, match=r"refused the token \(401\). Set HF_TOKEN"):
        parse_hub("org/none").pin()


def test_a_file_that_has_gone_is_said(site: Site, tmp_path: Path) -> None:
    pinned = parse_hub("org/tiny@main:config.json").pin()
    del site.files[f"/org/tiny/resolve/{COMMIT}/config.json"]
    with pytest.raises(DeliveryError, match="the repository has no such file"):
        contents(pinned, tmp_path / "cache")


def test_content_that_is_not_what_the_hub_lists_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    pinned = parse_hub("org/tiny@main:*.gguf").pin()
    site.files["/cdn/a/m.Q4_0.gguf"] = DATA[::-1]
    with pytest.raises(DeliveryError, match="has the digest"):
        contents(pinned, tmp_path / "cache")
    site.files["/cdn/a/m.Q4_0.gguf"] = DATA
    assert contents(pinned, tmp_path / "cache") == {"a/m.Q4_0.gguf": DATA}


def test_no_network_is_said(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = parse_hub("org/tiny").pin()
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    words = rf"Failed to read model hf:org/tiny@\w+: .*Check the network.* HF_ENDPOINT \({endpoint}\)"
    with pytest.raises(DeliveryError, match=words):
        pinned.pin()
    with pytest.raises(DeliveryError, match=words):
        contents(pinned, tmp_path / "cache")


def test_an_endpoint_without_encryption_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example.com")
    with pytest.raises(DeliveryError, match="is not encrypted"):
        parse_hub("org/tiny").pin()


def test_a_disk_that_is_too_small_is_told_first(site: Site, tmp_path: Path) -> None:
    listing = f"/api/models/org/tiny/revision/{COMMIT}"
    site.files[listing] = site.files[listing].replace(
        f'"size": {len(DATA)}'.encode(), b'"size": 1000000000000000000'
    )
    with pytest.raises(DeliveryError, match=r"has room for .* of its 1000000000.0 GB. Make room"):
        contents(parse_hub(f"org/tiny@{COMMIT}:*.gguf"), tmp_path / "cache")
    assert [path for _, path, _ in site.asked if not path.startswith("/api/")] == []


def test_a_disk_that_fills_meanwhile_is_said() -> None:
    with (
        pytest.raises(DeliveryError, match="the disk is full"),
        hub_errors.worded("hf:a/b", "https://h"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_offline_a_commit_that_is_here_is_enough(site: Site, tmp_path: Path) -> None:
    pinned = parse_hub("org/tiny").pin()
    contents(pinned, tmp_path / "cache")
    site.asked.clear()
    with run(FETCH, f"org/tiny@{COMMIT}", str(tmp_path / "cache"), HF_HUB_OFFLINE="1") as offline:
        said = offline.communicate(timeout=60)[0]
    assert said.splitlines()[-1] == json.dumps(["a/m.Q4_0.gguf", "config.json", "m.safetensors"])
    with run(FETCH, f"org/tiny@{COMMIT}", str(tmp_path / "other"), HF_HUB_OFFLINE="1") as offline:
        said = offline.communicate(timeout=60)[0]
    assert said.splitlines()[-1].endswith(
        "HF_HUB_OFFLINE is set, and not all of it is on this machine. Unset HF_HUB_OFFLINE."
    )
    with run(FETCH, "org/tiny@main", str(tmp_path / "other"), HF_HUB_OFFLINE="1") as offline:
        said = offline.communicate(timeout=60)[0]
    assert "HF_HUB_OFFLINE is set" in said.splitlines()[-1]
    assert site.asked == []


def test_a_preview_asks_for_the_first_bytes_only(site: Site) -> None:
    preview = parse_hub("org/tiny@main:*.gguf").pin().preview()
    assert preview is not None
    assert {path: first() for path, first in preview.items()} == {"a/m.Q4_0.gguf": DATA[:24]}
    assert site.asked[-1][2]["range"] == "bytes=0-23"


def test_the_library_is_imported_where_it_is_needed_only() -> None:
    code = f"import sys; import {registry.__name__}; print('huggingface_hub' in sys.modules)"
    with run(code) as done:
        assert done.communicate(timeout=60)[0] == "False\n"
