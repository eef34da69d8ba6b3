#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Several configuration files of a host, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Write several text files of a host in one task
version_added: 0.1.0
description:
  - Writes what a program's configuration consists of, with the directories above the files. One run of a
    module in place of two or more for each file.
  - Every file is checked by its O(files[].validate) before the first one is replaced, so a mistake changes
    nothing.
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where the file is.
        type: path
        required: true
      content:
        description: Its whole text. Give this, O(files[].merge) or O(files[].settings).
        type: str
      merge:
        description: Keys that a JSON object in the file must have; others, which are somebody else's, stay.
        type: dict
      settings:
        description: Values by name in a file of names and values such as C(login.defs); its other lines stay.
        type: dict
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      owner:
        description: Its owner.
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
    description: Shows each file's change.
    support: full
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
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.merged_text import (
    RefusedError,
    merge_json,
    set_values,
)

DIRECTORY_MODE, FILE_MODE = 0o755, 0o644


@dataclass(frozen=True)
class File:
    """A file: its text (None: it is not there, or is no text), mode and owners by number."""

    path: Path
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
        wanted = [(before, plan(before, one), one["validate"]) for before, one in pairs]
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
    diff = [_diff(before, after) for before, after, _ in changed]
    module.exit_json(changed=bool(changed), written=[str(after.path) for _, after, _ in changed], diff=diff)


OPTIONS = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "merge": {"type": "dict"},
    "settings": {"type": "dict"},
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str"},
}


def found(path: Path) -> File:
    """Return the file as it is; a link or something unreadable as text has none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return File(path, None, -1, -1, -1)
    try:
        text = None if path.is_symlink() else path.read_bytes().decode()
    except UnicodeDecodeError:
        text = None
    return File(path, text, status.st_mode & 0o7777, status.st_uid, status.st_gid)


def plan(before: File, options: Mapping[str, object]) -> File:
    """Return the file as it shall be. Raises RefusedError."""
    given = {name: options[name] for name in ("content", "merge", "settings") if options[name] is not None}
    if len(given) != 1:
        raise RefusedError(f"Failed to write {before.path}: give one of content, merge and settings.")
    kind, value = next(iter(given.items()))
    if isinstance(value, Mapping):
        edit = merge_json if kind == "merge" else set_values
        text = edit(before.path, before.text or "", value)
    else:
        text = str(value)
    try:
        uid = pwd.getpwnam(str(options["owner"])).pw_uid
        gid = grp.getgrnam(str(options["group"])).gr_gid
    except KeyError as error:
        raise RefusedError(
            f"Failed to write {before.path}: {error.args[0]}. Create the owner first."
        ) from error
    return File(before.path, text, int(str(options["mode"]), 8), uid, gid)


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
    """Replace the file at once, with the directories above it."""
    missing = [parent for parent in after.path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        parent.chmod(DIRECTORY_MODE)
    temporary = after.path.with_name(f".{after.path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(after.text or "")
    os.chown(temporary, after.uid, after.gid)
    temporary.chmod(after.mode)
    temporary.replace(after.path)


def _diff(before: File, after: File) -> dict[str, str]:
    name = f"{after.path} ({after.mode:04o})"
    old = f"{before.path} ({before.mode:04o})" if before.mode >= 0 else "absent"
    headers = {"before_header": old, "after_header": name}
    return {**headers, "before": before.text or "", "after": after.text or ""}


if __name__ == "__main__":
    main()
