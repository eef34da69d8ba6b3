"""The stack's release parameter: what is released, what was before, and putting something else there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .aws.errors import AWS_ERRORS, call_error, code_of
from .delivery.release import Release, canonical, parse
from .errors import AirliftError, DeliveryError, ParameterMissingError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

_CURRENT = "AWSCURRENT"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the parameter. ``release`` is None where nothing was released in it."""

    number: int
    release: Release | None

    @property
    def document(self) -> Mapping[str, object]:
        """The document, as a diff shows it."""
        return self.release.document() if self.release else {"schema": 1, "release": None}


@dataclass(frozen=True, slots=True)
class History:
    """The versions of ``/<stack>/release``."""

    ssm: SSMClient
    name: str

    def current(self) -> Version:
        """Return the newest version (ssm:GetParameter)."""
        try:
            found = self.ssm.get_parameter(Name=self.name)["Parameter"]
        except AWS_ERRORS as error:
            raise self._failed(error, "read") from error
        return Version(found["Version"], parse(found["Value"]))

    def before(self, current: Version) -> Release | None:
        """Return the release before this one that differs from it, or None (ssm:GetParameterHistory).

        New keys alone make no difference: nobody rolls back to the keys that were rotated away. Versions that
        an older Airlift wrote and this one cannot read are passed over.
        """
        try:
            pages = self.ssm.get_paginator("get_parameter_history").paginate(Name=self.name)
            stored = [(found["Version"], found["Value"]) for page in pages for found in page["Parameters"]]
        except AWS_ERRORS as error:
            raise self._failed(error, "read the history of") from error
        for number, value in sorted(stored, reverse=True):
            release = _readable(value) if number < current.number else None
            if release is not None and _differ(release, current.release):
                return release
        return None

    def put(self, release: Release) -> int:
        """Release it; return the new version (ssm:PutParameter)."""
        try:
            value = canonical(release.document())
            return self.ssm.put_parameter(Name=self.name, Value=value, Type="String", Overwrite=True)[
                "Version"
            ]
        except AWS_ERRORS as error:
            raise self._failed(error, "write") from error

    def _failed(self, error: Exception, verb: str) -> AirliftError:
        region = self.ssm.meta.region_name
        if code_of(error) == "ParameterNotFound":
            return ParameterMissingError(
                f"There is no parameter {self.name} in {region}.",
                "Provision first (playbooks/provision.yml).",
            )
        return call_error(error, verb, f"parameter {self.name}", region, "Check the permissions for SSM.")


def current_version(client: SecretsManagerClient, secret: str) -> str:
    """Return the id of a secret's current version, without reading the secret (DescribeSecret)."""
    region = client.meta.region_name
    try:
        stages = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    except AWS_ERRORS as error:
        remedy = "Provision first (playbooks/provision.yml)."
        raise call_error(error, "read", f"secret {secret}", region, remedy) from error
    for version, names in stages.items():
        if _CURRENT in names:
            return version
    raise DeliveryError(f"The secret {secret} has no value in {region}.", "Provision again.")


def as_text(document: Mapping[str, object]) -> str:
    """Return a document as a diff shows it."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _differ(one: Release, other: Release | None) -> bool:
    return other is None or one.container_fingerprint != other.container_fingerprint


def _readable(value: str) -> Release | None:
    try:
        return parse(value)
    except DeliveryError:
        return None
