"""EC2's data plane: between the instances of moto's backend and the containers of the engine."""

from __future__ import annotations

import docker
import docker.errors

from localcloud import backends, docker_engine
from localcloud.backends import InstanceView
from localcloud.checks import is_program
from localcloud.control import Routes
from localcloud.ec2 import lifecycle
from localcloud.ec2.firewall import Firewall
from localcloud.ec2.instances import Instances
from localcloud.ec2.network import VpcNetworks
from localcloud.listeners import Listeners
from localcloud.log import logger
from localcloud.metadata.interruptions import Interruptions
from localcloud.metadata.server import metadata_server
from localcloud.plane import Context, Need, Network, Plane

LOG = logger("ec2")
CONSOLE_LINES = 2000


class Ec2Plane(Plane):
    """Instances as containers, VPCs as networks, and the metadata service."""

    name = "ec2"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._client: docker.DockerClient | None = None
        self._networks = VpcNetworks(self.settings)
        self._firewall = Firewall(self.settings.prefix)
        self._instances = Instances(context, self.client, lambda: self._networks.current)
        self._interruptions = Interruptions()
        self._metadata = Listeners(
            "metadata",
            lambda address: metadata_server(address, self.settings.metadata_port, self._interruptions),
        )

    def client(self) -> docker.DockerClient:
        """The engine's client, connected at first use."""
        if self._client is None:
            self._client = docker_engine.connect()
        return self._client

    def needs(self) -> list[Need]:
        """iptables."""
        if is_program("iptables") and is_program("iptables-restore"):
            return []
        return [Need("iptables", 'Install it with "apt-get install iptables".')]

    def patch(self) -> None:
        """States, reboot and console of instances are the containers'."""
        lifecycle.patch(self._console, self._instances.reboot)

    def control(self) -> Routes:
        """POST spot-interruption: `{"instance_id": "i-…", "action": "terminate", "in_seconds": 120}`.

        POST rebalance-recommendation: `{"instance_id": "i-…"}`.
        """
        return {
            ("POST", "spot-interruption"): self._interruptions.announce,
            ("POST", "rebalance-recommendation"): self._interruptions.recommend,
        }

    def networks(self) -> list[Network]:
        """One per VPC that has or had instances."""
        return list(self._networks.current.values())

    def reconcile(self) -> None:
        """Networks first, since instances need them; then firewall, metadata service and instances."""
        busy = self._instances.busy()  # first: what a job did to these may not be seen in what follows
        views = backends.instances()
        found = {
            item.instance_id: item for item in docker_engine.containers(self.client(), self.settings.prefix)
        }
        self._make_networks(views)
        networks = self.networks()
        alive = [view for view in views if view.state not in ("terminated", "shutting-down")]
        shut_in = [view.private_ip for view in alive if not backends.has_way_out(view)]
        self._firewall.apply(networks, self.settings.metadata_port, shut_in)
        self._metadata.serve(network.gateway for network in networks)
        self._interruptions.carry_out(alive)
        self._instances.reconcile(views, found, busy)
        self._remove_networks({item.vpc_id for item in found.values()})

    def stop(self) -> None:
        """End threads; containers, networks and rules are `clean`'s."""
        self._instances.close()
        self._metadata.close()

    def clean(self) -> None:
        """Remove containers, volumes, networks and rules of this prefix."""
        client = self.client()
        for container in docker_engine.containers(client, self.settings.prefix):
            docker_engine.remove_container(client, container.id)
        for volume in docker_engine.volumes(client, self.settings.prefix):
            docker_engine.remove_volume(client, volume)
        for network_id in docker_engine.networks(client, self.settings.prefix).values():
            docker_engine.remove_network(client, network_id)
        self._firewall.remove()

    def remains(self) -> list[str]:
        """Containers, volumes, networks and rules of this prefix."""
        client, prefix = self.client(), self.settings.prefix
        return [
            *(f"container {item.name}" for item in docker_engine.containers(client, prefix)),
            *(f"volume {name}" for name in docker_engine.volumes(client, prefix)),
            *(f"network of {vpc_id}" for vpc_id in docker_engine.networks(client, prefix)),
            *self._firewall.remains(),
        ]

    def _make_networks(self, views: list[InstanceView]) -> None:
        for view in views:
            if view.state != "pending" or view.vpc_id in self._networks.current:
                continue
            cidr = backends.vpc_cidr(view.region, view.vpc_id)
            try:
                self._networks.create(self.client(), view.vpc_id, cidr)
            except docker.errors.APIError as error:
                self._instances.fail(view, f"No network for {view.vpc_id} ({cidr}): {error.explanation}.")
            else:
                LOG.info("%s is a network with %s", view.vpc_id, cidr)
                self.context.wake()

    def _remove_networks(self, in_use: set[str]) -> None:
        for vpc_id in self._networks.current.keys() - backends.vpc_ids() - in_use:
            self._networks.remove(self.client(), vpc_id)
            LOG.info("the network of %s is removed", vpc_id)
            self.context.wake()

    def _console(self, instance_id: str) -> bytes:
        try:
            return self.client().api.logs(
                self.settings.container_name(instance_id), stdout=True, stderr=True, tail=CONSOLE_LINES
            )
        except docker.errors.NotFound:
            return b""
