"""What load balancers are wanted, as frozen data between moto's backends and HAProxy's configuration.

Words are ELBv2's own: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """One registered target that requests can be sent to."""

    target_id: str
    address: str
    port: int


@dataclass(frozen=True)
class HealthCheck:
    """How a target group asks its targets whether they are well."""

    protocol: str = "HTTP"
    path: str = "/"
    port: int | None = None
    """None is the port that the target receives traffic on."""
    interval_seconds: int = 30
    timeout_seconds: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    codes: str = "200"
    """As ELBv2's matcher: `200`, `200,202` or `200-299`."""


@dataclass(frozen=True)
class TargetGroup:
    """Targets behind a load balancer, with what applies to requests sent to them."""

    arn: str
    backend: str
    """Name of the HAProxy backend; unique and stable while the group lives."""
    protocol: str = "HTTP"
    algorithm: str = "round_robin"
    health_check: HealthCheck | None = HealthCheck()
    targets: tuple[Target, ...] = ()
    idle_timeout_seconds: int = 60
    """Of the load balancer that uses the group."""


@dataclass(frozen=True)
class Forward:
    """Send to target groups: (backend name, weight)."""

    backends: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Redirect:
    """Answer with a redirect; fields may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}`."""

    status_code: int = 301
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True)
class FixedResponse:
    """Answer without a target."""

    status_code: int = 503
    content_type: str = "text/plain"
    body: str = ""


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True)
class Condition:
    """One condition of a rule: any of `values` matches.

    `field` is one of `path-pattern`, `host-header`, `http-request-method`, `source-ip`.
    """

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """All conditions must hold; the default rule has none."""

    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """One port of a load balancer. `rules` are in order of priority and end with the default rule."""

    port: int
    protocol: str
    rules: tuple[Rule, ...]
    certificate_files: tuple[str, ...] = ()
    """PEM files (certificate, chain, key); the first is the default one."""
    minimum_tls: str = "TLSv1.2"


@dataclass(frozen=True)
class LoadBalancer:
    """One load balancer with an address of its own."""

    arn: str
    name: str
    address: str
    dns_name: str
    listeners: tuple[Listener, ...] = ()
    idle_timeout_seconds: int = 60
    drop_invalid_headers: bool = False
    http2: bool = True


@dataclass(frozen=True)
class Wanted:
    """Everything that HAProxy shall serve."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    """Load balancer ARN → one sentence on why it cannot serve."""

    def binds(self) -> set[tuple[str, int]]:
        """Every (address, port) to listen on."""
        return {(lb.address, listener.port) for lb in self.load_balancers for listener in lb.listeners}
