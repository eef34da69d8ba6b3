#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Several configuration files of a host, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Write several text files and directories of a host in one task
version_added: 0.1.0
description:
  - Writes what a program's configuration consists of, with the directories above the files. One run of a
    module in place of two or more for each file.
  - Every file is checked by its O(files[].validate) before the first one is replaced, so a mistake changes
    nothing.
options:
  files:
    description: The files, and directories with a mode or an owner of their own, in the order of making.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where the file is.
        type: path
        required: true
      state:
        description: Whether it is a file or a directory.
        type: str
        choices: [directory, file]
        default: file
      content:
        description: A file's whole text. Give this, O(files[].merge) or O(files[].settings).
        type: str
      force:
        description: Whether a text that is there already is replaced; its mode and its owner always are.
        type: bool
        default: true
      merge:
        description: Keys that a JSON object in the file must have; others, which are somebody else's, stay.
        type: dict
      settings:
        description: Values by name in a file of names and values such as C(login.defs); its other lines stay.
        type: dict
      mode:
        description: Its mode, in octal digits. By default V(0644), and V(0755) for a directory.
        type: str
      owner:
        description: Its owner. Check mode takes one that does not exist yet for one that will.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
      validate:
        description:
          - A command that refuses a wrong file by its exit status; C(%s) is where the new text lies. Check
            mode leaves out a command that is not installed yet.
        type: str
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Says what would change and changes nothing.
    support: full
  diff_mode:
    description: Shows each file's change, but no text of a file that is its owner's alone.
    support: partial
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Configure a daemon
  airlift.stack.host_files:
    files:
      - path: /etc/docker/daemon.json
        content: "{}\n"
        validate: /usr/sbin/dockerd --validate --config-file %s
      - path: /root/.docker/config.json
        merge:
          credHelpers: {public.ecr.aws: ecr-login}
        mode: "0600"
"""

RETURN = r"""
written:
  description: The files that were written.
  returned: always
  type: list
  elements: str
"""

import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.merged_text import (
    RefusedError,
    merge_json,
    set_values,
)
from ansible_collections.airlift.stack.plugins.module_utils.text_file import replace

DIRECTORY_MODE, FILE_MODE = 0o755, 0o644
TO_COME = -2
"""In check mode the number of an owner who does not exist yet: nobody's."""


@dataclass(frozen=True)
class File:
    """A file or directory: its text (None: there is none, or it is no text), mode and owners by number."""

    path: Path
    directory: bool
    text: str | None
    mode: int
    uid: int
    gid: int


def main() -> None:
    module = AnsibleModule(
        argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": OPTIONS}},
        supports_check_mode=True,
    )
    try:
        pairs = [(found(Path(one["path"])), one) for one in module.params["files"]]
        wanted = [(before, plan(before, one, module.check_mode), one["validate"]) for before, one in pairs]
        changed = [(before, after, check) for before, after, check in wanted if before != after]
        for before, after, check in changed:
            if check and before.text != after.text:
                validate(module, after, check)
        if not module.check_mode:
            for _, after, _ in changed:
                write(after)
    except (RefusedError, OSError) as error:
        refused = isinstance(error, RefusedError)
        module.fail_json(msg=str(error) if refused else f"Failed to write files: {error}. Check the disk.")
    diff = [difference(before, after) for before, after, _ in changed]
    module.exit_json(changed=bool(changed), written=[str(after.path) for _, after, _ in changed], diff=diff)


OPTIONS = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["directory", "file"], "default": "file"},
    "content": {"type": "str"},
    "force": {"type": "bool", "default": True},
    "merge": {"type": "dict"},
    "settings": {"type": "dict"},
    "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str"},
}


def found(path: Path) -> File:
    """Return what is there; a link, a directory or something unreadable as text has no text."""
    try:
        status = path.stat() if path.is_dir() else path.lstat()
    except FileNotFoundError:
        return File(path, False, None, -1, -1, -1)
    directory = stat.S_ISDIR(status.st_mode)
    try:
        text = None if directory or path.is_symlink() else path.read_bytes().decode()
    except UnicodeDecodeError:
        text = None
    return File(path, directory, text, status.st_mode & 0o7777, status.st_uid, status.st_gid)


def plan(before: File, options: Mapping[str, object], check_mode: bool = False) -> File:
    """Return the file as it shall be. Raises RefusedError."""
    directory = options["state"] == "directory"
    if before.directory != directory and before.mode >= 0:
        raise RefusedError(
            f"Failed to write {before.path}: there is a {'file' if directory else 'directory'} in its place. "
            "Move it away."
        )
    mode = int(str(options["mode"]), 8) if options["mode"] else (DIRECTORY_MODE if directory else FILE_MODE)
    try:
        uid = pwd.getpwnam(str(options["owner"])).pw_uid
        gid = grp.getgrnam(str(options["group"])).gr_gid
    except KeyError as error:
        if not check_mode:
            raise RefusedError(
                f"Failed to write {before.path}: {error.args[0]}. Create the owner first."
            ) from error
        uid = gid = TO_COME
    return File(before.path, directory, _text(before, options), mode, uid, gid)


def _text(before: File, options: Mapping[str, object]) -> str | None:
    given = {name: options[name] for name in ("content", "merge", "settings") if options[name] is not None}
    if options["state"] == "directory":
        if given:
            raise RefusedError(f"Failed to make {before.path}: a directory has no {', '.join(given)}.")
        return None
    if len(given) != 1:
        raise RefusedError(f"Failed to write {before.path}: give one of content, merge and settings.")
    kind, value = next(iter(given.items()))
    if before.text is not None and not options["force"]:
        return before.text
    if kind == "merge":
        return merge_json(before.path, before.text or "", cast("Mapping[str, object]", value))
    if kind == "settings":
        return set_values(before.text or "", cast("Mapping[str, object]", value))
    return str(value)


def validate(module: AnsibleModule, file: File, command: str) -> None:
    """Have the file's own program look at the new text. Raises RefusedError."""
    arguments = shlex.split(command)
    if module.check_mode and shutil.which(arguments[0]) is None:
        return
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as directory:
        candidate = Path(directory) / file.path.name
        candidate.write_text(file.text or "")
        candidate.chmod(FILE_MODE)
        code, output, error = module.run_command([word.replace("%s", str(candidate)) for word in arguments])
    if code:
        said = " ".join((error or output).split())
        raise RefusedError(
            f"Failed to write {file.path}: {arguments[0]} refused it: {said}. "
            "Correct the option it comes from."
        )


def write(after: File) -> None:
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


def difference(before: File, after: File) -> dict[str, str]:
    """Return what `--diff` shows; of a file that is its owner's alone only that it changes."""
    name = f"{after.path} ({after.mode:04o})"
    old = f"{before.path} ({before.mode:04o})" if before.mode >= 0 else "absent"
    headers = {"before_header": old, "after_header": name}
    if not after.mode & 0o077:
        return {**headers, "before": "", "after": "(not shown: it is its owner's alone)\n"}
    return {**headers, "before": before.text or "", "after": after.text or ""}


if __name__ == "__main__":
    main()
