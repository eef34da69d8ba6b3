"""What the metadata service tells an instance, as a flat mapping from path to text: pure.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.backends import InstanceView
from localcloud.settings import ACCOUNT_ID


@dataclass(frozen=True)
class Identity:
    """Everything about one instance that it may read."""

    view: InstanceView
    vpc_cidr: str
    subnet_cidr: str
    public_key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    profile_info: str | None = None
    """JSON of iam/info."""
    role_name: str | None = None
    """Its credentials are listed below iam/security-credentials."""
    interruption: str | None = None
    """JSON of spot/instance-action."""
    recommendation: str | None = None
    """JSON of events/recommendations/rebalance."""


def tree(identity: Identity) -> dict[str, str]:
    """Path below `/latest/` → text. Credentials are named only: they are made when asked for."""
    view = identity.view
    leaves = {
        "ami-id": view.image_id,
        "ami-launch-index": str(view.launch_index),
        "hostname": view.private_dns_name,
        "instance-action": "none",
        "instance-id": view.id,
        "instance-life-cycle": view.lifecycle,
        "instance-type": view.instance_type,
        "local-hostname": view.private_dns_name,
        "local-ipv4": view.private_ip,
        "mac": view.mac,
        "placement/availability-zone": view.zone,
        "placement/region": view.region,
        "reservation-id": view.reservation_id,
        "security-groups": "\n".join(name for _, name in view.security_groups),
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        **_interface(identity),
    }
    if view.public_ip:
        leaves["public-ipv4"] = view.public_ip
    if identity.public_key:
        leaves["public-keys/0/openssh-key"] = identity.public_key
    if identity.profile_info:
        leaves["iam/info"] = identity.profile_info
    if identity.role_name:
        leaves[f"iam/security-credentials/{identity.role_name}"] = ""
    if identity.interruption:
        leaves["spot/instance-action"] = identity.interruption
    if identity.recommendation:
        leaves["events/recommendations/rebalance"] = identity.recommendation
    if view.metadata.tags:
        leaves |= {f"tags/instance/{key}": value for key, value in identity.tags.items()}
    return {f"meta-data/{path}": text for path, text in leaves.items()} | {
        "dynamic/instance-identity/document": _document(view)
    }


def _interface(identity: Identity) -> dict[str, str]:
    view = identity.view
    base = f"network/interfaces/macs/{view.mac}"
    return {
        f"{base}/device-number": "0",
        f"{base}/interface-id": view.interface_id,
        f"{base}/local-hostname": view.private_dns_name,
        f"{base}/local-ipv4s": view.private_ip,
        f"{base}/mac": view.mac,
        f"{base}/owner-id": ACCOUNT_ID,
        f"{base}/security-group-ids": "\n".join(group_id for group_id, _ in view.security_groups),
        f"{base}/security-groups": "\n".join(name for _, name in view.security_groups),
        f"{base}/subnet-id": view.subnet_id,
        f"{base}/subnet-ipv4-cidr-block": identity.subnet_cidr,
        f"{base}/vpc-id": view.vpc_id,
        f"{base}/vpc-ipv4-cidr-block": identity.vpc_cidr,
    }


def _document(view: InstanceView) -> str:
    content = {
        "accountId": ACCOUNT_ID,
        "architecture": "x86_64",
        "availabilityZone": view.zone,
        "imageId": view.image_id,
        "instanceId": view.id,
        "instanceType": view.instance_type,
        "pendingTime": view.launch_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": view.private_ip,
        "region": view.region,
        "version": "2017-09-30",
    }
    return json.dumps(content, indent=2)


def look_up(leaves: Mapping[str, str], path: str, key_name: str | None) -> str | None:
    """The text of a leaf, or the listing of a folder, or None.

    A folder's entries end with `/` where they are folders; a key is listed as `0=name`.
    """
    path = path.strip("/")
    if path in leaves:
        return leaves[path]
    prefix = f"{path}/" if path else ""
    below = [leaf[len(prefix) :] for leaf in leaves if leaf.startswith(prefix)]
    if not below:
        return None
    if path == "meta-data/public-keys":
        return f"0={key_name or 'key'}"
    names = {name.partition("/")[0] + ("/" if "/" in name else "") for name in below}
    return "\n".join(sorted(names))
