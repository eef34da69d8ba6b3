"""Where moto's control plane answers untruly, and what AWS does instead: with data planes or without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from moto.acm.models import AWSCertificateManagerBackend
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import MetadataOptions, Reservation
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.nat_gateways import NatGateways
from moto.iam.access_control import PermissionResult
from moto.logs.models import LogsBackend
from moto.s3.models import FakeBucket
from moto.ssm.responses import SimpleSystemManagerResponse

from localcloud import capacity, managed, volumes
from localcloud.backends import IMAGE_TAG
from localcloud.certificates import imported_again_as_acm_does, kept_while_in_use
from localcloud.embeddedmetrics import extracting
from localcloud.settings import MachineImage, Settings

type Method = Callable[..., Any]

NO_TOKEN = "ABCDE"  # noqa: S105  # what moto takes for an absent ClientToken

_lock = threading.RLock()
_replay = threading.local()
"""`of`: the instance with which this thread has just repeated an answer; moto adds its profile next."""
_originals: dict[tuple[type, str], Method] = {}


def wrap(owner: type, name: str, wrapper: Callable[[Method], Method]) -> None:
    """Put `wrapper(original)` in the place of `owner.name`; doing so again replaces the first wrapper."""
    original = _originals.setdefault((owner, name), getattr(owner, name))
    setattr(owner, name, wraps(original)(wrapper(original)))


def supply(owner: type, method: Method) -> None:
    """Give `owner` a method that moto lacks; an error when moto has it meanwhile."""
    if getattr(owner, method.__name__, method) is not method:
        raise AttributeError(
            f"moto's {owner.__name__} has {method.__name__} meanwhile; use moto's, or wrap it"
        )
    setattr(owner, method.__name__, method)


def apply(settings: Settings) -> None:
    """Patch moto for this process."""
    wrap(EC2Backend, "run_instances", _idempotent)
    wrap(EC2Backend, "modify_volume", volumes.refusing)
    wrap(InstanceResponse, "_parse_block_device_mapping", volumes.reading_throughput)
    wrap(EC2Backend, "associate_iam_instance_profile", _once_for_a_replay)
    supply(SimpleSystemManagerResponse, managed.describe_instance_information)
    wrap(EC2Backend, "delete_nat_gateway", _lets_go_of_its_address)
    wrap(NatGateways, "create_nat_gateway", _nat_gateway_by_token)
    wrap(EC2Backend, "replace_iam_instance_profile_association", _on_the_instance_too)
    wrap(FakeBucket, "get_permission", judged_before)
    wrap(LogsBackend, "put_log_events", extracting)
    wrap(AWSCertificateManagerBackend, "import_certificate", imported_again_as_acm_does)
    wrap(AWSCertificateManagerBackend, "delete_certificate", kept_while_in_use)
    wrap(EC2Backend, "__init__", lambda original: _with_images(original, settings.images))


def judged_before(_original: Method) -> Method:
    """moto's own look at a bucket's policy, which knows no conditions: the judge has looked before."""

    def get_permission(_self: FakeBucket, _action: str, _resource: str) -> PermissionResult:
        return PermissionResult.PERMITTED

    return get_permission


def _idempotent(original: Method) -> Method:
    """RunInstances with a ClientToken that was used before returns the first call's instances.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """

    def run_instances(self: EC2Backend, image_id: str, count: int, *args: Any, **kwargs: Any) -> Reservation:
        token = kwargs.get("client_token", NO_TOKEN)
        # All of the request counts, its tags too.
        wanted = repr((image_id, count, args, sorted(kwargs.items())))
        with _lock:
            tokens: dict[str, tuple[str, Reservation]]
            tokens = self.__dict__.setdefault("localcloud_tokens", {})
            if token in tokens:
                first = _first_answer(tokens, token, wanted)
                if kwargs.get("iam_instance_profile_name") or kwargs.get("iam_instance_profile_arn"):
                    _replay.of = first.instances[0].id
                return first
            capacity.check(self, image_id, kwargs)
            reservation: Reservation = original(self, image_id, count, *args, **kwargs)
            volumes.complete(self, reservation.instances, kwargs)
            _complete_from_template(self, reservation, kwargs)
            if token != NO_TOKEN:
                tokens[token] = (wanted, reservation)
            return reservation

    return run_instances


def _first_answer[T](tokens: Mapping[str, tuple[str, T]], token: str, wanted: str) -> T:
    before, first = tokens[token]
    if before != wanted:
        raise EC2ClientError(
            "IdempotentParameterMismatch",
            f"The client token {token} was used before with other parameters.",
        )
    return first


def _nat_gateway_by_token(original: Method) -> Method:
    """CreateNatGateway with a token that was used before returns the first call's gateway, deleted or not."""

    def create_nat_gateway(self: NatGateways) -> ActionResult:
        token = self._get_param("ClientToken")
        names = ("SubnetId", "AllocationId", "ConnectivityType", "TagSpecifications")
        wanted = repr([self._get_param(name) for name in names])
        with _lock:
            tokens: dict[str, tuple[str, Any]]
            tokens = self.ec2_backend.__dict__.setdefault("localcloud_nat_tokens", {})
            if token in tokens:
                return ActionResult({"NatGateway": _first_answer(tokens, token, wanted)})
            answer: ActionResult = original(self)
            if token:
                tokens[token] = (wanted, cast("dict[str, Any]", answer.result)["NatGateway"])
            return answer

    return create_nat_gateway


def _lets_go_of_its_address(original: Method) -> Method:
    """A deleted NAT gateway gives its Elastic IP address back; moto keeps them together."""

    def delete(self: EC2Backend, nat_gateway_id: str) -> Any:
        gateway = original(self, nat_gateway_id)
        for address in list(self.addresses):
            if address.association_id and address.eni is gateway._eni:
                self.disassociate_address(association_id=address.association_id)
        return gateway

    return delete


def _once_for_a_replay(original: Method) -> Method:
    """A repeated RunInstances gives its instance no second profile: moto would, and refuses that itself."""

    def associate(self: EC2Backend, instance_id: str, *args: Any, **kwargs: Any) -> Any:
        if getattr(_replay, "of", None) == instance_id:
            _replay.of = None
            return self.iam_instance_profile_associations.get(instance_id)
        return original(self, instance_id, *args, **kwargs)

    return associate


def _on_the_instance_too(original: Method) -> Method:
    """A replaced association shows on its instance; with moto that goes on to name the profile of before."""

    def replace(self: EC2Backend, association_id: str, *args: Any, **kwargs: Any) -> Any:
        association = original(self, association_id, *args, **kwargs)
        shown = {"Arn": association.iam_instance_profile.arn, "Id": association_id}
        self.modify_instance_attribute(association.instance.id, "iam_instance_profile", shown)
        return association

    return replace


def _complete_from_template(self: EC2Backend, reservation: Reservation, asked: dict[str, Any]) -> None:
    """What moto drops of a launch template, unless the call itself says otherwise."""
    if not asked.get("launch_template"):
        return
    template = self._get_template_from_args(asked["launch_template"]).data
    profile = template.get("IamInstanceProfile") or {}
    for instance in reservation.instances:
        if profile and not (asked.get("iam_instance_profile_name") or asked.get("iam_instance_profile_arn")):
            self.associate_iam_instance_profile(
                instance.id,
                iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )
        if template.get("MetadataOptions") and not asked.get("metadata_options"):
            instance.metadata_options = MetadataOptions(template["MetadataOptions"])
        if template.get("Monitoring", {}).get("Enabled"):
            instance.monitoring_state = "enabled"
        if template.get("EbsOptimized"):
            instance.ebs_optimized = True


def _with_images(original: Method, images: tuple[MachineImage, ...]) -> Method:
    """Every region begins with our machine images, owned by the account."""

    def init(self: EC2Backend, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        for image in images:
            ami: Ami = self.register_image(name=image.name, description=f"{image.docker_image}, a container")
            ami.image_location = f"{self.account_id}/{image.name}"
            ami.architecture = "x86_64"
            ami.virtualization_type = "hvm"
            ami.hypervisor = "xen"
            ami.root_device_type = "ebs"
            ami.root_device_name = "/dev/xvda"
            ami.add_tags({IMAGE_TAG: image.docker_image})

    return init
