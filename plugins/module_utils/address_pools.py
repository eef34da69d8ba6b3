"""What is wrong with the networks that Docker may give its bridges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping


def faults(pools: Iterable[Mapping[str, object]], reserved: Iterable[str] = ()) -> list[str]:
    """Return one phrase for each pool that is none, and for each that lies in a reserved network."""
    found: list[str] = []
    taken: list[ipaddress.IPv4Network] = []
    for text in reserved:
        try:
            taken.append(ipaddress.IPv4Network(text))
        except ValueError as error:
            found.append(f"{text} is no network: {error}")
    for pool in pools:
        found += _faults(pool, taken)
    return found


def _faults(pool: Mapping[str, object], taken: Iterable[ipaddress.IPv4Network]) -> list[str]:
    if not isinstance(pool, Mapping) or set(pool) != {"base", "size"}:
        return [f"{pool} is not a base and a size"]
    try:
        base, size = ipaddress.IPv4Network(str(pool["base"])), int(str(pool["size"]))
    except ValueError as error:
        return [f"{pool['base']} with size {pool['size']} is no pool: {error}"]
    if not base.prefixlen <= size <= 29:
        return [f"a size of {size} does not fit {base}: it is each bridge's prefix length, at most 29"]
    return [f"{base} overlaps {network}" for network in taken if base.overlaps(network)]
