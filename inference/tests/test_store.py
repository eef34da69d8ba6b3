"""A model's way to the bucket and back, against an S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import boto3
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.delivery import fetch as fetching
from ansible_collections.airlift.stack.plugins.module_utils.delivery.fetch import fetch, present
from ansible_collections.airlift.stack.plugins.module_utils.delivery.manifest import Manifest, blob_key
from ansible_collections.airlift.stack.plugins.module_utils.delivery.upload import Store
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.models.local import Local
from ansible_collections.airlift.stack.plugins.module_utils.models.publish import Publisher

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "airlift-models"


@pytest.fixture
def s3(aws: str) -> S3Client:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of two files; the first is several parts long."""
    folder = tmp_path / "Tiny-Chat"
    (folder / "sub").mkdir(parents=True)
    (folder / "tiny-chat.Q4_0.gguf").write_bytes(bytes(range(256)) * 4096 * 20)
    (folder / "sub/tokenizer.json").write_text("{}")
    (folder / ".hidden").write_text("not a part of it")
    return folder


def publish(s3: S3Client, model: Path, tmp_path: Path) -> tuple[Manifest, bool, int]:
    published = Publisher(Store(s3, BUCKET), tmp_path / "cache", lambda _: None).publish(Local(model), None)
    assert published.manifest is not None
    return published.manifest, published.changed, published.uploaded_bytes


def get(s3: S3Client, manifest: Manifest, target: Path) -> Path:
    return fetch(s3, BUCKET, manifest, target, threads=4, progress=lambda _: None)


def counting(s3: S3Client) -> list[str]:
    calls: list[str] = []

    def count(model: Any, **_: object) -> None:
        calls.append(model.name)

    s3.meta.events.register("before-call.s3", count)
    return calls


def test_published_once_and_fetched_whole(s3: S3Client, model: Path, tmp_path: Path) -> None:
    manifest, changed, sent = publish(s3, model, tmp_path)
    assert (manifest.name, manifest.source, changed) == ("tiny-chat", "file:Tiny-Chat", True)
    assert sent == manifest.total_bytes
    assert publish(s3, model, tmp_path) == (manifest, False, 0)

    target = tmp_path / "host"
    path = get(s3, manifest, target)
    assert (path / "tiny-chat.Q4_0.gguf").read_bytes() == (model / "tiny-chat.Q4_0.gguf").read_bytes()
    assert (path / "sub/tokenizer.json").read_text() == "{}"
    assert present(target, manifest.digest)
    assert [one.name for one in target.iterdir()] == [manifest.digest.removeprefix("sha256:")]
    assert not any(one.stat().st_mode & 0o222 for one in path.rglob("*") if one.is_file())


def test_a_model_that_is_there_is_not_asked_for(s3: S3Client, model: Path, tmp_path: Path) -> None:
    manifest, _, _ = publish(s3, model, tmp_path)
    get(s3, manifest, tmp_path / "host")
    calls = counting(s3)
    get(s3, manifest, tmp_path / "host")
    assert calls == []


def test_a_killed_fetch_goes_on(
    s3: S3Client, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PART_BYTES", 8 * 2**20)
    manifest, _, _ = publish(s3, model, tmp_path)
    _fail_after(s3, monkeypatch, 2, RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        fetch(s3, BUCKET, manifest, tmp_path / "host", threads=1, progress=lambda _: None)
    assert not present(tmp_path / "host", manifest.digest)
    monkeypatch.setattr(s3, "get_object", type(s3).get_object.__get__(s3))
    calls = counting(s3)
    get(s3, manifest, tmp_path / "host")
    assert len(calls) == 2, "of four parts, two were there"
    assert present(tmp_path / "host", manifest.digest)


def test_content_that_is_not_what_was_published_is_thrown_away(
    s3: S3Client, model: Path, tmp_path: Path
) -> None:
    manifest, _, _ = publish(s3, model, tmp_path)
    weights = next(file for file in manifest.files if file.path.endswith("gguf"))
    s3.put_object(Bucket=BUCKET, Key=blob_key(weights.sha256), Body=b"x" * weights.bytes)
    with pytest.raises(DeliveryError, match="fetched with the digest"):
        get(s3, manifest, tmp_path / "host")
    assert not present(tmp_path / "host", manifest.digest)
    s3.put_object(Bucket=BUCKET, Key=blob_key(weights.sha256), Body=(model / weights.path).read_bytes())
    get(s3, manifest, tmp_path / "host")
    assert present(tmp_path / "host", manifest.digest)


def test_a_disk_that_is_too_small_is_told_first(
    s3: S3Client, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, _, _ = publish(s3, model, tmp_path)
    monkeypatch.setattr(fetching, "RESERVE_BYTES", 10**18)
    calls = counting(s3)
    with pytest.raises(DeliveryError, match="GB are free"):
        get(s3, manifest, tmp_path / "host")
    assert calls == []


@pytest.mark.parametrize("lost", ["blob", "manifest"])
def test_what_is_lost_in_the_bucket_is_published_again(
    s3: S3Client, model: Path, tmp_path: Path, lost: str
) -> None:
    manifest, _, _ = publish(s3, model, tmp_path)
    key = next(one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if lost in one["Key"])
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert publish(s3, model, tmp_path)[1] is True
    get(s3, manifest, tmp_path / "host")


def test_a_missing_bucket_and_a_missing_model_say_what_to_do(
    s3: S3Client, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match="no bucket nowhere in us-east-1"):
        Publisher(Store(s3, "nowhere"), tmp_path, lambda _: None).publish(Local(model), None)
    with pytest.raises(DeliveryError, match="There is no model sha256:0000"):
        Store(s3, BUCKET).manifest(f"sha256:{'0' * 64}")


class _Answer:
    """What S3 tells a host about an object: 403, and no more of why."""

    status_code = 403
    headers: ClassVar[dict[str, str]] = {}
    content = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("blobs", "The blob of .* is not in the bucket airlift-models. Publish the model again."),
        ("manifests", "There is no model sha256:.* in the bucket airlift-models."),
        ("", "Failed to fetch model from bucket airlift-models in us-east-1: AccessDenied"),
    ],
)
def test_a_host_that_may_list_a_prefix_only_knows_what_is_missing_from_what_is_denied(
    s3: S3Client, model: Path, tmp_path: Path, lost: str, said: str
) -> None:
    """S3 answers 403 for what is missing, unless its asker may list the bucket without a condition."""
    manifest, _, _ = publish(s3, model, tmp_path)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    gone = next((key for key in keys if lost and f"/{lost}/" in key), None)
    if gone:
        s3.delete_object(Bucket=BUCKET, Key=gone)

    def denied(request: Any, **_: object) -> _Answer | None:
        hidden = request.url.endswith(gone) if gone else "/blobs/" in request.url
        return _Answer() if hidden else None

    # The stubs know of no handler that answers in S3's place.
    s3.meta.events.register("before-send.s3.GetObject", denied)  # type: ignore[arg-type]
    with pytest.raises(AirliftError, match=said):
        get(s3, Store(s3, BUCKET).manifest(manifest.digest), tmp_path / "host")


def test_check_mode_says_it_and_sends_nothing(s3: S3Client, model: Path, tmp_path: Path) -> None:
    publisher = Publisher(Store(s3, BUCKET), tmp_path / "cache", lambda _: None)
    calls = counting(s3)
    assert publisher.check(Local(model), None).changed is True
    assert {call for call in calls if not call.startswith(("List", "Get"))} == set()
    publish(s3, model, tmp_path)
    assert publisher.check(Local(model), None).changed is False


def _fail_after(s3: S3Client, monkeypatch: pytest.MonkeyPatch, times: int, error: Exception) -> None:
    real: Callable[..., Any] = s3.get_object
    calls = [0]

    def get_object(**arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] > times:
            raise error
        return real(**arguments)

    monkeypatch.setattr(s3, "get_object", get_object)
