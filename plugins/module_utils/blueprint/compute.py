"""The hosts: spread over the private subnets, each known by its number."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence

from ..errors import BlueprintError
from ..reconcile.model import Reference, Value, Wanted
from .identity import PROFILE
from .network import private_subnet
from .options import Facts, StackOptions
from .partitions import dns_suffix
from .security import HOST
from .zones import host_letters

KEY_PAIR = "compute/key-pair"
HOSTS = "compute/host/"
"""What the keys of hosts begin with; the number follows, from 1."""
ROLE = "inference"
KEY_TYPES = ("ssh-ed25519", "ssh-rsa")
"""What EC2 imports."""

INSTANCE_TYPE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")


def wanted(options: StackOptions, facts: Facts) -> Sequence[Wanted]:
    """Return the key pair and the hosts. Raises ``BlueprintError`` with everything that is wrong."""
    errors = list(_errors(options))
    if errors:
        raise BlueprintError("\n".join(errors))
    resources = []
    if options.compute.access != "ssm" and (public_key := material(options.compute.ssh_public_key or "")):
        resources.append(_key_pair(options.name, public_key))
    return [*resources, *_hosts(options, facts)]


def _key_pair(stack: str, public_key: str) -> Wanted:
    """Return the key pair, named by what it holds, so that another key makes the request for a host another.

    With the same name, RunInstances would know the request's token and answer with the host to be replaced.
    """
    digest = hashlib.sha256(public_key.encode()).hexdigest()[:8]
    return Wanted("key_pair", KEY_PAIR, {"name": f"{stack}-{digest}", "public_key": public_key})


def host(number: int) -> Reference:
    """Return the reference to the host ``number``."""
    return Reference(f"{HOSTS}{number}")


def material(public_key: str) -> str:
    """Return the type and the material of a public key in OpenSSH's form, without its comment."""
    return " ".join(public_key.split()[:2])


def _ssm_agent(facts: Facts) -> str:
    """Return what installs the SSM agent at first boot, by which a host without SSH is reached at all.

    Debian's image has none. It comes over TLS from AWS's bucket of the region, which the S3 endpoint reaches
    before there is a NAT gateway; python3 is there for cloud-init.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html
    """
    bucket = f"https://s3.{facts.region}.{dns_suffix(facts.partition)}/amazon-ssm-{facts.region}"
    url = f"{bucket}/latest/debian_$architecture/amazon-ssm-agent.deb"
    return f"""\
#!/bin/sh
set -eu
if systemctl cat amazon-ssm-agent.service >/dev/null 2>&1; then exit 0; fi
architecture=$(dpkg --print-architecture)
package=$(mktemp --suffix=.deb)
fetch='import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])'
for attempt in $(seq 60); do
  if python3 -c "$fetch" "{url}" "$package"; then break; fi
  sleep 5
done
dpkg --install "$package"
rm -f "$package"
systemctl enable --now amazon-ssm-agent.service
"""


def _hosts(options: StackOptions, facts: Facts) -> Iterator[Wanted]:
    for number, letters in host_letters(options, facts).items():
        subnets = [private_subnet(letter) for letter in letters]
        yield Wanted("instance", host(number).key, _host(options, facts, subnets))


def _host(options: StackOptions, facts: Facts, subnets: Sequence[Reference]) -> dict[str, Value]:
    compute = options.compute
    return {
        "instance_type": compute.instance_type,
        "image_id": facts.image_id,
        "subnet": subnets[0],
        "other_subnets": subnets[1:],
        "security_groups": [HOST],
        "profile": Reference(PROFILE, "name"),
        "key_name": Reference(KEY_PAIR, "name") if compute.access != "ssm" else None,
        "user_data": _ssm_agent(facts) if compute.access != "ssh" else None,
        "ssm_agent": compute.access != "ssh" or None,
        "role": ROLE,
        "state": "running",
        "spot": compute.spot,
        "http_tokens": "required",
        "hop_limit": compute.hop_limit,
        "root_device": facts.root_device_name,
        "volume_gib": compute.volume_gib,
        "volume_type": "gp3",
        "volume_iops": compute.volume_iops,
        "volume_throughput_mibps": compute.volume_throughput_mibps,
        "volume_encrypted": True,
        "ebs_optimized": not compute.instance_type.startswith(("t1.", "t2.", "m1.", "m2.", "m3.", "c1.")),
    }


def _errors(options: StackOptions) -> Iterator[str]:
    compute = options.compute
    if not INSTANCE_TYPE.match(compute.instance_type):
        yield f"compute.instance_type is {compute.instance_type!r}; a type looks like m7i.large."
    iops, throughput = compute.volume_iops or 3000, compute.volume_throughput_mibps or 125
    if throughput * 4 > iops:
        yield (
            f"compute.volume_throughput_mibps is {throughput}, which takes {throughput * 4} operations a "
            f"second, and compute.volume_iops is {iops}."
        )
    if compute.access != "ssm" and (compute.count > 0 or material(compute.ssh_public_key or "")):
        yield from _key_errors(compute.ssh_public_key)


def _key_errors(public_key: str | None) -> Iterator[str]:
    """Yield what is wrong with the public key. What it holds is not repeated: it might be a private one."""
    if public_key is None or not public_key.strip():
        yield "compute.ssh_public_key is missing: compute.access is not ssm. Give the text of a .pub file."
        return
    if "PRIVATE KEY" in public_key:
        yield "compute.ssh_public_key holds a private key. Give the text of its .pub file."
        return
    parts = public_key.split()
    if parts[0] not in KEY_TYPES:
        yield f"compute.ssh_public_key has to begin with one of {', '.join(KEY_TYPES)}: EC2 imports no other."
        return
    try:
        content = base64.b64decode(parts[1], validate=True) if len(parts) > 1 else b""
    except binascii.Error:
        content = b""
    length = int.from_bytes(content[:4])
    if content[4 : 4 + length] != parts[0].encode() or len(content) <= 4 + length:
        yield "compute.ssh_public_key is cut short or damaged. Give the whole text of a .pub file."
