"""Where moto's control plane answers untruly, and what AWS does instead: with data planes or without."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import MetadataOptions, Reservation
from moto.logs.models import LogsBackend
from moto.s3.models import FakeBucket

from localcloud.backends import IMAGE_TAG
from localcloud.bucketpolicy import without_conditions
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


def apply(settings: Settings) -> None:
    """Patch moto for this process."""
    wrap(EC2Backend, "run_instances", _idempotent)
    wrap(EC2Backend, "associate_iam_instance_profile", _once_for_a_replay)
    wrap(FakeBucket, "get_permission", without_conditions)
    wrap(LogsBackend, "put_log_events", extracting)
    wrap(AWSCertificateManagerBackend, "import_certificate", imported_again_as_acm_does)
    wrap(AWSCertificateManagerBackend, "delete_certificate", kept_while_in_use)
    wrap(EC2Backend, "__init__", lambda original: _with_images(original, settings.images))


def _idempotent(original: Method) -> Method:
    """RunInstances with a ClientToken that was used before returns the first call's instances.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """

    def run_instances(self: EC2Backend, image_id: str, count: int, *args: Any, **kwargs: Any) -> Reservation:
        token = kwargs.get("client_token", NO_TOKEN)
        wanted = (image_id, count, kwargs.get("instance_type"), kwargs.get("subnet_id"))
        with _lock:
            tokens: dict[str, tuple[tuple[Any, ...], Reservation]]
            tokens = self.__dict__.setdefault("localcloud_tokens", {})
            if token in tokens:
                before, first = tokens[token]
                if before != wanted:
                    raise EC2ClientError(
                        "IdempotentParameterMismatch",
                        f"The client token {token} was used before with other parameters.",
                    )
                if kwargs.get("iam_instance_profile_name") or kwargs.get("iam_instance_profile_arn"):
                    _replay.of = first.instances[0].id
                return first
            reservation: Reservation = original(self, image_id, count, *args, **kwargs)
            _complete_from_template(self, reservation, kwargs)
            if token != NO_TOKEN:
                tokens[token] = (wanted, reservation)
            return reservation

    return run_instances


def _once_for_a_replay(original: Method) -> Method:
    """A repeated RunInstances gives its instance no second profile: moto would, and refuses that itself."""

    def associate(self: EC2Backend, instance_id: str, *args: Any, **kwargs: Any) -> Any:
        if getattr(_replay, "of", None) == instance_id:
            _replay.of = None
            return self.iam_instance_profile_associations.get(instance_id)
        return original(self, instance_id, *args, **kwargs)

    return associate


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
