"""The registry by its own name, pushed to and pulled from by this machine's Docker engine."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import ssl
import tarfile
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import docker
import docker.errors
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud import patches
from localcloud.plane import Context, Network
from localcloud.registry.plane import RegistryPlane
from localcloud.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.docker
REGION = "ap-southeast-4"  # its registry's host name is nobody else's on this machine
SECOND_ADDRESS = "127.66.9.200"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryPlane]:
    settings = Settings(
        state_dir=tmp_path_factory.mktemp("registry"), loopback="127.66.9", prefix="test", region=REGION
    )
    network = Network(vpc_id="vpc-1", cidr="127.66.9.0/24", gateway=SECOND_ADDRESS, bridge="lo")
    context = Context(settings, wake=lambda: None, networks=lambda: (network,), guests=lambda _: ())
    with patches.undone(), mock_aws():
        plane = RegistryPlane(context)
        assert plane.needs() == []
        plane.patch()
        plane.start()
        plane.reconcile()
        yield plane
        plane.stop()
        assert plane.remains() != []
        plane.clean()
        assert plane.remains() == []
    assert plane.host not in settings.hosts_file.read_text()


@pytest.fixture
def ecr(plane: RegistryPlane) -> ECRClient:
    return boto3.client("ecr", region_name=REGION)


@pytest.fixture
def repository(ecr: ECRClient) -> Iterator[str]:
    name = f"test/{uuid.uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    yield name
    if any(found["repositoryName"] == name for found in ecr.describe_repositories()["repositories"]):
        ecr.delete_repository(repositoryName=name, force=True)


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    for image in client.images.list(filters={"label": "localcloud.test=registry"}):
        client.images.remove(str(image.id), force=True)
    client.close()


def _make_image(engine: docker.DockerClient, reference: str, content: bytes) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("content")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    name, _, tag = reference.rpartition(":")
    engine.api.import_image_from_data(
        archive.getvalue(), repository=name, tag=tag, changes=["LABEL localcloud.test=registry"]
    )


def _credentials(ecr: ECRClient) -> dict[str, str]:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return {"username": user, "password": password}


def _push(engine: docker.DockerClient, reference: str, credentials: dict[str, str]) -> list[dict[str, Any]]:
    return list(engine.images.push(reference, auth_config=credentials, stream=True, decode=True))


def _errors(events: list[dict[str, Any]]) -> str:
    return " ".join(event["error"] for event in events if "error" in event)


def _pushed_digest(events: list[dict[str, Any]]) -> str:
    assert _errors(events) == ""
    return str(next(event["aux"]["Digest"] for event in events if "Digest" in event.get("aux", {})))


def test_a_pushed_image_is_what_ecr_tells_and_what_is_pulled(
    plane: RegistryPlane, ecr: ECRClient, repository: str, engine: docker.DockerClient
) -> None:
    uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    content = uuid.uuid4().bytes
    _make_image(engine, f"{uri}:v1", content)
    digest = _pushed_digest(_push(engine, f"{uri}:v1", _credentials(ecr)))
    detail = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert detail["imageDigest"] == digest
    assert detail["imageTags"] == ["v1"]
    manifest = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"][0]
    parsed = json.loads(manifest["imageManifest"])
    assert detail["imageSizeInBytes"] == parsed["config"]["size"] + sum(x["size"] for x in parsed["layers"])
    engine.images.remove(f"{uri}:v1", force=True)
    pulled = engine.images.pull(f"{uri}@{digest}", auth_config=_credentials(ecr))
    assert f"{uri}@{digest}" in pulled.attrs["RepoDigests"]


def test_a_wrong_password_is_refused(
    plane: RegistryPlane, ecr: ECRClient, repository: str, engine: docker.DockerClient
) -> None:
    right = _credentials(ecr)
    assert (
        engine.login(right["username"], right["password"], registry=plane.host)["Status"] == "Login Succeeded"
    )
    with pytest.raises(docker.errors.APIError, match="401 Unauthorized"):
        engine.login("AWS", "wrong", registry=plane.host, reauth=True)
    wrong = base64.b64encode(b"AWS:wrong").decode()
    assert _status(plane, "PUT", f"/v2/{repository}/manifests/v1", wrong) == 401
    assert _status(plane, "POST", f"/v2/{repository}/blobs/uploads/", wrong) == 401
    assert _status(plane, "GET", f"/v2/{repository}/manifests/v1", wrong) == 401


def test_a_repository_must_exist(plane: RegistryPlane, ecr: ECRClient, engine: docker.DockerClient) -> None:
    reference = f"{plane.host}/test/none:v1"
    _make_image(engine, reference, b"x")
    errors = _errors(_push(engine, reference, _credentials(ecr)))
    assert "The repository with name 'test/none' does not exist" in errors


def test_an_immutable_tag_stays(
    plane: RegistryPlane, ecr: ECRClient, repository: str, engine: docker.DockerClient
) -> None:
    reference = f"{plane.host}/{repository}:v1"
    _make_image(engine, reference, b"first")
    first = _pushed_digest(_push(engine, reference, _credentials(ecr)))
    assert _pushed_digest(_push(engine, reference, _credentials(ecr))) == first
    _make_image(engine, reference, b"second")
    assert "the repository is immutable" in _errors(_push(engine, reference, _credentials(ecr)))
    assert ecr.describe_images(repositoryName=repository)["imageDetails"][0]["imageDigest"] == first


def test_deleted_images_and_repositories_cannot_be_pulled(
    plane: RegistryPlane, ecr: ECRClient, repository: str, engine: docker.DockerClient
) -> None:
    references = [f"{plane.host}/{repository}:{tag}" for tag in ("v1", "v2", "v3")]
    digests = []
    for reference in references:
        _make_image(engine, reference, reference.encode())
        digests.append(_pushed_digest(_push(engine, reference, _credentials(ecr))))
    first = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"][0]
    ecr.put_image(repositoryName=repository, imageManifest=first["imageManifest"], imageTag="again")
    ecr.batch_delete_image(
        repositoryName=repository, imageIds=[{"imageTag": "v1"}, {"imageDigest": digests[1]}]
    )
    assert {image.get("imageTag") for image in ecr.list_images(repositoryName=repository)["imageIds"]} == {
        "again",
        "v3",
    }
    statuses = {tag: _manifest_status(plane, ecr, repository, tag) for tag in ("v1", "v2", "v3", "again")}
    assert statuses == {"v1": 404, "v2": 404, "v3": 200, "again": 200}
    assert _manifest_status(plane, ecr, repository, digests[1]) == 404
    assert _manifest_status(plane, ecr, repository, digests[0]) == 200
    ecr.delete_repository(repositoryName=repository, force=True)
    assert _manifest_status(plane, ecr, repository, digests[2]) == 404
    ecr.create_repository(repositoryName=repository)
    assert _manifest_status(plane, ecr, repository, digests[2]) == 404


def test_put_image_of_unknown_layers_fails(ecr: ECRClient, repository: str) -> None:
    layer = {
        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "size": 1,
        "digest": "sha256:" + "0" * 64,
    }
    config = {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": 1,
        "digest": "sha256:" + "1" * 64,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": config,
        "layers": [layer],
    }
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag="v1")
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def test_a_scan_says_that_it_cannot_be_had(
    plane: RegistryPlane, ecr: ECRClient, engine: docker.DockerClient
) -> None:
    ecr.create_repository(repositoryName="test/scan", imageScanningConfiguration={"scanOnPush": True})
    reference = f"{plane.host}/test/scan:v1"
    _make_image(engine, reference, b"x")
    _pushed_digest(_push(engine, reference, _credentials(ecr)))
    found = ecr.describe_image_scan_findings(repositoryName="test/scan", imageId={"imageTag": "v1"})
    assert found["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"
    detail = ecr.describe_images(repositoryName="test/scan")["imageDetails"][0]
    assert detail["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"


def test_it_listens_on_gateways_too_with_the_authority_that_guests_get(plane: RegistryPlane) -> None:
    guest = plane.guest(SECOND_ADDRESS)
    assert guest.hosts == {plane.host: SECOND_ADDRESS}
    context = ssl.create_default_context(cadata=guest.certificates["localcloud"])
    with (
        socket.create_connection((SECOND_ADDRESS, 443), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=plane.host) as connection,
    ):
        connection.sendall(f"GET /v2/ HTTP/1.0\r\nHost: {plane.host}\r\n\r\n".encode())
        assert b" 401 " in connection.recv(4096).splitlines()[0]


def test_secrets_are_in_private_files_only(plane: RegistryPlane) -> None:
    readable = [
        path
        for path in plane.settings.state_dir.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o044 and "storage" not in path.parts
    ]
    assert not [path for path in readable if plane.password.encode() in path.read_bytes()]
    assert (plane.settings.paths.plane("registry") / "htpasswd").stat().st_mode & 0o777 == 0o600


def _manifest_status(plane: RegistryPlane, ecr: ECRClient, repository: str, reference: str) -> int:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return _status(plane, "GET", f"/v2/{repository}/manifests/{reference}", token)


def _status(plane: RegistryPlane, method: str, path: str, token: str) -> int:
    trusted = plane.settings.docker_certs_dir / plane.host / "test.crt"
    context = ssl.create_default_context(cafile=str(trusted))
    connection = http.client.HTTPSConnection(plane.host, 443, context=context, timeout=10)
    headers = {
        "Authorization": f"Basic {token}",
        "Accept": "application/vnd.docker.distribution.manifest.v2+json",
    }
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status
