"""HAProxy's configuration from wanted load balancers: a pure function.

Where HAProxy and an Application Load Balancer differ, the choices are:
- Each request to a target opens a connection of its own (`http-server-close`), so a target that has gone is
  always met at connect time, where a retry on another target is safe; nothing else is ever retried.
- While no target is healthy, requests go to all of them, as ELBv2 does.
- A target that refuses or breaks the connection gives 502, one that does not answer 504, none at all 503.
- A client that leaves before its answer takes the connection to the target with it. ELBv2 logs that as 460;
  what becomes of the target's connection AWS does not say, and HTTP/1.1 has no other way to tell a target.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localcloud.balancer.actions import ANY_SUFFIX, rule_lines
from localcloud.balancer.model import HealthCheck, Listener, LoadBalancer, Target, TargetGroup, Wanted
from localcloud.balancer.words import comment, word
from localcloud.haproxy import Server

CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
CIPHERS += ":ECDHE-RSA-AES256-GCM-SHA384"


@dataclass(frozen=True)
class Files:
    """Where the configuration finds what it refers to."""

    state: Path
    """Server states that a reload carries over."""
    bad_gateway: Path
    """The answer when a target cannot be connected to."""
    user: str | None = None
    """Whom HAProxy becomes once it listens; None keeps the caller's identity."""


def render(wanted: Wanted, files: Files) -> str:
    """The whole configuration file."""
    sections = [_global(files), _defaults()]
    for balancer in wanted.load_balancers:
        sections += [_frontend(balancer, listener) for listener in balancer.listeners]
    for group in wanted.target_groups:
        sections.append(_backend(group, files))
        sections.append(_backend_of_any(group, files))
    return "\n\n".join("\n    ".join(lines) for lines in sections) + "\n"


def checked_servers(wanted: Wanted) -> list[Server]:
    """The servers whose health is asked for."""
    return [
        Server(
            group.backend,
            server_name(target),
            target.address,
            target.port,
            group.health_check.healthy_threshold,
        )
        for group in wanted.target_groups
        if group.health_check is not None
        for target in group.targets
    ]


def server_name(target: Target) -> str:
    """HAProxy's name for a target; unique within its group."""
    safe = "".join(
        character if character.isalnum() or character in "-_." else "-" for character in target.target_id
    )
    return f"{safe}_{target.port}"


def _global(files: Files) -> list[str]:
    identity = [f"user {files.user}", f"group {files.user}"] if files.user else []
    return [
        "global",
        *identity,
        "maxconn 4096",
        "log stdout format raw local0",
        f"server-state-file {word(str(files.state))}",
        "hard-stop-after 1h",
        "ssl-default-bind-options no-tls-tickets",
        f"ssl-default-bind-ciphers {CIPHERS}",
    ]


def _defaults() -> list[str]:
    return [
        "defaults",
        "mode http",
        "log global",
        "option httplog",
        "option dontlognull",
        "option http-server-close",
        "option http-no-delay",
        # Here, not in a backend: the frontend stops reading a client whose request is complete without it.
        "option abortonclose",
        "option redispatch 1",
        "retries 2",
        "retry-on conn-failure",
        "timeout connect 2s",
        "timeout queue 10s",
        "timeout http-request 60s",
        "load-server-state-from-file global",
    ]


def _frontend(balancer: LoadBalancer, listener: Listener) -> list[str]:
    idle = balancer.idle_timeout_seconds
    protocol = listener.protocol.lower()
    lines = [
        f"frontend {balancer.name}_{balancer.address}_{listener.port}",
        comment(balancer.dns_name),
        f"bind {balancer.address}:{listener.port}{_tls(balancer, listener)}",
        f"timeout client {idle}s",
        f"timeout http-keep-alive {idle}s",
    ]
    if balancer.drop_invalid_headers:
        lines.append("http-request del-header '[^-A-Za-z0-9]' -m reg")
    lines += [
        'http-request set-header X-Forwarded-For "%[req.fhdr(x-forwarded-for)], %[src]" '
        "if { req.hdr_cnt(x-forwarded-for) gt 0 }",
        "http-request set-header X-Forwarded-For %[src] if !{ req.hdr_cnt(x-forwarded-for) gt 0 }",
        f"http-request set-header X-Forwarded-Proto {protocol}",
        f"http-request set-header X-Forwarded-Port {listener.port}",
        *_trace_lines(),
    ]
    return lines + rule_lines(listener.rules, protocol, listener.port)


def _trace_lines() -> list[str]:
    """The header that ties a request's parts together: made where there is none, else marked with a Self.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    new = "1-%[date,bytes(4,4),hex,lower]-%[uuid,regsub(-,,g),bytes(0,24)]"
    given = "{ req.hdr_cnt(x-amzn-trace-id) gt 0 }"
    return [
        "http-request replace-header X-Amzn-Trace-Id '^ *Self=[^;]*;? *(.*)$' '\\1'",
        f'http-request set-header X-Amzn-Trace-Id "Self={new};%[req.fhdr(x-amzn-trace-id)]" if {given}',
        f"http-request set-header X-Amzn-Trace-Id Root={new} if !{given}",
    ]


def _tls(balancer: LoadBalancer, listener: Listener) -> str:
    if listener.protocol != "HTTPS":
        return ""
    certificates = " ".join(f"crt {word(file)}" for file in listener.certificate_files)
    alpn = "h2,http/1.1" if balancer.http2 else "http/1.1"
    return f" ssl {certificates} ssl-min-ver {listener.minimum_tls} alpn {alpn}"


def _backend(group: TargetGroup, files: Files) -> list[str]:
    lines = _backend_head(group.backend, group, files)
    if group.health_check is not None:
        lines += _check_lines(group.health_check)
    return lines + [_server(group, target, group.health_check) for target in group.targets]


def _backend_of_any(group: TargetGroup, files: Files) -> list[str]:
    lines = _backend_head(group.backend + ANY_SUFFIX, group, files)
    if not group.targets:
        lines.append("http-request return status 503")
    return lines + [_server(group, target, None) for target in group.targets]


def _backend_head(name: str, group: TargetGroup, files: Files) -> list[str]:
    balance = "leastconn" if group.algorithm == "least_outstanding_requests" else "roundrobin"
    return [
        f"backend {name}",
        comment(group.arn),
        f"balance {balance}",
        "option srvtcpka",
        "srvtcpka-idle 10s",
        "srvtcpka-intvl 5s",
        "srvtcpka-cnt 3",
        f"timeout server {group.idle_timeout_seconds}s",
        f"timeout tunnel {group.idle_timeout_seconds}s",
        f"errorfile 503 {word(str(files.bad_gateway))}",
    ]


def _check_lines(check: HealthCheck) -> list[str]:
    lines = [f"timeout check {check.timeout_seconds}s"]
    if check.protocol != "TCP":
        lines += [
            "option httpchk",
            f"http-check send meth GET uri {word(check.path)} ver HTTP/1.1 hdr Host localhost "
            "hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close",
            f"http-check expect status {check.codes.replace(' ', '')}",
        ]
    return lines


def _server(group: TargetGroup, target: Target, check: HealthCheck | None) -> str:
    parts = [f"server {server_name(target)} {target.address}:{target.port}"]
    if group.protocol == "HTTPS":
        parts.append("ssl verify none")
    if check is not None:
        parts.append(
            f"check inter {check.interval_seconds}s rise {check.healthy_threshold} "
            f"fall {check.unhealthy_threshold}"
        )
        if check.port is not None:
            parts.append(f"port {check.port}")
        parts.append("check-ssl" if check.protocol == "HTTPS" else "no-check-ssl")
    return " ".join(parts)
