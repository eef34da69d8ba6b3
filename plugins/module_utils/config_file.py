"""One configuration file of a host, or a directory: what is there, what shall be, and writing it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .errors import FileRefusedError
from .merged_text import merge_json, set_values
from .text_file import replace

DIRECTORY_MODE, FILE_MODE = 0o755, 0o644
NOT_YET = -2
"""In check mode the number of an owner who does not exist yet: nobody's."""

OPTIONS = {
    "dest": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["directory", "file"], "default": "file"},
    "content": {"type": "str"},
    "force": {"type": "bool", "default": True},
    "json_keys": {"type": "dict"},
    "directives": {"type": "dict"},
    "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str"},
}
"""What the host is told about each file."""


@dataclass(frozen=True)
class ConfigFile:
    """A file or directory: its text (None: there is none, or it is no text), mode and owners by number."""

    path: Path
    directory: bool
    text: str | None
    mode: int
    uid: int
    gid: int


def read(path: Path) -> ConfigFile:
    """Return what is there; a link, a directory or something unreadable as text has no text."""
    try:
        status = path.stat() if path.is_dir() else path.lstat()
    except FileNotFoundError:
        return ConfigFile(path, False, None, -1, -1, -1)
    directory = stat.S_ISDIR(status.st_mode)
    try:
        text = None if directory or path.is_symlink() else path.read_bytes().decode()
    except UnicodeDecodeError:
        text = None
    return ConfigFile(path, directory, text, status.st_mode & 0o7777, status.st_uid, status.st_gid)


def plan(before: ConfigFile, options: Mapping[str, object], check_mode: bool = False) -> ConfigFile:
    """Return the file as it shall be. Raises FileRefusedError."""
    if not before.path.is_absolute():
        raise FileRefusedError(
            f"Failed to write {before.path}: it is no absolute path. Begin dest with a slash."
        )
    directory = options["state"] == "directory"
    if before.directory != directory and before.mode >= 0:
        raise FileRefusedError(
            f"Failed to write {before.path}: there is a {'file' if directory else 'directory'} in its place. "
            "Move it away."
        )
    mode = int(str(options["mode"]), 8) if options["mode"] else (DIRECTORY_MODE if directory else FILE_MODE)
    try:
        uid = pwd.getpwnam(str(options["owner"])).pw_uid
        gid = grp.getgrnam(str(options["group"])).gr_gid
    except KeyError as error:
        if not check_mode:
            raise FileRefusedError(
                f"Failed to write {before.path}: {error.args[0]}. Create the owner first."
            ) from error
        uid = gid = NOT_YET
    return ConfigFile(before.path, directory, _text(before, options), mode, uid, gid)


def _text(before: ConfigFile, options: Mapping[str, object]) -> str | None:
    given = {
        name: options[name] for name in ("content", "json_keys", "directives") if options[name] is not None
    }
    if options["state"] == "directory":
        if given:
            raise FileRefusedError(f"Failed to make {before.path}: a directory has no {', '.join(given)}.")
        return None
    if len(given) != 1:
        raise FileRefusedError(
            f"Failed to write {before.path}: give one of src, content, json_keys and directives."
        )
    kind, value = next(iter(given.items()))
    if before.text is not None and not options["force"]:
        return before.text
    if kind == "json_keys":
        return merge_json(before.path, before.text or "", cast("Mapping[str, object]", value))
    if kind == "directives":
        return set_values(before.text or "", cast("Mapping[str, object]", value))
    return str(value)


def write(after: ConfigFile) -> None:
    """Make the directory, or replace the file at once; with the directories above it."""
    missing = [parent for parent in after.path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        parent.chmod(DIRECTORY_MODE)
    if after.directory:
        # Nobody else gets in before it belongs to its owner.
        after.path.mkdir(mode=0o700, exist_ok=True)
        os.chown(after.path, after.uid, after.gid)
        after.path.chmod(after.mode)
        return
    replace(after.path, after.text or "", after.mode, after.uid, after.gid)


def difference(before: ConfigFile, after: ConfigFile) -> dict[str, str]:
    """Return what `--diff` shows; of a file that is its owner's alone only that it changes."""
    name = f"{after.path} ({after.mode:04o})"
    old = f"{before.path} ({before.mode:04o})" if before.mode >= 0 else "absent"
    headers = {"before_header": old, "after_header": name}
    if not after.mode & 0o077 or (before.mode >= 0 and not before.mode & 0o077):
        return {**headers, "before": "", "after": "(not shown: it is its owner's alone)\n"}
    return {**headers, "before": before.text or "", "after": after.text or ""}
