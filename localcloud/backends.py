"""What EC2 wants, read from moto's backends through typed views.

moto keeps whole Python objects per account and region; the views are frozen copies, taken fresh on each call.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance, InstanceState, StateReason
from moto.elbv2.models import elbv2_backends

from localcloud.settings import ACCOUNT_ID

STATE_CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
STATE_LOCK = threading.RLock()
"""Held while an instance changes its state."""
IMAGE_TAG = "localcloud:docker-image"
"""Tag of an AMI: the Docker image that its instances are started from."""


@dataclass(frozen=True)
class MetadataOptions:
    """An instance's IMDS options."""

    tokens_required: bool = False
    hop_limit: int = 1
    enabled: bool = True
    tags: bool = False


@dataclass(frozen=True)
class InstanceView:
    """An instance as EC2 knows it."""

    id: str
    region: str
    state: str
    image_id: str
    instance_type: str
    zone: str
    vpc_id: str
    subnet_id: str
    private_ip: str
    private_dns_name: str
    public_ip: str | None
    mac: str
    interface_id: str
    key_name: str | None
    user_data: bytes | None
    launch_time: datetime
    launch_index: int
    reservation_id: str
    lifecycle: str
    terminate_on_shutdown: bool
    profile_arn: str | None
    security_groups: tuple[tuple[str, str], ...]
    """Pairs of id and name."""
    metadata: MetadataOptions


def ec2_regions() -> Iterator[tuple[str, EC2Backend]]:
    """Regions in which EC2 has been asked for anything."""
    yield from list(ec2_backends[ACCOUNT_ID].items())


def instances() -> list[InstanceView]:
    """Every instance of every region, the terminated ones too."""
    views = []
    for region, backend in ec2_regions():
        for reservation in list(backend.reservations.values()):
            views += [_view(region, reservation.id, item) for item in list(reservation.instances)]
    return views


def _view(region: str, reservation_id: str, instance: Instance) -> InstanceView:
    nic = instance.nics[0]
    options = instance.metadata_options
    profile = instance.iam_instance_profile
    return InstanceView(
        id=instance.id,
        region=region,
        state=instance.state,
        image_id=instance.image_id,
        instance_type=instance.instance_type,
        zone=instance.availability_zone or f"{region}a",
        vpc_id=nic.subnet.vpc_id,
        subnet_id=nic.subnet.id,
        private_ip=nic.private_ip_address or "",
        private_dns_name=instance.private_dns_name,
        public_ip=nic.public_ip,
        mac=nic.mac_address,
        interface_id=nic.id,
        key_name=instance.key_name,
        user_data=_user_data(instance),
        launch_time=instance.launch_time,
        launch_index=int(instance.ami_launch_index),
        reservation_id=reservation_id,
        lifecycle=instance.lifecycle or "on-demand",
        terminate_on_shutdown=instance.instance_initiated_shutdown_behavior == "terminate",
        profile_arn=profile["Arn"] if profile else None,
        security_groups=tuple((group.id, group.name) for group in instance.security_groups),
        metadata=MetadataOptions(
            tokens_required=options.http_tokens == "required",
            hop_limit=int(options.http_put_response_hop_limit or 1),
            enabled=options.http_endpoint != "disabled",
            tags=options.instance_metadata_tags == "enabled",
        ),
    )


def _user_data(instance: Instance) -> bytes | None:
    # Kept in base64; Auto Scaling hands its own down as a plain string.
    return base64.b64decode(str(instance.user_data)) if instance.user_data else None


def instance_tags(view: InstanceView) -> dict[str, str]:
    """Its tags now."""
    return {tag["key"]: tag["value"] for tag in _instance(view).get_tags()}


def _instance(view: InstanceView) -> Instance:
    return ec2_backends[ACCOUNT_ID][view.region].get_instance(view.id)


def set_state(view: InstanceView, state: str, reason: str = "", message: str = "") -> bool:
    """Put an instance into a state, with EC2's reason code (`Server.InternalError`) and message.

    Nothing happens, and the answer is False, when it has left the state that the view saw.
    """
    instance = _instance(view)
    with STATE_LOCK:
        if instance.state != view.state:
            return False
        instance._state = InstanceState(state, STATE_CODES[state])
        if reason:
            instance._reason = message
            instance.state_reason = StateReason(f"{reason}: {message}", reason)
    return True


def terminate(view: InstanceView) -> None:
    """Terminate an instance as TerminateInstances does; an Auto Scaling group of it replaces it."""
    ec2_backends[ACCOUNT_ID][view.region].terminate_instances([view.id])
    autoscaling_backends[ACCOUNT_ID][view.region].notify_terminate_instances([view.id])
    elbv2_backends[ACCOUNT_ID][view.region].notify_terminate_instances([view.id])


def stop(view: InstanceView) -> None:
    """Stop an instance as StopInstances does."""
    ec2_backends[ACCOUNT_ID][view.region].stop_instances([view.id])


def in_scaling_group(view: InstanceView) -> bool:
    """Whether an Auto Scaling group answers for the instance."""
    groups = autoscaling_backends[ACCOUNT_ID][view.region].autoscaling_groups.values()
    return any(
        state.instance.id == view.id for group in list(groups) for state in list(group.instance_states)
    )


def vpc_cidr(region: str, vpc_id: str) -> str:
    """The primary CIDR of a VPC."""
    return str(ec2_backends[ACCOUNT_ID][region].vpcs[vpc_id].cidr_block)


def subnet_cidr(region: str, subnet_id: str) -> str:
    """The CIDR of a subnet."""
    return str(ec2_backends[ACCOUNT_ID][region].get_subnet(subnet_id).cidr_block)


def vpc_ids() -> set[str]:
    """Every VPC of every region."""
    return {vpc_id for _, backend in ec2_regions() for vpc_id in list(backend.vpcs)}


def docker_image(view: InstanceView) -> str | None:
    """The Docker image behind an instance's AMI, or None."""
    backend = ec2_backends[ACCOUNT_ID][view.region]
    ami = backend.amis.get(view.image_id)
    if ami is None:
        return None
    return next((tag["value"] for tag in ami.get_tags() if tag["key"] == IMAGE_TAG), None)


def public_key(view: InstanceView) -> str | None:
    """The OpenSSH public key of an instance's key pair, or None."""
    pair = ec2_backends[ACCOUNT_ID][view.region].key_pairs.get(view.key_name or "")
    if pair is None:
        return None
    key = pair.material_public
    return (key.decode() if isinstance(key, bytes) else str(key)).strip()


def has_way_out(view: InstanceView) -> bool:
    """Whether the instance reaches the internet: by NAT, or by an internet gateway and a public address."""
    backend = ec2_backends[ACCOUNT_ID][view.region]
    tables = [table for table in list(backend.route_tables.values()) if table.vpc_id == view.vpc_id]
    explicit = [table for table in tables if view.subnet_id in table._associations.values()]
    for table in explicit or [table for table in tables if table.main_association_id]:
        for route in list(table.routes):
            if route.destination_cidr_block != "0.0.0.0/0":
                continue
            if route.nat_gateway is not None and route.nat_gateway.state == "available":
                return True
            if route.gateway is not None and view.public_ip:
                return True
    return False
