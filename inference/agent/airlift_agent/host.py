"""The host, seen and acted on: the only place where the plan meets Docker, HAProxy, the disk and AWS."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from . import engine, keys, record
from .aws import Aws, instance_id
from .config import Config
from .containers import Containers
from .delivery.errors import DeliveryError
from .delivery.fetch import fetch, present
from .delivery.manifest import hex_of
from .delivery.release import Release
from .delivery.upload import Store
from .files import write
from .proxy import Proxy
from .state import (
    Action,
    Colour,
    Drain,
    FetchModel,
    Limit,
    Observed,
    Prune,
    PullImage,
    Remove,
    Routing,
    Start,
    Switch,
    Verify,
    WriteKeys,
    wanted_limit,
)

_PROXY_SECONDS = 15
Progress = Callable[[str], None]


class Host:
    """One host and the release it shall serve."""

    def __init__(self, config: Config, aws: Aws, release: Release, progress: Progress) -> None:
        """Connect to Docker; HAProxy is asked when it is needed."""
        self._config, self._aws, self._release, self._progress = config, aws, release, progress
        state = Path(config.state_directory)
        self._record_path = state / record.FILE_NAME
        self._containers = Containers(config)
        self._proxy = Proxy(Path(config.haproxy_socket), Path(config.haproxy_state_file))

    def observe(self) -> Observed:
        """Look at everything the decision needs. Local calls only."""
        kept = record.load(self._record_path)
        accepted = record.map_digest(self._proxy.map(self._config.keys_map))
        servers = self._proxy.servers()
        return Observed(
            live=kept.live,
            live_release=kept.release.id if kept.release else None,
            containers=self._containers.all(),
            routing={colour: server.routing for colour, server in servers.items()},
            limits={colour: server.limit for colour, server in servers.items()},
            keys_version=kept.keys_version if accepted == kept.keys_digest else None,
            models=frozenset(self._proxy.map(self._config.models_map)),
            image_present=self._containers.has_image(self._release.image),
            model_present=present(self._config.models, self._release.model_digest),
            leftovers=bool(self._leftover_images() or self._leftover_models()),
        )

    def act(self, action: Action) -> None:
        """Do one action. Each can be repeated, and killed at any moment."""
        match action:
            case PullImage():
                self._containers.pull(self._release.image, *self._aws.registry_login())
            case FetchModel():
                self._fetch_model()
            case Start(colour):
                self._proxy.route(colour, Routing.MAINTENANCE)
                name = instance_id() if self._config.log_group and not self._config.instance_id else ""
                self._containers.start(colour, self._release, self._config.instance_id or name)
            case Verify(colour):
                self._verify(colour)
            case WriteKeys():
                self._write_keys()
            case Limit(colour):
                self._proxy.limit(colour, wanted_limit(self._release))
            case Switch(colour):
                self._switch(colour)
            case Drain(colour):
                self._drain(colour)
            case Remove(colour):
                self._proxy.route(colour, Routing.MAINTENANCE)
                self._containers.remove(colour, self._config.drain_seconds)
            case Prune():
                self._prune()

    def discard(self, colour: Colour) -> list[str]:
        """Remove a candidate that failed, and return the end of its log."""
        lines = self._containers.last_lines(colour)
        self._proxy.route(colour, Routing.MAINTENANCE)
        self._containers.remove(colour, 0)
        return lines

    def _fetch_model(self) -> None:
        s3 = self._aws.s3()
        manifest = Store(s3, self._release.bucket).manifest(self._release.model_digest)
        self._config.models.mkdir(parents=True, exist_ok=True)
        fetch(
            s3,
            self._release.bucket,
            manifest,
            self._config.models,
            threads=self._config.fetch_threads,
            progress=self._progress,
        )

    def _verify(self, colour: Colour) -> None:
        port = self._config.port(colour)
        engine.wait_ready(port, self._config.ready_seconds, lambda: self._containers.alive(colour))
        tokens = engine.complete(port, self._release.model_name)
        self._progress(f"{colour} answered a test prompt with {tokens} tokens")

    def _write_keys(self) -> None:
        value = self._aws.secret(self._release.secret, self._release.secret_version)
        accepted = keys.hashes(value, self._release.secret)
        self._write_map(self._config.keys_map, accepted)
        kept = record.load(self._record_path)
        version, digest = self._release.secret_version, record.map_digest(accepted)
        record.save(self._record_path, replace(kept, keys_version=version, keys_digest=digest))

    def _switch(self, colour: Colour) -> None:
        """Open the new colour before closing the old one: at no moment is there none."""
        self._proxy.route(colour, Routing.READY)
        try:
            self._proxy.wait_up(colour, _PROXY_SECONDS)
        except DeliveryError:
            if record.load(self._record_path).live != colour:
                self._proxy.route(colour, Routing.MAINTENANCE)
            raise
        others = self._containers.alive(colour.other)
        self._proxy.route(colour.other, Routing.DRAIN if others else Routing.MAINTENANCE)
        self._write_map(self._config.models_map, {self._release.model_name: "1"})
        kept = record.load(self._record_path)
        record.save(self._record_path, kept.switched(colour, self._release))

    def _drain(self, colour: Colour) -> None:
        self._proxy.route(colour, Routing.DRAIN)
        if not self._proxy.wait_idle(colour, self._config.drain_seconds):
            self._progress(f"{colour} still has requests after {self._config.drain_seconds} s and is stopped")

    def _write_map(self, path: Path, entries: Mapping[str, str]) -> None:
        text = "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))
        # The role edge_proxy keeps its maps so, too.
        write(path, text, 0o640, self._config.haproxy_group)
        self._proxy.replace_map(path, entries)

    def _kept(self) -> list[Release]:
        kept = record.load(self._record_path)
        return [release for release in (self._release, kept.release, kept.previous) if release is not None]

    def _leftover_images(self) -> list[str]:
        used = {container.image.rpartition("@")[2] for container in self._containers.all().values()}
        keep = used | {release.image.digest for release in self._kept()}
        return [digest for digest in self._containers.images(self._release.image.name) if digest not in keep]

    def _leftover_models(self) -> list[Path]:
        if not self._config.models.is_dir():
            return []
        keep = {hex_of(release.model_digest) for release in self._kept()}
        names = {*keep, f".incoming-{hex_of(self._release.model_digest)}"}
        return [
            path for path in self._config.models.iterdir() if path.name.removesuffix(".parts") not in names
        ]

    def _prune(self) -> None:
        for digest in self._leftover_images():
            self._progress(f"removing image {digest}")
            self._containers.remove_image(self._release.image.name, digest)
        for path in self._leftover_models():
            self._progress(f"removing model {path.name}")
            shutil.rmtree(path)
