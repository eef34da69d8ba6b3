"""What one localcloud is told, and the paths and names that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LABEL = "localcloud.prefix"
"""Label on every container, network and volume; its value is `Settings.prefix`."""
INSTANCE_LABEL = "localcloud.instance"
VPC_LABEL = "localcloud.vpc"
ACCOUNT_ID = "123456789012"
RELEASES = (13, 12)
"""Debian's releases that host images are made of; instances are started from the first."""


@dataclass(frozen=True)
class MachineImage:
    """An AMI of the account and the Docker image that its instances are started from."""

    name: str
    docker_image: str


DEFAULT_IMAGES = (MachineImage(name="airlift-debian-13", docker_image="localcloud/debian-13"),)


@dataclass(frozen=True)
class Settings:
    """One localcloud. Two with different `state_dir`, `port`, `prefix` and `loopback` live side by side."""

    state_dir: Path = Path("/var/lib/localcloud")
    port: int = 4566
    region: str = "us-east-1"
    prefix: str = "localcloud"
    """Begins the name of every container, network, volume and iptables chain; ^[a-z][a-z0-9]{0,11}$."""
    loopback: str = "127.67.0"
    """First three octets of the addresses that data planes bind: registry .1, load balancers from .10."""
    hosts_file: Path = Path("/etc/hosts")
    docker_certs_dir: Path = Path("/etc/docker/certs.d")
    """Where the machine's Docker engine looks for the certificate authorities of registries."""
    images: tuple[MachineImage, ...] = DEFAULT_IMAGES
    account_id: str = ACCOUNT_ID

    @property
    def metadata_port(self) -> int:
        """Port of the instance metadata server on each VPC's gateway address."""
        return self.port + 1

    @property
    def endpoint(self) -> str:
        """Where this machine reaches the API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> Paths:
        """Files under the state directory."""
        return Paths(self.state_dir)

    @property
    def labels(self) -> dict[str, str]:
        """Labels for every Docker object of this localcloud."""
        return {LABEL: self.prefix}

    @property
    def arguments(self) -> list[str]:
        """The command line's options that give these settings again."""
        return [
            f"--state-dir={self.state_dir}",
            f"--port={self.port}",
            f"--region={self.region}",
            f"--prefix={self.prefix}",
            f"--loopback={self.loopback}",
        ]

    def container_name(self, instance_id: str) -> str:
        """Name of the container that is the instance `i-…`."""
        return f"{self.prefix}-{instance_id}"

    def network_name(self, vpc_id: str) -> str:
        """Name of the Docker network that is the VPC `vpc-…`."""
        return f"{self.prefix}-{vpc_id}"


@dataclass(frozen=True)
class Paths:
    """Files under the state directory (mode 0700)."""

    state_dir: Path

    @property
    def pid_file(self) -> Path:
        """Process id and start time of the running server."""
        return self.state_dir / "server.pid"

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self.state_dir / "localcloud.log"

    @property
    def programs(self) -> Path:
        """One file per program that a plane has started, see `localcloud.programs`."""
        return self.state_dir / "programs"

    def plane(self, name: str) -> Path:
        """A directory of the plane's own."""
        return self.state_dir / name
