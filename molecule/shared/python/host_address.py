"""Where others find a host of a scenario."""

from __future__ import annotations

import json

from testinfra.host import Host


def host_address(host: Host) -> str:
    """Return its address in the network of the containers. Docker on the host has addresses of its own."""
    shown = json.loads(host.check_output("ip -json -4 address show dev eth0"))
    address: str = shown[0]["addr_info"][0]["local"]
    return address
