"""Who may talk to whom: the world to the load balancer, that to the hosts, and the hosts outwards."""

from __future__ import annotations

from collections.abc import Iterator

from ..reconcile.model import Reference, Value, Wanted
from . import addresses
from .options import StackOptions

LOAD_BALANCER = Reference("network/security-group/load-balancer")
HOST = Reference("network/security-group/host")

MAX_ALLOWED_CIDRS = 29
"""Two ports for each, within AWS's default of 60 rules a group."""


def groups_and_rules(options: StackOptions) -> Iterator[Wanted]:
    """Yield both security groups and every rule in them.

    DNS needs no rule: AWS does not filter what goes to the VPC's own resolver. Nor does time.
    """
    if options.ingress is not None:
        yield _group(options, LOAD_BALANCER, "Airlift: the load balancer, open to the allowed networks")
    yield _group(options, HOST, "Airlift: the hosts, open to the load balancer only")
    yield from _load_balancer_rules(options)
    yield from _host_rules(options)


def rule_errors(options: StackOptions) -> Iterator[str]:
    """Yield what is wrong with the options that become rules."""
    if options.ingress is None:
        return
    errors: list[str] = []
    networks = [
        network
        for cidr in options.ingress.allowed_cidrs
        if (network := addresses.parse("ingress.allowed_cidrs", cidr, errors)) is not None
    ]
    yield from errors
    if len(networks) > MAX_ALLOWED_CIDRS:
        yield (
            f"ingress.allowed_cidrs has {len(networks)} networks; a security group has room for "
            f"{MAX_ALLOWED_CIDRS}. Name fewer, larger ones."
        )
    if len(set(networks)) != len(networks):
        yield "ingress.allowed_cidrs names a network twice."
    if not networks and not errors:
        yield "ingress.allowed_cidrs is empty, so nobody could reach the endpoint."


def _group(options: StackOptions, reference: Reference, description: str) -> Wanted:
    name = reference.key.rsplit("/", 1)[-1]
    properties: dict[str, Value] = {
        "vpc": Reference("network/vpc"),
        "group_name": f"{options.name}-{name}",
        "description": description,
        "foreign_rules": [],
    }
    return Wanted("security_group", reference.key, properties)


def _load_balancer_rules(options: StackOptions) -> Iterator[Wanted]:
    if options.ingress is None:
        return
    for cidr in options.ingress.allowed_cidrs:
        source = cidr.replace("/", "-")
        yield _rule(LOAD_BALANCER, f"ingress/https-from-{source}", 443, cidr, "HTTPS")
        yield _rule(LOAD_BALANCER, f"ingress/http-from-{source}", 80, cidr, "HTTP, redirected to HTTPS")
    yield _rule(LOAD_BALANCER, "egress/edge", options.ingress.edge_port, HOST, "The edge proxy on the hosts")


def _host_rules(options: StackOptions) -> Iterator[Wanted]:
    if options.ingress is not None:
        port = options.ingress.edge_port
        yield _rule(HOST, "ingress/edge", port, LOAD_BALANCER, "The edge proxy, for the load balancer")
    if options.compute.access != "ssm":
        for cidr in options.network.admin_cidrs:
            yield _rule(
                HOST, f"ingress/ssh-from-{cidr.replace('/', '-')}", 22, cidr, "SSH for administrators"
            )
    yield _rule(HOST, "egress/https", 443, "0.0.0.0/0", "AWS and package mirrors")
    yield _rule(HOST, "egress/http", 80, "0.0.0.0/0", "Package mirrors")


def _rule(group: Reference, path: str, port: int, peer: str | Reference, description: str) -> Wanted:
    """Return one rule for a TCP port. ``path`` is its direction and name, its peer a network or a group."""
    properties: dict[str, Value] = {
        "group": group,
        "direction": path.split("/", 1)[0],
        "protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "description": description,
    }
    properties["cidr" if isinstance(peer, str) else "peer_group"] = peer
    short = group.key.rsplit("/", 1)[-1]
    return Wanted("security_group_rule", f"network/rule/{short}/{path}", properties)
