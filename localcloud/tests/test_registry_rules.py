from __future__ import annotations

import ctypes
import hashlib
import json

import pytest
from moto.ecr.models import ECRBackend

from localcloud.registry.htpasswd import entry, library_name
from localcloud.registry.images import record, state_of
from localcloud.registry.rules import RepositoryState, refuse
from localcloud.registry.store import Store

REPOSITORIES = {
    "a/fixed": RepositoryState(tags={"v1": "sha256:1"}, immutable=True),
    "a/loose": RepositoryState(tags={"v1": "sha256:1"}, immutable=False),
}


@pytest.mark.parametrize(
    ("method", "path", "digest", "status"),
    [
        ("POST", "/v2/a/fixed/blobs/uploads/", "sha256:0", None),
        ("POST", "/v2/a/other/blobs/uploads/", "sha256:0", 404),
        ("PUT", "/v2/a/other/manifests/v1", "sha256:1", 404),
        ("PUT", "/v2/a/fixed/manifests/v2", "sha256:2", None),
        ("PUT", "/v2/a/fixed/manifests/v1", "sha256:1", None),
        ("PUT", "/v2/a/fixed/manifests/v1", "sha256:2", 400),
        ("PUT", "/v2/a/fixed/manifests/sha256:2", "sha256:2", None),
        ("PUT", "/v2/a/loose/manifests/v1", "sha256:2", None),
        ("DELETE", "/v2/a/loose/manifests/sha256:1", "sha256:0", 405),
        ("PUT", "/v2/../manifests/v1", "sha256:1", 405),
    ],
)
def test_what_ecr_refuses(method: str, path: str, digest: str, status: int | None) -> None:
    refusal = refuse(method, path, digest, REPOSITORIES, "123456789012")
    assert (refusal.status if refusal else None) == status
    if refusal:
        assert json.loads(refusal.body)["errors"][0]["message"]


def test_the_password_verifies_against_its_hash() -> None:
    line = entry("AWS", "a password")
    user, _, hashed = line.partition(":")
    library = ctypes.CDLL(library_name())
    library.crypt.restype = ctypes.c_char_p
    assert user == "AWS"
    assert library.crypt(b"a password", hashed.encode()).decode() == hashed
    assert library.crypt(b"another", hashed.encode()).decode() != hashed
    assert entry("AWS", "a password") != line


def _manifest(size: int) -> bytes:
    layer = {"digest": "sha256:" + "0" * 64, "size": size}
    return json.dumps({"mediaType": "m", "config": {"size": 7}, "layers": [layer]}).encode()


@pytest.fixture
def backend() -> ECRBackend:
    made = ECRBackend("us-east-1", "123456789012")
    made.create_repository("a", None, {}, None, "MUTABLE", [])
    return made


def test_images_have_true_digests_and_sizes(backend: ECRBackend) -> None:
    manifest = _manifest(100)
    record(backend, "a", "v1", manifest, "")
    image = backend.repositories["a"].images[0]
    assert image.get_image_digest() == "sha256:" + hashlib.sha256(manifest).hexdigest()
    assert image.get_image_size_in_bytes() == 107
    assert image.image_tags == ["v1"]


def test_a_tag_moves_and_leaves_an_untagged_image(backend: ECRBackend) -> None:
    record(backend, "a", "v1", _manifest(1), "")
    record(backend, "a", "v1", _manifest(2), "")
    record(backend, "a", "v2", _manifest(2), "")
    first, second = backend.repositories["a"].images
    assert first.image_tags == []
    assert "imageTag" not in first.image_id
    assert sorted(second.image_tags) == ["v1", "v2"]
    assert state_of(backend.repositories["a"]).tags.keys() == {"v1", "v2"}


def test_a_push_to_a_deleted_repository_is_not_recorded(backend: ECRBackend) -> None:
    assert record(backend, "gone", "v1", _manifest(1), "") is None


def test_the_store_stays_inside_its_directory(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("x")
    outside = directory / "keep"
    outside.mkdir()
    store = Store(directory / "storage")
    store.clear()
    with pytest.raises(ValueError, match="outside"):
        store.remove_tag("a", "../../../../../../../../../keep")
    assert outside.exists()


def test_removing_a_repository_leaves_those_below_its_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(tmp_path_factory.mktemp("x") / "storage")
    store.clear()
    repositories = store.directory / "docker/registry/v2/repositories"
    for name in ("a/_manifests/tags/v1", "a/b/_manifests/tags/v1"):
        (repositories / name).mkdir(parents=True)
    store.remove_repository("a")
    assert not (repositories / "a/_manifests").exists()
    assert (repositories / "a/b/_manifests/tags/v1").exists()
