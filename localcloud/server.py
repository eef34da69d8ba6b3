"""The server: the API, the planes and the reconciler in one process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from localcloud.app import create_app
from localcloud.listeners import Listeners, api_server
from localcloud.log import logger
from localcloud.plane import Context, Guest, Network, Plane
from localcloud.reconciler import Reconciler
from localcloud.settings import Settings

LOG = logger("server")
LOOPBACK = "127.0.0.1"


def make_planes(
    settings: Settings, kinds: Sequence[type[Plane]], reconciler: Reconciler | None
) -> list[Plane]:
    """The planes, knowing each other through their context. Without a reconciler nobody is woken."""
    planes: list[Plane] = []

    def networks() -> list[Network]:
        return [network for plane in planes for network in plane.networks()]

    def guests(gateway: str) -> list[Guest]:
        return [plane.guest(gateway) for plane in planes]

    wake = reconciler.wake if reconciler else lambda: None
    context = Context(settings=settings, wake=wake, networks=networks, guests=guests)
    planes += [kind(context) for kind in kinds]
    return planes


class CloudServer:
    """A localcloud in this process; `start`, then `stop`."""

    def __init__(self, settings: Settings, kinds: Sequence[type[Plane]]) -> None:
        self._settings = settings
        self._ready = False
        self._reconciler = Reconciler(self._listen)
        self._planes = make_planes(settings, kinds, self._reconciler)
        self._app = create_app(settings, self._planes, self._reconciler.wake, self._health)
        self._listeners = Listeners("api", lambda address: api_server(self._app, address, settings.port))

    def start(self) -> None:
        """Return when requests are answered and every plane has had its first round."""
        for plane in self._planes:
            plane.start()
            LOG.info("plane %s has started", plane.name)
        self._reconciler.start(self._planes)
        self._ready = True
        LOG.info("ready on %s", self._settings.endpoint)

    def stop(self) -> None:
        """End the planes, last started first, and stop listening."""
        self._ready = False
        self._reconciler.stop()
        for plane in reversed(self._planes):
            plane.stop()
        self._listeners.close()
        LOG.info("stopped")

    def _listen(self) -> None:
        gateways = [network.gateway for plane in self._planes for network in plane.networks()]
        self._listeners.serve([LOOPBACK, *gateways])

    def _health(self) -> Mapping[str, object]:
        return {
            "status": "ok" if self._ready else "starting",
            "pid": os.getpid(),
            "region": self._settings.region,
            "prefix": self._settings.prefix,
            "state_dir": str(self._settings.state_dir),
            "planes": {plane.name: self._reconciler.errors.get(plane.name, "ok") for plane in self._planes},
        }
