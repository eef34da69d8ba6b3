"""The modules that publish and release, against moto: what they return, refuse and leave alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.delivery.release import image_of
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, DeliveryError
from ansible_collections.airlift.stack.plugins.module_utils.images.context import Context
from ansible_collections.airlift.stack.plugins.modules import container_image, model_artifact, release

from .conftest import REPOSITORY_ROOT, client

STACK = "airlift"
PARAMETER = f"/{STACK}/release"
CONNECTION = dict.fromkeys(("region", "profile", "endpoint_url", "access_key", "secret_key", "session_token"))
NOTHING: Mapping[str, Any] = {**CONNECTION, "_progress_file": None}


def put_image(tag: str) -> str:
    """Have an image in the repository without pushing one; return its digest."""
    media_type = "application/vnd.docker.distribution.manifest.v2+json"
    # Without a layer moto makes up a digest, one of a hundred.
    layer = {"digest": f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}", "size": 1}
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": media_type, "config": {"size": 1}, "layers": [layer]}
    )
    put = client("ecr").put_image(
        repositoryName=f"{STACK}/inference",
        imageTag=tag,
        imageManifest=manifest,
        imageManifestMediaType=media_type,
    )
    return str(put["image"]["imageId"]["imageDigest"])


@pytest.fixture
def published(aws: str, tmp_path: Path) -> dict[str, Any]:
    """A stack with a published image and model; the options that release them."""
    ecr, ssm = client("ecr"), client("ssm")
    uri = ecr.create_repository(repositoryName=f"{STACK}/inference")["repository"]["repositoryUri"]
    digests = [put_image(tag) for tag in ("sha-1", "sha-2")]
    client("s3").create_bucket(Bucket=STACK)
    client("secretsmanager").create_secret(Name=f"{STACK}/api-keys", SecretString=key_ring_of("default"))
    ssm.put_parameter(Name=PARAMETER, Value='{"schema":1,"release":null}', Type="String")
    (tmp_path / "tiny.gguf").write_bytes(b"weights")
    model = model_artifact.publish(model_options(tmp_path), check_mode=False)
    return {
        "uri": uri,
        "images": [f"{uri}@{digest}" for digest in digests],
        "model": {"name": model["name"], "digest": model["digest"], "bucket": STACK},
    }


def model_options(folder: Path, **changes: Any) -> dict[str, Any]:
    options = {
        "source": f"file:{folder}/tiny.gguf",
        "name": None,
        "bucket": STACK,
        "sha256": None,
        "engine": None,
    }
    return {**NOTHING, **options, "cache_dir": str(folder / "cache"), **changes}


def options(published: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    engine = {"name": "llamacpp", "settings": {"threads": 1}}
    given = {"stack": STACK, "state": "present", "image": published["images"][0], "model": published["model"]}
    return {**NOTHING, **given, "engine": engine, "keys": None, **changes}


def key_ring_of(*ids: str, end: str = "") -> str:
    return json.dumps({"keys": [{"id": key_id, "key": f"al-{key_id}-{'k' * 20}{end}"} for key_id in ids]})


def put_keys(*ids: str, end: str = "") -> None:
    value = key_ring_of(*ids, end=end)
    client("secretsmanager").put_secret_value(SecretId=f"{STACK}/api-keys", SecretString=value)


def stored() -> Any:
    return json.loads(client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"])


def versions() -> int:
    return int(client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Version"])


def test_a_release_is_written_once(published: dict[str, Any]) -> None:
    checked = release.release(options(published), check_mode=True)
    assert (checked["changed"], versions()) == (True, 1)
    first = release.release(options(published), check_mode=False)
    assert (first["changed"], first["version"], first["previous"]) == (True, 2, None)
    assert stored() == first["document"] == checked["document"]
    assert first["document"]["keys"]["version"], "the secret's current version is part of the release"
    again = release.release(options(published), check_mode=False)
    assert (again["changed"], again["version"], again["release"]) == (False, 2, first["release"])


def test_new_keys_are_a_new_release(published: dict[str, Any]) -> None:
    first = release.release(options(published), check_mode=False)
    put_keys("new")
    second = release.release(options(published), check_mode=False)
    assert (second["changed"], second["previous"]) == (True, first["release"])


def test_keys_that_no_client_can_send_are_not_released(published: dict[str, Any]) -> None:
    release.release(options(published), check_mode=False)
    release.release(options(published, image=published["images"][1]), check_mode=False)
    before = stored()
    put_keys("default", "alice", end="\n")
    back = options(published, state="rolled_back", image=None, model=None, engine=None)
    for wanted in (options(published), back):
        for check_mode in (True, False):
            with pytest.raises(DeliveryError, match=r"key 2 \(alice\) ends with a line break") as raised:
                release.release(wanted, check_mode)
            assert "kkkk" not in str(raised.value)
    assert stored() == before


def test_rolling_back_goes_to_the_release_before_with_the_keys_of_now(published: dict[str, Any]) -> None:
    release.release(options(published), check_mode=False)
    release.release(options(published, image=published["images"][1]), check_mode=False)
    put_keys("new")
    newest = release.release(options(published, image=published["images"][1]), check_mode=False)
    back = options(published, state="rolled_back", image=None, model=None, engine=None)
    done = release.release(back, check_mode=False)
    assert done["changed"]
    assert stored()["keys"] == newest["document"]["keys"]
    assert stored()["image"] == published["images"][0]


def test_there_must_be_something_to_roll_back_to(published: dict[str, Any]) -> None:
    release.release(options(published), check_mode=False)
    back = options(published, state="rolled_back", image=None, model=None, engine=None)
    with pytest.raises(DeliveryError, match="no release before"):
        release.release(back, check_mode=False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "airlift/inference:latest"}, "not an image by digest"),
        ({"image": None}, "There is no image"),
        ({"model": {"name": "m", "digest": f"sha256:{'0' * 64}", "bucket": STACK}}, "There is no model"),
        ({"keys": {"secret": "airlift/none", "version": None}}, "Failed to read secret airlift/none"),
    ],
)
def test_what_was_not_published_is_not_released(
    published: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    if changes.get("image", "") is None:
        changes = {"image": f"{published['uri']}@sha256:{'0' * 64}"}
    with pytest.raises(AirliftError, match=words):
        release.release(options(published, **changes), check_mode=False)
    assert versions() == 1


def test_releasing_before_anything_is_there(aws: str, published: dict[str, Any]) -> None:
    client("ssm").delete_parameter(Name=PARAMETER)
    assert release.release(options(published), check_mode=True)["release"] == "(known after apply)"
    with pytest.raises(DeliveryError, match="Provision first"):
        release.release(options(published), check_mode=False)


def test_a_model_before_there_is_a_bucket(aws: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"weights")
    looked = model_artifact.publish(model_options(tmp_path), check_mode=True)
    assert (looked["changed"], looked["digest"]) == (True, "(known after apply)")
    with pytest.raises(DeliveryError, match="There is no model at"):
        model_artifact.publish(model_options(tmp_path, source="file:/nowhere"), check_mode=True)


def image_options(published: Mapping[str, Any], context: Path) -> dict[str, Any]:
    given = {"context": str(context), "dockerfile": "Dockerfile", "repository": published["uri"]}
    given["architecture"] = "amd64"
    return {**NOTHING, **given, "build_args": {"BASE": "debian"}, "wheels": None}


def test_an_image_that_is_there_is_not_built(published: dict[str, Any], tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM debian\n")
    given = image_options(published, context)
    looked = container_image.ensure(given, check_mode=True)
    assert (looked["changed"], looked["built"]) == (True, True)
    put_image(looked["tag"])
    done = container_image.ensure(given, check_mode=False)
    assert (done["changed"], done["built"]) == (False, False)
    assert str(image_of(done["image"])) == done["image"]


def test_the_tag_follows_from_what_the_build_sees(tmp_path: Path) -> None:
    for name, text in {"Dockerfile": "FROM x", "a.py": "a", ".dockerignore": "*.md\n", "b.md": "b"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "wheels").mkdir()

    def tag(**arguments: str) -> str:
        return Context(tmp_path, build_arguments=arguments, derived="wheels").tag

    first = tag(BASE="1")
    (tmp_path / "b.md").write_text("changed")
    (tmp_path / "wheels/x.whl").write_text("derived")
    (tmp_path / "a.py").touch()
    assert tag(BASE="1") == first
    assert tag(BASE="2") != first
    (tmp_path / "a.py").chmod(0o755)
    executable = tag(BASE="1")
    assert executable != first
    (tmp_path / "a.py").write_text("b")
    assert tag(BASE="1") not in {first, executable}


def task(published: Mapping[str, Any], **engine: object) -> subprocess.CompletedProcess[str]:
    """Run the task as a playbook does: its action checks the engine, then runs the module."""
    given = {
        "stack": STACK,
        "image": published["images"][0],
        "model": published["model"],
        "engine": engine,
    }
    command = ["ansible", "localhost", "-m", "airlift.stack.release", "-a", json.dumps(given)]
    return subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]],
        cwd=REPOSITORY_ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY_ROOT / "ansible.cfg")},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_the_task_completes_the_engine_s_settings_and_refuses_wrong_ones(published: dict[str, Any]) -> None:
    refused = task(published, name="llamacpp", settings={"threads": 0, "slot": 4})
    assert refused.returncode != 0
    said = " ".join((refused.stdout + refused.stderr).split())
    assert "airlift_engine.settings.threads must be a whole number from 1 to 512, not 0." in said
    assert "The engine llamacpp has no setting slot. Did you mean slots?" in said
    assert versions() == 1
    done = task(published, settings={"threads": 2})
    assert done.returncode == 0, done.stdout + done.stderr
    engine = stored()["engine"]
    assert (engine["name"], engine["settings"]["threads"], engine["settings"]["slots"]) == ("llamacpp", 2, 2)
