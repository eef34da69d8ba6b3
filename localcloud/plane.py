"""What a data plane is: the real thing behind a part of the API that moto only pretends.

moto's backends hold what is wanted, the machine (Docker, processes, files) shows what is found, and a
plane closes the gap. It is level-triggered: `reconcile` is called in the reconciler's one thread after each
mutating request and at least once a second, sees the whole wanted state each time, and must return soon
(long work goes to a thread of the plane's own, which calls `Context.wake` when done). A plane keeps nothing
that it could not find again, so a crash needs no more than `clean`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.control import Routes
    from localcloud.judge.judge import Judge


@dataclass(frozen=True)
class Need:
    """A program or privilege that this machine lacks."""

    missing: str
    """For example `haproxy`."""
    remedy: str
    """One sentence, for example `Install it with "apt-get install haproxy".`"""


@dataclass(frozen=True)
class Guest:
    """What a plane puts into each new instance, which so reaches the plane under AWS's own names."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name → address, written to the instance's /etc/hosts."""
    certificates: Mapping[str, str] = field(default_factory=dict)
    """File stem → PEM of a certificate authority for the instance's system store."""


@dataclass(frozen=True)
class Network:
    """The Docker network of one VPC."""

    vpc_id: str
    cidr: str
    gateway: str
    """Address of this machine in the network; bind here to be reached by the instances."""
    bridge: str
    """Name of the Linux bridge."""


@dataclass(frozen=True)
class Context:
    """What the server hands to each plane."""

    settings: Settings
    wake: Callable[[], None]
    """Ask for a `reconcile` of all planes soon. Cheap; callable from any thread."""
    networks: Callable[[], Sequence[Network]]
    """The networks that exist now. It changes: look at each `reconcile`."""
    guests: Callable[[str], Sequence[Guest]]
    """What all planes want in an instance, given the gateway address of its VPC."""


class Plane:
    """Base of every data plane; each hook does nothing by default.

    `clean` and `remains` also run in the short-lived processes of `start` and `stop`, without `patch`,
    `start` or a living server: they may use the settings and the machine, and nothing else.
    """

    name = "plane"
    judge: Judge | None = None
    """The account's IAM; set before `patch`, and only in the living server."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings = context.settings

    def needs(self) -> list[Need]:
        """What is missing on this machine; asked before anything is started."""
        return []

    def patch(self) -> None:
        """Replace what moto answers where the plane knows better. Called once, before the first request."""

    def start(self) -> None:
        """Start what must run before the first request."""

    def reconcile(self) -> None:
        """Make the machine as moto's backends say. An exception is logged and does not stop other planes."""

    def networks(self) -> Sequence[Network]:
        """Networks that this plane has made."""
        return ()

    def control(self) -> Routes:
        """What it answers below `/_localcloud/`."""
        return {}

    def guest(self, gateway: str) -> Guest:
        """What each new instance needs to know; `gateway` is this machine's address in the instance's VPC."""
        del gateway
        return Guest()

    def stop(self) -> None:
        """Stop at the server's end. `clean` follows; what it removes need not be removed here."""

    def clean(self) -> None:
        """Remove every trace, also that of a server that crashed. Idempotent."""

    def remains(self) -> list[str]:
        """What is left after `clean`, each named so that a person can remove it; empty is the proof."""
        return []
