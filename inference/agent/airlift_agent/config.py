"""The agent's configuration: /etc/airlift/agent.json, checked before anything is done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from .errors import DeliveryError
from .state import Colour

DEFAULT_PATH = Path("/etc/airlift/agent.json")
_RESERVED_MIB = 768
_LEAST_MIB = 512


@dataclass(frozen=True, slots=True)
class Config:
    """What the host knows of itself. Only ``stack`` and ``region`` must be given.

    ``parameter`` defaults to ``/<stack>/release``. Without ``log_group`` the engine logs to rotated files.
    ``memory_mib`` 0 is all of the host's but what the system needs; ``cpus`` 0 is all of them.
    ``ready_seconds`` is how long an engine may take to load; ``drain_seconds`` how long the requests of
    the old one may go on after a switch. For ``settle_seconds`` after something was released, scheduled runs
    leave it to whoever rolls it out, host after host, and keep up what was live. With a ``metrics_namespace``
    the engine also writes its figures to its log, for CloudWatch. Traces go to the agent that listens at
    ``traces_port`` of this host, 0 to X-Ray itself; where nobody has decided whether to take a trace, the
    first of each second and ``traces_percent`` of the others are taken. An image that nothing needs goes
    when it has been unused for ``prune_age_hours``; while less than ``prune_free_percent`` of Docker's disk
    is free, after ``prune_grace_hours``.
    """

    stack: str
    region: str
    parameter: str = ""
    log_group: str = ""
    instance_id: str = ""
    memory_mib: int = 0
    cpus: float = 0
    pids: int = 512
    ready_seconds: int = 300
    drain_seconds: int = 120
    settle_seconds: int = 900
    lock_wait_seconds: int = 900
    fetch_threads: int = 8
    blue_port: int = 8001
    green_port: int = 8002
    gpus: bool = False
    prune_age_hours: int = 168
    prune_grace_hours: int = 1
    prune_free_percent: int = 20
    metrics_namespace: str = ""
    traces_port: int = 0
    traces_percent: int = 5
    state_directory: str = "/var/lib/airlift"
    maps_directory: str = "/etc/haproxy/airlift"
    haproxy_socket: str = "/run/haproxy/admin.sock"
    haproxy_state_file: str = "/var/lib/airlift-edge/servers"
    haproxy_group: str = "haproxy"
    container_prefix: str = "airlift"

    @property
    def parameter_name(self) -> str:
        """The SSM parameter with the release document."""
        return self.parameter or f"/{self.stack}/release"

    @property
    def models(self) -> Path:
        """Where fetched models are."""
        return Path(self.state_directory) / "models"

    @property
    def keys_map(self) -> Path:
        """HAProxy's map of key hashes."""
        return Path(self.maps_directory) / "keys.map"

    @property
    def models_map(self) -> Path:
        """HAProxy's map of the models that can be asked for."""
        return Path(self.maps_directory) / "models.map"

    @property
    def host_map(self) -> Path:
        """HAProxy's map of what the host is about to do."""
        return Path(self.maps_directory) / "host.map"

    def port(self, colour: Colour) -> int:
        """The port on the loopback address at which HAProxy finds a colour."""
        return self.blue_port if colour is Colour.BLUE else self.green_port

    @property
    def memory_limit_mib(self) -> int:
        """The engine's memory limit."""
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        return self.memory_mib or max(total - _RESERVED_MIB, _LEAST_MIB)

    @property
    def cpu_limit(self) -> float:
        """The engine's limit of processors."""
        return self.cpus or float(os.cpu_count() or 1)


def load(path: Path) -> Config:
    """Read the configuration. Raises DeliveryError that names what is wrong in the file."""
    remedy = "The role `inference` writes it: run playbooks/configure.yml."
    try:
        given = json.loads(path.read_text())
    except FileNotFoundError:
        raise DeliveryError(f"There is no configuration at {path}.", remedy) from None
    except ValueError as error:
        raise DeliveryError(f"{path} is not JSON: {error}.", remedy) from error
    return check(given, str(path), remedy)


def check(given: object, where: str, remedy: str) -> Config:
    """Return the configuration in ``given``: every key known, every value of its type."""
    if not isinstance(given, Mapping):
        raise DeliveryError(f"{where} must hold a JSON object.", remedy)
    types = {field.name: str(field.type) for field in fields(Config)}
    unknown = sorted(set(given) - set(types))
    if unknown:
        raise DeliveryError(f"{where} has unknown keys: {', '.join(unknown)}.", remedy)
    for name in ("stack", "region"):
        if not given.get(name):
            raise DeliveryError(f"{where} lacks {name}.", remedy)
    for name, value in given.items():
        if not _fits(value, types[name]):
            raise DeliveryError(f"{name} in {where} must be a {types[name]}, not {value!r}.", remedy)
        if isinstance(value, int | float) and value < 0:
            raise DeliveryError(f"{name} in {where} must not be negative.", remedy)
    return Config(**given)


def _fits(value: object, wanted: str) -> bool:
    if wanted == "bool" or isinstance(value, bool):
        return wanted == "bool" and isinstance(value, bool)
    kinds: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
    return isinstance(value, kinds[wanted])
