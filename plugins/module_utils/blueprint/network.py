"""The network: a VPC over several zones, its way out, and who may talk to whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import BlueprintError
from ..reconcile.model import Reference, Value, Wanted
from . import addresses
from .options import Facts, StackOptions
from .security import groups_and_rules, rule_errors
from .zones import PRIVATE_SUBNETS, PUBLIC_SUBNETS, zone_errors, zone_letters, zones_by_letter

VPC = Reference("network/vpc")
INTERNET_GATEWAY = "network/internet-gateway"
EVERYWHERE = "0.0.0.0/0"


def wanted(options: StackOptions, facts: Facts) -> Sequence[Wanted]:
    """Return the network's resources. Raises ``BlueprintError`` with everything that is wrong."""
    errors = list(_errors(options, facts))
    if errors:
        raise BlueprintError("\n".join(errors))
    return [
        *_vpc(options),
        *_subnets(options, facts),
        *_nat(options),
        *_route_tables(options),
        *_endpoint(options, facts),
        *groups_and_rules(options),
    ]


def warnings(options: StackOptions) -> list[str]:
    """Return what is allowed but costs something that the owner may not expect."""
    if options.network.nat != "none" or options.compute.count == 0:
        return []
    reachable = "S3 through its endpoint" if options.network.s3_endpoint else "nothing of AWS"
    return [
        f"network.nat is none: hosts in private subnets reach {reachable}, but neither ECR, Secrets "
        "Manager, SSM, CloudWatch nor package mirrors. Unless you give them another way there (interface "
        "endpoints, a transit gateway), they cannot be configured and will not serve."
    ]


def private_subnet(letter: str) -> Reference:
    """Return the reference to the private subnet of the zone ``letter``."""
    return Reference(f"{PRIVATE_SUBNETS}{letter}")


def public_subnet(letter: str) -> Reference:
    """Return the reference to the public subnet of the zone ``letter``."""
    return Reference(f"{PUBLIC_SUBNETS}{letter}")


def _errors(options: StackOptions, facts: Facts) -> Iterator[str]:
    found: list[str] = []
    addresses.vpc(options.network.cidr, found)
    yield from found
    yield from zone_errors(options, facts)
    yield from addresses.admin_errors(options.network.admin_cidrs)
    yield from rule_errors(options)


def _vpc(options: StackOptions) -> Iterator[Wanted]:
    yield Wanted(
        "vpc",
        VPC.key,
        {"cidr": options.network.cidr, "dns_support": True, "dns_hostnames": True},
    )
    yield Wanted(
        "default_security_group", "network/default-security-group", {"vpc": VPC, "ingress": [], "egress": []}
    )
    yield Wanted("internet_gateway", INTERNET_GATEWAY, {"vpc": VPC})


def _subnets(options: StackOptions, facts: Facts) -> Iterator[Wanted]:
    public, private = addresses.subnets(options.network.cidr, options.network.zones)
    zones = zones_by_letter(options, facts)
    for prefix, ranges in ((PUBLIC_SUBNETS, public), (PRIVATE_SUBNETS, private)):
        for (letter, zone), cidr in zip(zones.items(), ranges, strict=True):
            properties: dict[str, Value] = {
                "vpc": VPC,
                "cidr": cidr,
                "availability_zone": zone,
                "public_ip_on_launch": False,
            }
            yield Wanted("subnet", f"{prefix}{letter}", properties)


def _nat_letters(options: StackOptions) -> str:
    """Return the zones that have a NAT gateway."""
    letters = zone_letters(options)
    return {"single": letters[:1], "per_zone": letters, "none": ""}[options.network.nat]


def _nat(options: StackOptions) -> Iterator[Wanted]:
    for letter in _nat_letters(options):
        address = f"network/nat-address/{letter}"
        yield Wanted("elastic_ip", address)
        yield Wanted(
            "nat_gateway",
            f"network/nat/{letter}",
            {"subnet": public_subnet(letter), "allocation": Reference(address, "allocation_id")},
            after=frozenset({INTERNET_GATEWAY}),
        )


def _route_tables(options: StackOptions) -> Iterator[Wanted]:
    letters, nat = zone_letters(options), _nat_letters(options)
    out: Value = [{"destination": EVERYWHERE, "target": Reference(INTERNET_GATEWAY)}]
    yield Wanted(
        "route_table",
        "network/route-table/public",
        {"vpc": VPC, "routes": out, "subnets": [public_subnet(letter) for letter in letters]},
    )
    for letter in letters:
        way_out = letter if letter in nat else nat[:1]
        routes: list[Value] = (
            [{"destination": EVERYWHERE, "target": Reference(f"network/nat/{way_out}")}] if way_out else []
        )
        yield Wanted(
            "route_table",
            f"network/route-table/private/{letter}",
            {"vpc": VPC, "routes": routes, "subnets": [private_subnet(letter)]},
        )


def _endpoint(options: StackOptions, facts: Facts) -> Iterator[Wanted]:
    if options.network.s3_endpoint:
        tables = [Reference(f"network/route-table/private/{letter}") for letter in zone_letters(options)]
        service = f"com.amazonaws.{facts.region}.s3"
        if facts.partition == "aws-cn":
            service = f"cn.{service}"
        yield Wanted(
            "vpc_endpoint", "network/endpoint/s3", {"vpc": VPC, "service": service, "route_tables": tables}
        )
