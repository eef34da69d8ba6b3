#!/usr/bin/python3
"""Removes images that nothing has used for a while, so that the disk does not fill.

Never removed: an image that a container, running or not, was made of; one whose digest stands in a file that
--keep-file names, such as the release agent's record of what serves and what a rollback goes back to; one
with the label airlift.keep; one that has not been unused for --grace-hours yet. What is left goes when it has
been unused for --age-hours, or before that, longest unused first, while less than --free-percent of the disk
is free.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEEP_LABEL = "airlift.keep"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HOUR_SECONDS = 3600
WARNING = "<4>"  # systemd's journal reads the level from the line


class PruneError(Exception):
    """Nothing was removed; the sentence says why."""


@dataclass(frozen=True)
class Image:
    """An image on this host. ``digests`` are all it can be named by, its id among them."""

    id: str
    names: tuple[str, ...]
    digests: frozenset[str]
    bytes: int
    kept: bool
    """Whether its label asks to keep it."""


def removable(images: Iterable[Image], used: Iterable[str], noted: Iterable[str]) -> list[Image]:
    """Return the images that nobody uses and nobody asks to keep."""
    wanted = {*used, *noted}
    return [image for image in images if not image.kept and not image.digests & wanted]


def seen_unused(before: Mapping[str, float], images: Iterable[Image], now: float) -> dict[str, float]:
    """Return since when each image has been unused; one that was used in between begins anew."""
    return {image.id: min(before.get(image.id, now), now) for image in images}


def due(
    images: Iterable[Image], since: Mapping[str, float], now: float, age_hours: float, grace_hours: float
) -> tuple[list[Image], list[Image]]:
    """Return what is to go in any case, and what may go where the disk is full; the longest unused first."""
    ordered = sorted(images, key=lambda image: (since[image.id], image.id))
    hours = {image.id: (now - since[image.id]) / HOUR_SECONDS for image in ordered}
    grown = [image for image in ordered if hours[image.id] >= grace_hours]
    old = [image for image in grown if hours[image.id] >= age_hours]
    return old, [image for image in grown if image not in old]


def docker(*arguments: str) -> str:
    """Ask Docker. Raises PruneError."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PruneError(f"Docker refused `{arguments[0]} {arguments[1]}`: {done.stderr.strip()}")
    return done.stdout


def described(kind: str, *options: str) -> list[dict[str, Any]]:
    """Return Docker's description of all images or containers. Raises PruneError."""

    def look() -> list[dict[str, Any]]:
        listed = sorted(set(docker(kind, "ls", "--no-trunc", "--quiet", *options).split()))
        found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", *listed)) if listed else []
        return found

    try:
        return look()
    except PruneError:  # one may have gone between the two questions
        return look()


def images_here() -> list[Image]:
    """Return the images of this host, without the layers that other images are made of."""
    return [_image(one) for one in described("image")]


def _image(found: Mapping[str, Any]) -> Image:
    names = (*(found.get("RepoTags") or ()), *(found.get("RepoDigests") or ()))
    digests = {found["Id"], *(name.partition("@")[2] for name in names if "@" in name)}
    labels = (found.get("Config") or {}).get("Labels") or {}
    return Image(found["Id"], names, frozenset(digests), int(found["Size"]), KEEP_LABEL in labels)


def used_here() -> set[str]:
    """Return the ids of the images that containers were made of, stopped ones too."""
    return {str(one["Image"]) for one in described("container", "--all")}


def noted_in(patterns: Iterable[str]) -> set[str]:
    """Return every digest in the files. Raises PruneError where one cannot be read."""
    found: set[str] = set()
    for path in sorted(path for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))):
        try:
            found |= set(DIGEST.findall(path.read_text()))
        except (OSError, UnicodeDecodeError) as error:
            raise PruneError(f"{path}, which says what to keep, cannot be read: {error}") from error
    return found


def remove(image: Image) -> bool:
    """Remove an image by all its names, never by force; whether it went."""
    try:
        docker("image", "rm", *(image.names or (image.id,)))
    except PruneError as error:
        print(f"{WARNING}{image.id} stays: {error}", flush=True)
        return False
    print(f"removed {', '.join(image.names) or image.id} ({image.bytes // 2**20} MiB)", flush=True)
    return True


def load(path: Path) -> dict[str, float]:
    """Return since when images have been unused; nothing where there is no such note, or a broken one."""
    try:
        return {str(name): float(at) for name, at in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def save(path: Path, since: Mapping[str, float]) -> None:
    """Write it down at once."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(since, indent=2, sort_keys=True) + "\n")
    temporary.replace(path)


def free_percent(directory: str) -> float:
    """Return how much of the disk below ``directory`` is free."""
    usage = shutil.disk_usage(directory)
    return 100 * usage.free / usage.total


def prune(options: argparse.Namespace) -> None:
    """Look, decide, note what is unused since when, remove. Raises PruneError before it removes."""
    now = time.time()
    note = options.state_directory / "unused.json"
    # Notes last: the agent notes what it switches from before it removes that container.
    candidates = removable(images_here(), used_here(), noted_in(options.keep_file))
    since = seen_unused(load(note), candidates, now)
    old, spare = due(candidates, since, now, options.age_hours, options.grace_hours)
    if options.dry_run:
        for image in old:
            print(f"would remove {', '.join(image.names) or image.id}")
        return
    save(note, since)
    for image in old:
        remove(image)
    for image in spare:
        if free_percent(options.root) >= options.free_percent:
            return
        remove(image)
    left = free_percent(options.root)
    if left < options.free_percent:
        print(f"{WARNING}{left:.0f} % of {options.root} is free, and no more image may go", flush=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Remove images that nothing needs any more.")
    parser.add_argument("--age-hours", type=float, required=True)
    parser.add_argument("--grace-hours", type=float, default=1.0)
    parser.add_argument("--free-percent", type=float, required=True)
    parser.add_argument("--keep-file", action="append", default=[], help="a file or a pattern of files")
    parser.add_argument("--root", default="/var/lib/docker", help="Docker's data; default: %(default)s")
    state = os.environ.get("STATE_DIRECTORY", "/var/lib/airlift-image-prune")
    parser.add_argument("--state-directory", type=Path, default=Path(state))
    parser.add_argument("--dry-run", action="store_true", help="say what would go by age, and remove nothing")
    return parser.parse_args()


def main() -> int:
    """Prune once. 0: done; 1: not, and nothing was removed."""
    try:
        prune(arguments())
    except (PruneError, OSError) as error:
        print(f"Failed to prune images: {error}. Correct that; the next run tries again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
