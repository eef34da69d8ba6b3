"""Which availability zones the stack is in, and in which of them its hosts are.

Subnets are named by letters, not by zones: a zone has another name in each account. What is there stays where
it is, as neither a subnet nor a host can move. What is new goes where the instance type is offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..reconcile.model import Found
from .options import Facts, StackOptions

PUBLIC_SUBNETS = "network/subnet/public/"
PRIVATE_SUBNETS = "network/subnet/private/"
"""What the keys of subnets begin with; the letter follows."""
LETTERS = "abcd"


def zone_letters(options: StackOptions) -> str:
    """Return one letter per zone: they name subnets by position, so that keys do not hold zone names."""
    return LETTERS[: options.network.zones]


def zones_by_letter(options: StackOptions, facts: Facts) -> dict[str, str]:
    """Return the zone of each letter: the one that its subnets are in, or the next that is free."""
    letters = zone_letters(options)
    kept = {letter: zone for letter, zone in facts.subnet_zones.items() if letter in letters}
    free = iter([zone for zone in _candidates(options, facts) if zone not in kept.values()])
    placed = ((letter, kept.get(letter) or next(free, None)) for letter in letters)
    return {letter: zone for letter, zone in placed if zone is not None}


def host_letters(options: StackOptions, facts: Facts) -> dict[int, tuple[str, ...]]:
    """Return by the number of each host the letters of its subnets, in the order in which they are tried.

    A host that is there stays where it is, new ones are spread over the zones that offer their type.
    """
    zones = zones_by_letter(options, facts)
    able = [
        letter for letter, zone in zones.items() if facts.offering is None or zone in facts.offering
    ] or list(zones)
    found: dict[int, tuple[str, ...]] = {}
    for number in range(1, options.compute.count + 1):
        at = (number - 1) % len(able)
        order = [*able[at:], *able[:at]]
        there = facts.host_letters.get(str(number))
        if there in zones:
            order = [there, *(letter for letter in order if letter != there)]
        found[number] = tuple(order)
    return found


def zone_errors(options: StackOptions, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the zones that are wanted."""
    wanted, names = options.network.zones, options.network.zone_names
    if wanted > len(facts.zones):
        yield f"network.zones is {wanted}, but {facts.region} has {len(facts.zones)}: {_listed(facts)}."
    elif wanted < 2 and options.ingress is not None:
        yield "network.zones is 1, but a load balancer needs 2. Set it to 2, or leave ingress out."
    elif names:
        yield from _name_errors(options, facts)
    if wanted <= len(facts.zones) and not names:
        yield from _offering_errors(options, facts)


def with_places(facts: Facts, found: Iterable[Found], hosts: str) -> Facts:
    """Return ``facts`` with the zones that the subnets in ``found`` are in, and the letters of its hosts.

    ``hosts`` is what the keys of hosts begin with.
    """
    by_id = sorted(found, key=lambda one: one.id, reverse=True)
    subnets = [one for one in by_id if one.kind == "subnet"]
    zones: dict[str, str] = {}
    for prefix in (PUBLIC_SUBNETS, PRIVATE_SUBNETS):
        zones |= {
            one.key.removeprefix(prefix): str(one.properties["availability_zone"])
            for one in subnets
            if one.key.startswith(prefix)
        }
    letters = {one.id: one.key.removeprefix(PRIVATE_SUBNETS) for one in subnets if PRIVATE_SUBNETS in one.key}
    placed = {
        one.key.removeprefix(hosts): letters[subnet]
        for one in by_id
        if one.kind == "instance" and not one.copied and (subnet := str(one.properties["subnet"])) in letters
    }
    return replace(facts, subnet_zones=zones, host_letters=placed)


def without_hosts_to_move(facts: Facts, leaving: Iterable[str]) -> Facts:
    """Return ``facts`` without the places of those hosts ``leaving`` whose zone lacks their new type."""
    going = {
        number
        for number in leaving
        if facts.subnet_zones.get(facts.host_letters.get(number, "")) not in (facts.offering or ())
    }
    stay = {number: letter for number, letter in facts.host_letters.items() if number not in going}
    return replace(facts, host_letters=stay)


def _candidates(options: StackOptions, facts: Facts) -> list[str]:
    """Return the zones that new subnets may be in, the best first."""
    if options.network.zone_names:
        by_id = _by_id(facts)
        return [by_id.get(name, name) for name in options.network.zone_names]
    return sorted(facts.zones, key=lambda zone: facts.offering is not None and zone not in facts.offering)


def _by_id(facts: Facts) -> Mapping[str, str]:
    return {identifier: name for name, identifier in facts.zone_ids.items()}


def _listed(facts: Facts, zones: Iterable[str] | None = None) -> str:
    """Return zones as ``us-east-1a (use1-az2)``."""
    names = facts.zones if zones is None else zones
    return ", ".join(f"{name} ({facts.zone_ids[name]})" if name in facts.zone_ids else name for name in names)


def _name_errors(options: StackOptions, facts: Facts) -> Iterator[str]:
    names, zones = options.network.zone_names, _candidates(options, facts)
    unknown = [name for name, zone in zip(names, zones, strict=True) if zone not in facts.zones]
    if facts.zone_ids and unknown:
        yield (
            f"network.zone_names has {', '.join(unknown)}, which {facts.region} does not have for this "
            f"account: there are {_listed(facts)}."
        )
    elif len(set(zones)) != len(zones):
        yield "network.zone_names names a zone twice."
    elif len(zones) != options.network.zones:
        yield f"network.zone_names has {len(zones)} zones, and network.zones is {options.network.zones}."
    else:
        kept = {facts.subnet_zones[one] for one in zone_letters(options) if one in facts.subnet_zones}
        if left_out := sorted(kept - set(zones)):
            yield (
                f"network.zone_names leaves out {_listed(facts, left_out)}, where this stack has subnets, "
                "which cannot move. Name it, or make a second stack and move the domain to it."
            )
        else:
            yield from _offering_errors(options, facts)


def _offering_errors(options: StackOptions, facts: Facts) -> Iterator[str]:
    """Yield an error where hosts are wanted and none of the stack's zones offers their type."""
    if facts.offering is None or not options.compute.count:
        return
    zones = zones_by_letter(options, facts).values()
    if set(zones) & set(facts.offering):
        return
    if facts.offering:
        way = f"take another type, or have one of {_listed(facts, facts.offering)} in by network.zones"
    else:
        way = f"nor does another zone of {facts.region}: take another type"
    yield (
        f"compute.instance_type is {options.compute.instance_type}, which none of the stack's zones offers "
        f"({_listed(facts, zones)}): {way}."
    )
