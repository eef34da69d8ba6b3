"""Keeps HAProxy as moto's load balancers say, and knows what HAProxy sees."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace

from moto.elbv2.models import FakeTargetGroup

from localcloud.balancer import snapshot
from localcloud.balancer.addresses import Addresses, bind_problem
from localcloud.balancer.api import install
from localcloud.balancer.draining import Drain, advance, left
from localcloud.balancer.health import (
    DRAINING,
    NOT_IN_USE,
    NOT_REGISTERED,
    STOPPED,
    Health,
    health_of,
    initial_seconds,
)
from localcloud.balancer.model import LoadBalancer, TargetGroup, Wanted
from localcloud.balancer.render import Files, checked_servers, render, server_name
from localcloud.haproxy import HAProxy, unprivileged_user
from localcloud.hostsfile import HostsFile
from localcloud.log import logger
from localcloud.plane import Context, Need, Plane

_PAGE = "<html><body><center><h1>502 Bad Gateway</h1></center></body></html>\r\n"
BAD_GATEWAY = (
    f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: {len(_PAGE)}\r\n"
    f"Connection: close\r\n\r\n{_PAGE}"
)
_log = logger("balancer")


class BalancerPlane(Plane):
    """ELBv2's data plane."""

    name = "balancer"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._haproxy = HAProxy(self.settings, self.name)
        self._hosts = HostsFile(self.settings.hosts_file, f"{self.settings.prefix} {self.name}")
        self._addresses = Addresses(self.settings.loopback)
        self._lock = threading.RLock()
        self._served = Wanted()
        self._drains: list[Drain] = []
        self._unproven: dict[tuple[str, str], float] = {}

    def needs(self) -> list[Need]:
        """HAProxy."""
        if shutil.which("haproxy"):
            return []
        return [Need("haproxy", "Install it with `apt-get install haproxy`.")]

    def patch(self) -> None:
        """Make DescribeTargetHealth and the state of load balancers true."""
        install(self)

    def reconcile(self) -> None:
        """Configure HAProxy and the hosts file; advance what is being drained."""
        with self._lock:
            directory = self._haproxy.directory
            wanted = snapshot.read(self.settings.account_id, directory / "certificates", self._addresses.of)
            wanted = self._without_taken_ports(wanted)
            self._addresses.keep({balancer.arn for balancer in wanted.load_balancers} | set(wanted.problems))
            for arn, problem in wanted.problems.items():
                if self._served.problems.get(arn) != problem:
                    _log.error("%s", problem)
            self._configure(wanted)
            self._hosts.set({balancer.dns_name: balancer.address for balancer in wanted.load_balancers})
            self._note_changes(wanted)
            self._served = wanted

    def clean(self) -> None:
        """End HAProxy and remove the load balancers' names."""
        self._haproxy.stop()
        self._hosts.clear()

    def remains(self) -> list[str]:
        """A running HAProxy, lines in the hosts file."""
        found = [f"a running HAProxy, see {self._haproxy.directory}"] if self._haproxy.running else []
        return found + [f"in {self.settings.hosts_file}: {line}" for line in self._hosts.entries()]

    def serves(self, arn: str) -> bool:
        """Whether the load balancer answers at its address."""
        with self._lock:
            return any(balancer.arn == arn for balancer in self._served.load_balancers)

    def problem(self, arn: str) -> str | None:
        """Why a load balancer cannot serve."""
        with self._lock:
            return self._served.problems.get(arn)

    def health(self, found: FakeTargetGroup, target_id: str) -> Health:
        """Health of a target of a group, as HAProxy sees it now."""
        with self._lock:
            group = next((item for item in self._served.target_groups if item.arn == found.arn), None)
            registered = found.targets.get(target_id)
            if registered is None:
                return DRAINING if target_id in self.draining(found) else NOT_REGISTERED
            if group is None:
                return NOT_IN_USE
            if snapshot.target_of(found, target_id, registered["Port"]) is None:
                return STOPPED
            return self._health(group, target_id)

    def draining(self, found: FakeTargetGroup) -> dict[str, int]:
        """Targets that have left the group and may still have requests: id → port."""
        with self._lock:
            drains = {d.target.target_id: d.target.port for d in self._drains if d.group_arn == found.arn}
            served = [target for group in self._served.target_groups if group.arn == found.arn
                      for target in group.targets]  # fmt: skip
            drains.update((target.target_id, target.port) for target in served)
            return {target: port for target, port in drains.items() if target not in found.targets}

    def _health(self, group: TargetGroup, target_id: str) -> Health:
        target = next((item for item in group.targets if item.target_id == target_id), None)
        if target is None or not self._haproxy.running:
            return health_of(None, group.health_check, unproven=True)
        rows = self._haproxy.statistics(self._haproxy.workers()[0])
        wanted = (group.backend, server_name(target))
        row = next((row for row in rows if (row["pxname"], row["svname"]) == wanted), None)
        return health_of(row, group.health_check, unproven=wanted in self._unproven)

    def _without_taken_ports(self, wanted: Wanted) -> Wanted:
        bound = self._served.binds() if self._haproxy.running else set()
        problems = dict(wanted.problems)
        free: list[LoadBalancer] = []
        for balancer in wanted.load_balancers:
            ports = [listener.port for listener in balancer.listeners]
            asked = [bind_problem(balancer.address, p) for p in ports if (balancer.address, p) not in bound]
            found = [problem for problem in asked if problem]
            if found:
                problems[balancer.arn] = f"Failed to serve load balancer {balancer.name}: {found[0]}."
            else:
                free.append(balancer)
        return replace(wanted, load_balancers=tuple(free), problems=problems)

    def _configure(self, wanted: Wanted) -> None:
        if not wanted.binds():
            self._haproxy.stop()
            return
        directory = self._haproxy.directory
        bad_gateway = directory / "502.http"
        if not bad_gateway.exists():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            bad_gateway.write_text(BAD_GATEWAY, newline="")
        files = Files(self._haproxy.state_file, bad_gateway, unprivileged_user())
        if self._haproxy.apply(render(wanted, files), checked_servers(wanted)):
            _log.info("HAProxy serves %s", ", ".join(b.dns_name for b in wanted.load_balancers))

    def _note_changes(self, wanted: Wanted) -> None:
        now = time.monotonic()
        present = {
            (group.backend, server_name(target)): group
            for group in wanted.target_groups
            for target in group.targets
        }
        known = {(g.backend, server_name(t)) for g in self._served.target_groups for t in g.targets}
        for server, group in present.items():
            if server not in known and group.health_check is not None:
                self._unproven[server] = now + initial_seconds(group.health_check)
        healthy = self._healthy() if self._unproven else set()
        self._unproven = {
            server: until
            for server, until in self._unproven.items()
            if server in present and server not in healthy and now < until
        }
        self._drains = [d for d in self._drains if (d.backend, server_name(d.target)) not in present]
        for group, target in left(self._served.target_groups, wanted.target_groups):
            delay = snapshot.deregistration_delay_seconds(self.settings.account_id, group.arn)
            self._drains.append(Drain(group.arn, group.backend, target, now + delay))
        self._drains = advance(self._drains, self._haproxy, now)

    def _healthy(self) -> set[tuple[str, str]]:
        if not self._haproxy.running:
            return set()
        rows = self._haproxy.statistics(self._haproxy.workers()[0])
        return {(row["pxname"], row["svname"]) for row in rows if row["status"].startswith("UP")}
