"""The host, seen and acted on: the only place where the plan meets Docker, HAProxy, the disk and AWS."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from . import engine, images, keys, record
from .aws.calls import Aws, instance_id
from .config import Config
from .containers import Containers
from .delivery.fetch import fetch, present
from .delivery.manifest import hex_of
from .delivery.release import Release
from .delivery.upload import Store
from .errors import AirliftError
from .facts import Facts, entries, names, of_entry
from .files import write
from .images import StoredImage
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
        self._unused_path = state / images.FILE_NAME
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
            live_limit=wanted_limit(kept.release) if kept.release else None,
            containers=self._containers.all(),
            routing={colour: server.routing for colour, server in servers.items()},
            limits={colour: server.limit for colour, server in servers.items()},
            keys_version=kept.keys_version if accepted == kept.keys_digest else None,
            models=names(self._proxy.map(self._config.models_map)),
            image_present=self._containers.has_image(self._release.image),
            model_present=present(self._config.models, self._release.model_digest),
            leftovers=self._has_leftovers(),
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
            case Limit(colour, requests):
                self._proxy.limit(colour, requests)
            case Switch(colour):
                self._switch(colour)
            case Drain(colour):
                self._drain(colour)
            case Remove(colour):
                self._proxy.route(colour, Routing.MAINTENANCE)
                self._containers.remove(colour, self._config.drain_seconds)
            case Prune():
                self._prune()

    def facts(self) -> Facts | None:
        """Return what the edge tells of the release's model; None where it knows no more than its name."""
        return of_entry(self._proxy.map(self._config.models_map).get(self._release.model_name))

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
        facts = self._containers.facts(colour)
        done = engine.prove(port, self._release.model_name, facts.tasks[0] if facts else "chat")
        self._progress(f"{colour} {done}")

    def _write_keys(self) -> None:
        value = self._aws.secret(self._release.secret, self._release.secret_version)
        accepted = keys.hashes(value, self._release.secret, time.time())
        self._write_map(self._config.keys_map, accepted)
        kept = record.load(self._record_path)
        version, digest = self._release.secret_version, record.map_digest(accepted)
        record.save(self._record_path, replace(kept, keys_version=version, keys_digest=digest))

    def _switch(self, colour: Colour) -> None:
        """Open the new colour before closing the old one: at no moment is there none."""
        facts = self._containers.facts(colour)
        self._proxy.route(colour, Routing.READY)
        try:
            self._proxy.wait_up(colour, _PROXY_SECONDS)
        except AirliftError:
            if record.load(self._record_path).live != colour:
                self._proxy.route(colour, Routing.MAINTENANCE)
            raise
        others = self._containers.alive(colour.other)
        self._proxy.route(colour.other, Routing.DRAIN if others else Routing.MAINTENANCE)
        models = entries(self._release.model_name, facts, int(time.time()))
        self._write_map(self._config.models_map, models)
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

    def _due_images(self) -> tuple[list[StoredImage], list[StoredImage]]:
        """Return what is to go, and what may where the disk is short; note since when images are unused."""
        needed = {release.image.digest for release in self._kept()}
        stored = self._containers.images(self._release.image.name)
        unneeded = images.removable(stored, self._containers.used_images(), needed)
        before, now = images.load(self._unused_path), time.time()
        since = images.unused_since(before, unneeded, now)
        if since != before:
            # A full disk must not keep the host from looking, and so from making room.
            with suppress(OSError):
                images.save(self._unused_path, since)
        config = self._config
        return images.due(unneeded, since, now, config.prune_age_hours, config.prune_grace_hours)

    def _is_short_of_room(self) -> bool:
        return self._containers.free_percent() < self._config.prune_free_percent

    def _has_leftovers(self) -> bool:
        old, spare = self._due_images()
        return bool(old or self._leftover_models() or (spare and self._is_short_of_room()))

    def _leftover_models(self) -> list[Path]:
        if not self._config.models.is_dir():
            return []
        keep = {hex_of(release.model_digest) for release in self._kept()}
        names = {*keep, f".incoming-{hex_of(self._release.model_digest)}"}
        return [
            path for path in self._config.models.iterdir() if path.name.removesuffix(".parts") not in names
        ]

    def _prune(self) -> None:
        old, spare = self._due_images()
        for image in old:
            self._remove_image(image)
        for image in spare:
            if not self._is_short_of_room():
                break
            self._remove_image(image)
        for path in self._leftover_models():
            self._progress(f"removing model {path.name}")
            shutil.rmtree(path)

    def _remove_image(self, image: StoredImage) -> None:
        for digest in sorted(image.digests):
            self._progress(f"removing image {digest}")
            self._containers.remove_image(self._release.image.name, digest)
