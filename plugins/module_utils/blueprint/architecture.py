"""Which machine images run on an instance type: both have an architecture, and it has to be the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PLACE = "{architecture}"
"""What stands for the type's architecture in the name of an image."""
_IN_NAMES = {"x86_64": "amd64", "arm64": "arm64"}
"""AWS's word for an architecture, and Debian's, which is Docker's too."""


def name_for(image_name: str, supported: Sequence[str]) -> str:
    """Return the name of the image for a type that supports these architectures (in AWS's words)."""
    words = [word for architecture, word in _IN_NAMES.items() if architecture in supported]
    return image_name.replace(PLACE, words[0] if words else supported[0])


def containers_of(architectures: Sequence[str]) -> list[str]:
    """Return AWS's words for ``architectures`` as containers have them, each once."""
    return sorted({_IN_NAMES.get(one, one) for one in architectures})


def mismatch(
    image_name: str, images: Mapping[str, str], instance_type: str, supported: Sequence[str]
) -> tuple[str, str] | None:
    """Return a sentence and a remedy where none of ``images`` (architecture by id) runs on the type."""
    if not images or set(images.values()) & set(supported):
        return None
    return (
        f"compute.instance_type {instance_type} is {' or '.join(supported)}, and the image {image_name} is "
        f"{' or '.join(sorted(set(images.values())))}.",
        "Take an image of the type's architecture: {architecture} in compute.image_name stands for it, as in "
        "debian-13-{architecture}-*.",
    )
