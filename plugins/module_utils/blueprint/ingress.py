"""The ingress layer: the load balancer, its certificate, what it listens on, and where it sends requests."""

from __future__ import annotations

import re

from .. import pem
from ..certificate_traits import traits
from ..errors import BlueprintError
from ..reconcile.model import Reference, Value, Wanted
from . import compute, network, security
from .options import Facts, IngressOptions, StackOptions
from .storage import BALANCER_LOGS, BUCKET
from .zones import zone_letters

CERTIFICATE = "ingress/certificate"
LOAD_BALANCER = "ingress/load-balancer"
TARGET_GROUP = "ingress/target-group/edge"

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"^(?=.{{4,253}}$)({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])$")
_DRAIN_SECONDS = 120
"""How long a host that leaves may finish its streams: longer than most answers of a language model."""


def wanted(options: StackOptions, _facts: Facts) -> list[Wanted]:
    """Return the certificate, load balancer, target group, listeners and targets; nothing without ingress."""
    ingress = options.ingress
    if ingress is None:
        return []
    if errors := _errors(ingress):
        raise BlueprintError("\n".join(errors))
    return [
        _certificate(ingress),
        _load_balancer(options, ingress),
        _target_group(options, ingress),
        *_listeners(ingress),
        *(
            Wanted(
                "target",
                f"ingress/target/{number}",
                {
                    "target_group": Reference(TARGET_GROUP, "arn"),
                    "instance_id": compute.host(number),
                    "port": ingress.edge_port,
                },
            )
            for number in range(1, options.compute.count + 1)
        ),
    ]


def _errors(ingress: IngressOptions) -> list[str]:
    errors = []
    if not _DOMAIN.match(ingress.domain):
        errors.append(
            f"ingress.domain is {ingress.domain!r}; it must be a host name in lower case, such as "
            "ai.example.org, without https:// and without a path."
        )
    if not re.match(r"^/[!-~]{0,1023}$", ingress.health_path):
        errors.append(
            f"ingress.health_path is {ingress.health_path!r}; it must begin with / and have no spaces."
        )
    if not ingress.tls_policy.startswith(("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-")):
        errors.append(
            f"ingress.tls_policy is {ingress.tls_policy!r}; it must be one of AWS's that speak TLS 1.3 and "
            "nothing below 1.2, such as ELBSecurityPolicy-TLS13-1-2-2021-06."
        )
    return errors + _pem_errors(ingress)


def _pem_errors(ingress: IngressOptions) -> list[str]:
    """Return what is wrong with the texts as texts. Whether they fit each other is checked at the edge."""
    errors = []
    certificates = pem.labels(ingress.certificate)
    if certificates != ["CERTIFICATE"]:
        errors.append(
            "ingress.certificate_file must hold one PEM certificate; it holds "
            f"{', '.join(certificates) or 'none'}. Those of its issuers belong in certificate_chain_file."
        )
    if ingress.certificate_chain is not None and set(pem.labels(ingress.certificate_chain)) != {
        "CERTIFICATE"
    }:
        errors.append("ingress.certificate_chain_file must hold PEM certificates and nothing else.")
    keys = pem.labels(ingress.private_key)
    if len(keys) != 1 or not keys[0].endswith("PRIVATE KEY") or keys[0].startswith("ENCRYPTED"):
        errors.append("ingress.private_key_file must hold one PEM private key without a passphrase.")
    try:
        pem.fingerprints(f"{ingress.certificate}\n{ingress.certificate_chain or ''}")
    except ValueError as error:
        errors.append(f"ingress.certificate_file or its chain is damaged: {error}.")
    return errors


def _certificate(ingress: IngressOptions) -> Wanted:
    chain = ingress.certificate_chain
    fixed = traits(ingress.certificate)
    return Wanted(
        "certificate",
        CERTIFICATE,
        {
            "domain": ingress.domain,
            "fingerprint": pem.fingerprints(ingress.certificate)[0],
            "chain_fingerprints": list(pem.fingerprints(chain)) if chain else None,
            "key_type": fixed.key_type,
            "usages": sorted(fixed.usages),
            "certificate": ingress.certificate,
            "chain": chain,
            "private_key": ingress.private_key,
        },
    )


def _load_balancer(options: StackOptions, ingress: IngressOptions) -> Wanted:
    attributes: dict[str, Value] = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": Reference(BUCKET, "name"),
        "access_logs.s3.prefix": BALANCER_LOGS,
        "deletion_protection.enabled": "true" if ingress.deletion_protection else "false",
        "idle_timeout.timeout_seconds": str(ingress.idle_timeout_seconds),
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    return Wanted(
        "load_balancer",
        LOAD_BALANCER,
        {
            "name": options.name,
            "scheme": "internet-facing",
            "subnets": [network.public_subnet(letter) for letter in zone_letters(options)],
            "security_groups": [security.LOAD_BALANCER],
            "attributes": attributes,
        },
        after=frozenset({network.INTERNET_GATEWAY}),
    )


def _target_group(options: StackOptions, ingress: IngressOptions) -> Wanted:
    return Wanted(
        "target_group",
        TARGET_GROUP,
        {
            "name": f"{options.name}-edge",
            "vpc_id": network.VPC,
            "port": ingress.edge_port,
            "health_check": {
                "path": ingress.health_path,
                "interval_seconds": 10,
                "timeout_seconds": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
                "success_codes": "200",
            },
            "attributes": {
                "deregistration_delay.timeout_seconds": str(_DRAIN_SECONDS),
                "load_balancing.algorithm.type": "least_outstanding_requests",
            },
        },
    )


def _listeners(ingress: IngressOptions) -> list[Wanted]:
    load_balancer = Reference(LOAD_BALANCER, "arn")
    return [
        Wanted(
            "listener",
            "ingress/listener/https",
            {
                "load_balancer": load_balancer,
                "port": 443,
                "protocol": "HTTPS",
                "certificate": Reference(CERTIFICATE, "arn"),
                "tls_policy": ingress.tls_policy,
                "action": {"type": "forward", "target_group": Reference(TARGET_GROUP, "arn")},
            },
        ),
        Wanted(
            "listener",
            "ingress/listener/http",
            {
                "load_balancer": load_balancer,
                "port": 80,
                "protocol": "HTTP",
                "action": {"type": "redirect", "port": "443", "protocol": "HTTPS", "status": "HTTP_301"},
            },
        ),
    ]
