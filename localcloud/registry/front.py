"""Configuration of docker-registry and of the HAProxy in front of it: pure functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from localcloud.balancer.words import word

REALM = "Amazon ECR"


def registry_config(storage: Path, htpasswd: Path, port: int, secret: str) -> str:
    """docker-registry's configuration (JSON is YAML)."""
    return json.dumps(
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {
                "addr": f"127.0.0.1:{port}",
                "relativeurls": True,
                "secret": secret,
                "headers": {"X-Content-Type-Options": ["nosniff"]},
            },
            "auth": {"htpasswd": {"realm": REALM, "path": str(htpasswd)}},
        },
        indent=2,
    )


@dataclass(frozen=True)
class Front:
    """What HAProxy serves."""

    addresses: tuple[str, ...]
    port: int
    certificate: Path
    registry_port: int
    gate_port: int
    user: str | None = None
    """Whom HAProxy becomes once it listens."""


def haproxy_config(wanted: Front) -> str:
    """TLS on the port of every address; requests that ECR has rules for go to the gate."""
    identity = [f"    user {wanted.user}", f"    group {wanted.user}"] if wanted.user else []
    tls = f"ssl crt {word(str(wanted.certificate))} ssl-min-ver TLSv1.2 alpn h2,http/1.1"
    lines = [
        "global",
        *identity,
        "    maxconn 1024",
        "    log stdout format raw local0",
        "    hard-stop-after 10m",
        "",
        "defaults",
        "    mode http",
        "    log global",
        "    option httplog",
        "    option dontlognull",
        "    option http-no-delay",
        "    option forwardfor",
        "    retries 3",
        "    timeout connect 5s",
        "    timeout http-request 60s",
        "    timeout http-keep-alive 60s",
        "    timeout client 10m",
        "    timeout server 10m",
        "",
        "frontend registry",
        *(f"    bind {address}:{wanted.port} {tls}" for address in wanted.addresses),
        "    http-request set-header X-Forwarded-Proto https",
        "    use_backend gate if { method GET HEAD PUT } { path_reg ^/v2/.+/manifests/[^/]+$ }",
        "    use_backend gate if { method POST } { path_reg ^/v2/.+/blobs/uploads/?$ }",
        "    use_backend gate if { method DELETE } !{ path_reg ^/v2/.+/blobs/uploads/[^/]+$ }",
        "    default_backend registry",
        "",
        "backend registry",
        f"    server registry 127.0.0.1:{wanted.registry_port}",
        "",
        "backend gate",
        f"    server gate 127.0.0.1:{wanted.gate_port}",
    ]
    return "\n".join(lines) + "\n"
