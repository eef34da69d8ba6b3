"""A VPC is a Docker network with the VPC's CIDR, so that a container takes the address EC2 assigned."""

from __future__ import annotations

import ipaddress

import docker
from docker.types import IPAMConfig, IPAMPool

from localcloud import docker_engine
from localcloud.plane import Network
from localcloud.settings import VPC_LABEL, Settings

BRIDGE_OPTION = "com.docker.network.bridge.name"


def describe(vpc_id: str, cidr: str) -> Network:
    """The network that a VPC has, or would have."""
    gateway = ipaddress.IPv4Network(cidr).network_address + 1
    return Network(vpc_id=vpc_id, cidr=cidr, gateway=str(gateway), bridge=f"lc-{vpc_id[-12:]}")


class VpcNetworks:
    """The networks of this localcloud; what the engine has is looked up once and then kept in step."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._current: dict[str, Network] = {}

    @property
    def current(self) -> dict[str, Network]:
        """By VPC id."""
        return dict(self._current)

    def create(self, client: docker.DockerClient, vpc_id: str, cidr: str) -> None:
        """Make the network; raises docker's APIError, for example when the CIDR overlaps another network."""
        network = describe(vpc_id, cidr)
        client.api.create_network(
            self._settings.network_name(vpc_id),
            driver="bridge",
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=cidr, gateway=network.gateway)]),
            options={BRIDGE_OPTION: network.bridge},
            labels={**self._settings.labels, VPC_LABEL: vpc_id},
        )
        self._current[vpc_id] = network

    def remove(self, client: docker.DockerClient, vpc_id: str) -> None:
        """Remove the network, whose containers must be gone."""
        docker_engine.remove_network(client, self._settings.network_name(vpc_id))
        self._current.pop(vpc_id, None)
