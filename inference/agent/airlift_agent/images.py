"""Which of the stack's images on this host may go. Pure, but for the note of what has been unused since when.

Never: an image that a container, running or not, was made of; that of the release, of what serves or of the
release before, which a rollback goes back to; one with the label ``airlift.keep``; one that has not been
unused for the grace, such as one just pulled. What is left goes when it has been unused for so many hours,
or before that, the longest unused first, while the disk is short of room.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .files import read, write

KEEP_LABEL = "airlift.keep"
FILE_NAME = "unused.json"
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of the repository on this host. ``digests`` are those that its registry knows it by."""

    id: str
    digests: frozenset[str]
    kept: bool
    """Whether its label asks to keep it."""


def removable(images: Iterable[StoredImage], used: Iterable[str], needed: Iterable[str]) -> list[StoredImage]:
    """Return the images that no container uses (by id), no release needs (by digest), and no label keeps."""
    wanted = {*used, *needed}
    return [image for image in images if not image.kept and not {image.id, *image.digests} & wanted]


def unused_since(
    before: Mapping[str, float], images: Iterable[StoredImage], now: float
) -> Mapping[str, float]:
    """Return since when each image has been unused; one that was used in between begins anew."""
    return {image.id: min(before.get(image.id, now), now) for image in images}


def due(
    images: Iterable[StoredImage],
    since: Mapping[str, float],
    now: float,
    age_hours: float,
    grace_hours: float,
) -> tuple[list[StoredImage], list[StoredImage]]:
    """Return what is to go in any case, and what may go where the disk is short; the longest unused first."""
    ordered = sorted(images, key=lambda image: (since[image.id], image.id))
    hours = {image.id: (now - since[image.id]) / _HOUR_SECONDS for image in ordered}
    grown = [image for image in ordered if hours[image.id] >= grace_hours]
    old = [image for image in grown if hours[image.id] >= age_hours]
    return old, [image for image in grown if image not in old]


def load(path: Path) -> Mapping[str, float]:
    """Return since when images have been unused; nothing where there is no such note, or a broken one."""
    try:
        return {str(name): float(at) for name, at in json.loads(read(path) or "{}").items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def save(path: Path, since: Mapping[str, float]) -> None:
    """Write it down at once."""
    write(path, json.dumps(dict(since), indent=2, sort_keys=True) + "\n")
