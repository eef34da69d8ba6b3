"""What the agent writes down: which colour is live, with what, and how the last run went."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .delivery.release import Release, canonical, parse
from .errors import DeliveryError
from .files import read, write
from .state import Colour

FILE_NAME = "live.json"
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _MOST_DOUBLINGS = 60, 1800, 10


@dataclass(frozen=True, slots=True)
class Record:
    """The outcome of the last finished switch. ``previous`` is what a rollback needs, so it is kept."""

    live: Colour | None = None
    release: Release | None = None
    previous: Release | None = None
    keys_version: str = ""
    keys_digest: str = ""

    def switched(self, colour: Colour, release: Release) -> Record:
        """Return the record after a switch."""
        changed = (
            self.release is not None and self.release.container_fingerprint != release.container_fingerprint
        )
        previous = self.release if changed else self.previous
        return replace(self, live=colour, release=release, previous=previous)


def load(path: Path) -> Record:
    """Read the record. One that cannot be read counts as none: the next switch writes it anew."""
    try:
        stored = json.loads(read(path) or "{}")
        return Record(
            live=Colour(stored["live"]) if stored.get("live") else None,
            release=parse(canonical(stored["release"])) if stored.get("release") else None,
            previous=parse(canonical(stored["previous"])) if stored.get("previous") else None,
            keys_version=str(stored.get("keys_version", "")),
            keys_digest=str(stored.get("keys_digest", "")),
        )
    except (ValueError, TypeError, AttributeError, DeliveryError):
        return Record()


def save(path: Path, record: Record) -> None:
    """Write the record at once."""
    stored = {
        "live": record.live,
        "release": record.release.document() if record.release else None,
        "previous": record.previous.document() if record.previous else None,
        "keys_version": record.keys_version,
        "keys_digest": record.keys_digest,
    }
    write(path, json.dumps(stored, indent=2, sort_keys=True) + "\n")


def map_digest(entries: Mapping[str, str]) -> str:
    """Return a digest of a map's entries, whatever their order."""
    return hashlib.sha256(canonical(dict(entries)).encode()).hexdigest()


def pause_seconds(failures: int) -> int:
    """Return how long a scheduled run leaves a release alone that failed so many times in a row."""
    doublings = min(failures - 1, _MOST_DOUBLINGS)
    return min(_FIRST_PAUSE_SECONDS << doublings, _LONGEST_PAUSE_SECONDS) if failures > 0 else 0


def resting(status: Mapping[str, object], release: Release | None, now: float | None = None) -> bool:
    """Whether this release failed so lately that a scheduled run should not try it again yet."""
    failures, at = status.get("failures"), status.get("at")
    if release is None or status.get("tried") != release.id:
        return False
    if not isinstance(failures, int) or not isinstance(at, int | float):
        return False
    return 0 <= (time.time() if now is None else now) - at < pause_seconds(failures)
