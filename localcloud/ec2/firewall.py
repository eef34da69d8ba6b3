"""iptables: the metadata address of each VPC, and no way out where the route tables give none."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.errors import LocalcloudError
from localcloud.plane import Network

METADATA_ADDRESS = "169.254.169.254"


@dataclass(frozen=True)
class Chains:
    """Names of the two chains that are ours."""

    prefix: str

    @property
    def metadata(self) -> str:
        """In table nat, entered from PREROUTING."""
        return f"{self.prefix.upper()}-METADATA"

    @property
    def egress(self) -> str:
        """In table filter, entered from DOCKER-USER."""
        return f"{self.prefix.upper()}-EGRESS"

    @property
    def entries(self) -> tuple[tuple[str, str, str], ...]:
        """Triples of table, chain that enters ours, and ours."""
        return (("nat", "PREROUTING", self.metadata), ("filter", "DOCKER-USER", self.egress))


def rules(chains: Chains, networks: Sequence[Network], metadata_port: int, shut_in: Sequence[str]) -> str:
    """Input for `iptables-restore --noflush` that replaces what is in our chains.

    `shut_in` are addresses of instances with no route to the internet.
    """
    nat = [
        f"-A {chains.metadata} -i {network.bridge} -d {METADATA_ADDRESS}/32 -p tcp -m tcp --dport 80"
        f" -j DNAT --to-destination {network.gateway}:{metadata_port}"
        for network in networks
    ]
    # The VPC's resolver answers without a way out.
    egress = [
        f"-A {chains.egress} -i {network.bridge} -p {protocol} -m {protocol} --dport 53 -j RETURN"
        for network in networks
        for protocol in ("udp", "tcp")
    ]
    # An instance never reaches the metadata service of the machine that it runs on.
    egress += [f"-A {chains.egress} -i {network.bridge} -d 169.254.0.0/16 -j REJECT" for network in networks]
    egress += [
        f"-A {chains.egress} -i {network.bridge} ! -o {network.bridge} -s {address}/32 -j REJECT"
        for network in networks
        for address in sorted(shut_in)
    ]
    tables = (("nat", chains.metadata, nat), ("filter", chains.egress, egress))
    return "".join(
        "\n".join([f"*{table}", f":{chain} - [0:0]", *lines, "COMMIT", ""]) for table, chain, lines in tables
    )


class Firewall:
    """Our chains in the kernel."""

    def __init__(self, prefix: str) -> None:
        self._chains = Chains(prefix)
        self._applied = ""

    def apply(self, networks: Sequence[Network], metadata_port: int, shut_in: Sequence[str]) -> None:
        """Make the chains so; nothing happens when they are already."""
        text = rules(self._chains, networks, metadata_port, shut_in)
        if text == self._applied:
            return
        _run(["iptables-restore", "--wait", "--noflush"], text)
        for table, entry, chain in self._chains.entries:
            jump = [entry, "-j", chain]
            if not _succeeds(["iptables", "--wait", "-t", table, "-C", *jump]):
                _run(["iptables", "--wait", "-t", table, "-I", *jump])
        self._applied = text

    def remove(self) -> None:
        """Remove our chains and what leads to them."""
        for table, entry, chain in self._chains.entries:
            jump = [entry, "-j", chain]
            while _succeeds(["iptables", "--wait", "-t", table, "-C", *jump]):
                _run(["iptables", "--wait", "-t", table, "-D", *jump])
            if self._exists(table, chain):
                _run(["iptables", "--wait", "-t", table, "-F", chain])
                _run(["iptables", "--wait", "-t", table, "-X", chain])
        self._applied = ""

    def remains(self) -> list[str]:
        """Our chains that exist."""
        return [
            f"iptables chain {table}/{chain}"
            for table, _, chain in self._chains.entries
            if self._exists(table, chain)
        ]

    def _exists(self, table: str, chain: str) -> bool:
        return _succeeds(["iptables", "--wait", "-t", table, "-S", chain])


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], text: str | None = None) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LocalcloudError(
            f"Failed to set the firewall: `{' '.join(command)}` said {done.stderr.strip()!r}.",
            "localcloud needs iptables with the nat table, and root.",
        )
