"""Address ranges: which ones a VPC may have, and how it is carved into subnets that stay where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError, ip_network

from ..errors import BlueprintError

MAX_ZONES = 4
"""How many zones a VPC has room for. Fixed, so that adding a zone moves no subnet."""

SPLIT_BITS = 3
"""Eight blocks: public ones for four zones, then private ones for four zones."""

PRIVATE = tuple(
    IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""RFC 1918, and RFC 6598, which AWS allows too."""

DOCKER = (IPv4Network("172.17.0.0/16"), IPv4Network("192.168.224.0/20"))
"""Docker's bridge as images bring it, and the pool of the role ``docker_engine``."""

BROADEST_ADMIN_PREFIX = 8


def parse(option: str, cidr: str, errors: list[str]) -> IPv4Network | None:
    """Return ``cidr`` as an IPv4 network, or add to ``errors`` what is wrong with the option."""
    try:
        network = ip_network(cidr)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        errors.append(f"{option} is {cidr!r}: {error}. Write it as 10.20.0.0/16.")
        return None
    if not isinstance(network, IPv4Network):
        errors.append(f"{option} is {cidr!r}; the stack's network is IPv4 only.")
        return None
    return network


def vpc(cidr: str, errors: list[str]) -> IPv4Network | None:
    """Return the VPC's range, or add to ``errors`` why it cannot be one."""
    network = parse("network.cidr", cidr, errors)
    if network is None:
        return None
    if not 16 <= network.prefixlen <= 24:
        errors.append(f"network.cidr is {cidr}; its size must be between /16 and /24.")
    if not any(network.subnet_of(private) for private in PRIVATE):
        allowed = ", ".join(map(str, PRIVATE))
        errors.append(f"network.cidr is {cidr}, which is not private. It must be within one of {allowed}.")
    for taken in DOCKER:
        if network.overlaps(taken):
            errors.append(f"network.cidr {cidr} overlaps {taken}, which Docker uses on every host.")
    return network


def subnets(cidr: str, zones: int) -> tuple[list[str], list[str]]:
    """Return the ranges of the public and of the private subnets, one of each per zone.

    The n-th zone's ranges depend on nothing but the VPC's and n. A /16 gives subnets of /19, a /24 of /27,
    the smallest that a load balancer accepts. Raises ``BlueprintError`` for more than ``MAX_ZONES`` zones.
    """
    if not 1 <= zones <= MAX_ZONES:
        raise BlueprintError(f"network.zones is {zones}; it must be between 1 and {MAX_ZONES}.")
    blocks = [str(block) for block in IPv4Network(cidr).subnets(prefixlen_diff=SPLIT_BITS)]
    return blocks[:zones], blocks[MAX_ZONES : MAX_ZONES + zones]


def admin_errors(cidrs: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the ranges from which hosts may be logged in to."""
    errors: list[str] = []
    for cidr in cidrs:
        network = parse("network.admin_cidrs", cidr, errors)
        if network is not None and network.prefixlen < BROADEST_ADMIN_PREFIX:
            errors.append(
                f"network.admin_cidrs contains {cidr}: SSH is never opened to so much of the world. "
                "Name your own networks, or set compute.access to ssm."
            )
    if len(set(cidrs)) != len(cidrs):
        errors.append("network.admin_cidrs names a network twice.")
    yield from errors
