"""The release document: what a host shall run. It is one SSM parameter, whose versions are the history."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import DeliveryError
from .manifest import hex_of
from .model_name import check_model_name

SCHEMA = 1
NOTHING: Mapping[str, object] = MappingProxyType({"schema": SCHEMA, "release": None})
"""What the parameter holds before the first release."""

_IMAGE = re.compile(r"^(?P<registry>[^/@]+)/(?P<repository>[^@]+)@(?P<digest>sha256:[0-9a-f]{64})$")

SettingValue = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Image:
    """An image by digest: ``<registry>/<repository>@sha256:<hex>``."""

    registry: str
    repository: str
    digest: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}@{self.digest}"

    @property
    def name(self) -> str:
        """The image without its digest, as a registry is asked for it."""
        return f"{self.registry}/{self.repository}"


@dataclass(frozen=True, slots=True)
class Release:
    """One wanted state of a host. ``id`` follows from the rest."""

    image: Image
    model_name: str
    model_digest: str
    bucket: str
    engine: str
    settings: Mapping[str, SettingValue] = field(hash=False)
    secret: str
    secret_version: str

    def document(self) -> dict[str, object]:
        """Return the release as the JSON document of the parameter."""
        content = self._content()
        return {"schema": SCHEMA, "release": self.id, **content}

    @property
    def id(self) -> str:
        """``r-`` and twelve hex digits of the content: the same content is the same release anywhere."""
        return f"r-{_digest(self._content())[:12]}"

    @property
    def container_fingerprint(self) -> str:
        """What a container must have been made from to serve this release. New keys need no new container."""
        return _digest({key: value for key, value in self._content().items() if key != "keys"})

    def _content(self) -> dict[str, object]:
        return {
            "image": str(self.image),
            "model": {"name": self.model_name, "digest": self.model_digest, "bucket": self.bucket},
            "engine": {"name": self.engine, "settings": dict(self.settings)},
            "keys": {"secret": self.secret, "version": self.secret_version},
        }


def image_of(text: str) -> Image:
    """Read an image reference. Raises DeliveryError where it is not by digest."""
    match = _IMAGE.match(text)
    if match is None:
        raise DeliveryError(
            f"{text!r} is not an image by digest.", "Give <repository uri>@sha256:<64 hex digits>."
        )
    return Image(match["registry"], match["repository"], match["digest"])


def parse(text: str) -> Release | None:
    """Read the parameter's value; None where nothing has been released yet.

    Raises DeliveryError for a document that this version does not understand: nothing is guessed.
    """
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']} is not {SCHEMA}")
        if document["release"] is None:
            return None
        release = Release(
            image=image_of(document["image"]),
            model_name=str(document["model"]["name"]),
            model_digest=str(document["model"]["digest"]),
            bucket=str(document["model"]["bucket"]),
            engine=str(document["engine"]["name"]),
            settings=MappingProxyType(dict(document["engine"]["settings"])),
            secret=str(document["keys"]["secret"]),
            secret_version=str(document["keys"]["version"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryError(
            f"The release document cannot be read: {type(error).__name__} {error}.",
            "Release again (playbooks/release.yml), with the version of Airlift that the hosts have.",
        ) from error
    hex_of(release.model_digest)
    check_model_name(release.model_name)
    return release


def canonical(document: Mapping[str, object]) -> str:
    """Return the one JSON text of a document, as it is put into the parameter."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()
