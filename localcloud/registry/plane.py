"""Keeps a docker-registry under ECR's host name, and moto's ECR true to what it holds."""

from __future__ import annotations

import contextlib
import datetime
import secrets
import shutil
import socket
import time
from pathlib import Path

from moto.ecr.models import ECRBackend, Image, ecr_backends

from localcloud.balancer.addresses import bind_problem
from localcloud.errors import LocalcloudError
from localcloud.haproxy import HAProxy, unprivileged_user
from localcloud.hostsfile import HostsFile
from localcloud.log import logger
from localcloud.pki import Authority, write_private
from localcloud.plane import Context, Guest, Need, Plane
from localcloud.programs import Programs
from localcloud.registry import htpasswd
from localcloud.registry.api import install
from localcloud.registry.client import RegistryClient, basic
from localcloud.registry.errors import RegistryError
from localcloud.registry.front import Front, haproxy_config, registry_config
from localcloud.registry.gate import Gate
from localcloud.registry.images import UNAVAILABLE, RegistryImage, record, scans_on_push, state_of
from localcloud.registry.permissions import denied
from localcloud.registry.rules import Refusal, refuse
from localcloud.registry.store import Store

PORT = 443
PROGRAM = "docker-registry"
START_SECONDS = 10.0
_log = logger("registry")


class RegistryPlane(Plane):
    """ECR's data plane, for the region of the settings; ECR in other regions has no registry."""

    name = "registry"
    user = "AWS"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = self.settings
        self.host = f"{settings.account_id}.dkr.ecr.{settings.region}.amazonaws.com"
        self.address = f"{settings.loopback}.1"
        self.password = secrets.token_urlsafe(48)
        self._directory = settings.paths.plane(self.name)
        self._store = Store(self._directory / "storage")
        self._programs = Programs(settings.paths)
        self._haproxy = HAProxy(settings, self.name)
        self._hosts = HostsFile(settings.hosts_file, f"{settings.prefix} {self.name}")
        self._engine_trust = settings.docker_certs_dir / self.host / f"{settings.prefix}.crt"
        self._port = 0
        self._bound: tuple[str, ...] = ()
        self._gate: Gate | None = None
        self._client: RegistryClient | None = None
        self._certificate: Path | None = None

    def needs(self) -> list[Need]:
        """HAProxy, docker-registry and bcrypt in libcrypt."""
        programs = [name for name in ("haproxy", PROGRAM) if not shutil.which(name)]
        found = [Need(name, f"Install it with `apt-get install {name}`.") for name in programs]
        if htpasswd.library_name() is None:
            found.append(Need("libcrypt", "Install it with `apt-get install libcrypt1`."))
        return found

    def patch(self) -> None:
        """Make ECR's tokens, images and deletions true."""
        install(self)

    def start(self) -> None:
        """Start docker-registry, empty, and the gate before it."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = Authority(self.settings.paths.plane("pki"))
        self._certificate = authority.issue("registry", [self.host, self.address])
        self._trust(authority)
        self._start_registry()
        self._client = RegistryClient(self._port)
        self._gate = Gate(self._client, self._refuse, self._pushed)
        self._gate.start()

    def reconcile(self) -> None:
        """Listen on the loopback address and on each VPC's gateway."""
        if self._gate is None or self._certificate is None:
            return
        if self._programs.pid(PROGRAM) is None:
            _log.error("docker-registry has ended, see %s; it is started again", self._log_file)
            self._run_registry()
        self._hosts.set({self.host: self.address})
        wanted = (self.address, *sorted(network.gateway for network in self.context.networks()))
        usable = []
        for address in wanted:
            served = self._haproxy.running and address in self._bound
            problem = None if served else bind_problem(address, PORT)
            if problem is None:
                usable.append(address)
            elif address == self.address:
                raise LocalcloudError(
                    f"Failed to serve the registry {self.host}: {problem.partition(';')[0]}.",
                    f"`ss -ltnp sport = :{PORT}` names it; stop it.",
                )
        wanted_front = Front(
            tuple(usable), PORT, self._certificate, self._port, self._gate.port, unprivileged_user()
        )
        if self._haproxy.apply(haproxy_config(wanted_front)):
            _log.info("the registry %s listens on %s", self.host, ", ".join(usable))
        self._bound = tuple(usable)

    def guest(self, gateway: str) -> Guest:
        """The registry's name, and the authority that vouches for it."""
        authority = Authority(self.settings.paths.plane("pki"))
        return Guest(hosts={self.host: gateway}, certificates={"localcloud": authority.certificate_pem})

    def stop(self) -> None:
        """End the gate."""
        if self._gate is not None:
            self._gate.stop()
            self._gate = None

    def clean(self) -> None:
        """End both programs; remove the registry's name and the engine's trust."""
        self._haproxy.stop()
        self._programs.stop(PROGRAM)
        self._hosts.clear()
        self._engine_trust.unlink(missing_ok=True)
        for directory in (self._engine_trust.parent, self._engine_trust.parent.parent):
            with contextlib.suppress(OSError):  # not there, or not ours alone
                directory.rmdir()

    def remains(self) -> list[str]:
        """Running programs, lines in the hosts file, the engine's trust."""
        found = [f"program {name}" for name in self._programs.names() if name in (self.name, PROGRAM)]
        found += [f"in {self.settings.hosts_file}: {line}" for line in self._hosts.entries()]
        return found + ([str(self._engine_trust)] if self._engine_trust.exists() else [])

    def put_manifest(
        self, backend: ECRBackend, name: str, reference: str, manifest: bytes, media_type: str | None
    ) -> Image:
        """Carry PutImage to the registry."""
        if self._client is None or backend.region_name != self.settings.region:
            raise RegistryError("ServerException", f"ECR in {backend.region_name} is {UNAVAILABLE}")
        headers = {"Authorization": basic(self.user, self.password)}
        headers["Content-Type"] = media_type or "application/vnd.docker.distribution.manifest.v2+json"
        answer = self._client.send("PUT", f"/v2/{name}/manifests/{reference}", headers, manifest)
        if answer.status != 201:
            raise RegistryError("LayersNotFoundException", answer.body.decode(errors="replace"))
        image = self._record(name, reference, manifest, headers["Content-Type"])
        assert image is not None
        return image

    def forget(self, backend: ECRBackend, name: str, gone: set[tuple[str, str | None]]) -> None:
        """Remove (digest, tag) and whole images (digest, None) from the registry."""
        if backend.region_name != self.settings.region:
            return
        for digest, tag in gone:
            if tag is None:
                self._store.remove_manifest(name, digest)
            else:
                self._store.remove_tag(name, tag)

    def forget_repository(self, backend: ECRBackend, name: str) -> None:
        """Remove all that the registry holds under a repository's name."""
        if backend.region_name == self.settings.region:
            self._store.remove_repository(name)

    @property
    def _backend(self) -> ECRBackend:
        return ecr_backends[self.settings.account_id][self.settings.region]

    @property
    def _log_file(self) -> Path:
        return self._directory / "docker-registry.log"

    def _refuse(self, method: str, path: str, digest: str, source: str) -> Refusal | None:
        if self.judge is not None:
            scope = self.judge.scope(self.settings.region)
            if (refusal := denied(self.judge, scope, method, path, source)) is not None:
                return refusal
        if method in ("GET", "HEAD"):
            return None
        repositories = {name: state_of(item) for name, item in list(self._backend.repositories.items())}
        return refuse(method, path, digest, repositories, self.settings.account_id)

    def _pushed(self, name: str, reference: str, manifest: bytes, media_type: str) -> None:
        self._record(name, reference, manifest, media_type)

    def _record(self, name: str, reference: str, manifest: bytes, media_type: str) -> RegistryImage | None:
        image = record(self._backend, name, reference, manifest, media_type)
        if image is not None and scans_on_push(self._backend.repositories[name]):
            image.last_scan = datetime.datetime.now(datetime.UTC)
        return image

    def _trust(self, authority: Authority) -> None:
        self._engine_trust.parent.mkdir(parents=True, exist_ok=True)
        self._engine_trust.write_text(authority.certificate_pem)

    def _start_registry(self) -> None:
        self._store.clear()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = int(probe.getsockname()[1])
        password_file = self._directory / "htpasswd"
        write_private(password_file, (htpasswd.entry(self.user, self.password) + "\n").encode())
        config = registry_config(self._store.directory, password_file, self._port, secrets.token_hex(32))
        write_private(self._directory / "registry.json", config.encode())
        self._run_registry()

    def _run_registry(self) -> None:
        argv = [PROGRAM, "serve", str(self._directory / "registry.json")]
        self._programs.start(PROGRAM, argv, self._log_file)
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                RegistryClient(self._port).send("GET", "/v2/", {})
                return
            if time.monotonic() > deadline or self._programs.pid(PROGRAM) is None:
                raise LocalcloudError(
                    "Failed to start docker-registry: it does not answer.",
                    f"Its reasons are in {self._log_file}.",
                )
            time.sleep(0.05)
