"""What the agent sees and what it can do, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from .delivery.release import Release

_WAITING_IN_ENGINE = 8
"""Requests that the engine has at hand beyond those it works on, so that no slot is idle between two.

An engine has 16 HTTP threads more than slots: the other 8 are for its health, its metrics and the agent.
"""


class Colour(StrEnum):
    """One of the two places for an engine. The live one serves; the other is empty but for a switch."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        """The other one."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


class Routing(StrEnum):
    """What HAProxy's administrator (the agent) says about a server, apart from its health."""

    READY = "ready"
    DRAIN = "drain"
    MAINTENANCE = "maint"


@dataclass(frozen=True, slots=True)
class Container:
    """An engine's container. ``sound``: it runs, and its health check has not given it up."""

    fingerprint: str
    release: str
    image: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """The host as it is. ``live`` is the colour that the last finished switch wrote down.

    ``limits`` is how many requests HAProxy gives each colour at once, ``live_limit`` how many the release
    that is live keeps up with.
    """

    live: Colour | None = None
    live_release: str | None = None
    live_limit: int | None = None
    containers: Mapping[Colour, Container] = field(default_factory=lambda: MappingProxyType({}))
    routing: Mapping[Colour, Routing] = field(default_factory=lambda: MappingProxyType({}))
    limits: Mapping[Colour, int] = field(default_factory=lambda: MappingProxyType({}))
    keys_version: str | None = None
    models: frozenset[str] = frozenset()
    image_present: bool = False
    model_present: bool = False
    leftovers: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions that lead from what is to what is wanted, in order; none when there is nothing to do."""

    colour: Colour
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class PullImage:
    """Get the release's image by its digest."""


@dataclass(frozen=True, slots=True)
class FetchModel:
    """Get the release's model, verified."""


@dataclass(frozen=True, slots=True)
class Start:
    """Start the release's container in a colour that gets no requests."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Verify:
    """Wait until it is ready and have it answer a real request."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class WriteKeys:
    """Make the edge accept the keys of the release's version of the secret, and no others."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Have HAProxy give this colour as many requests at once as the slots of its release keep up with."""

    colour: Colour
    requests: int


@dataclass(frozen=True, slots=True)
class Switch:
    """Send requests to this colour only, for the release's model only, and write down that it is live."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Drain:
    """Wait for the requests of a colour that gets no new ones."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Remove:
    """Stop and remove a colour's container."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Prune:
    """Remove models, and images for long enough, that neither this release nor the one before needs."""


Action = PullImage | FetchModel | Start | Verify | WriteKeys | Limit | Switch | Drain | Remove | Prune


def words(action: Action) -> str:
    """Return the action as a log says it: ``start green``, ``pull image``."""
    verb = {"PullImage": "pull image", "FetchModel": "fetch model", "WriteKeys": "write keys"}
    name = type(action).__name__
    colour = getattr(action, "colour", None)
    return verb.get(name, name.lower()) + (f" {colour}" if colour else "")


def wanted_routing(colour: Colour) -> Mapping[Colour, Routing]:
    """Return the routing under which only ``colour`` serves."""
    return {colour: Routing.READY, colour.other: Routing.MAINTENANCE}


def wanted_limit(release: Release) -> int:
    """Return how many requests an engine of this release is given at once; HAProxy queues the others."""
    slots = release.settings.get("slots")
    # Documents of older versions may not say it. Any engine has one.
    return (slots if isinstance(slots, int) else 1) + _WAITING_IN_ENGINE


def serves(container: Container | None, release: Release) -> bool:
    """Whether this container is what the release asks for, and sound."""
    return (
        container is not None and container.sound and container.fingerprint == release.container_fingerprint
    )
