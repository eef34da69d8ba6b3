#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Several configuration files of a host, in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write several text files and directories of a host in one task
version_added: 0.1.0
description:
  - Does for a list of files what M(ansible.builtin.template), M(ansible.builtin.copy) and
    M(ansible.builtin.file) do for one each, in their words, with one run of a module on the host. The
    directories above the files are made, too.
  - Every file is checked by its O(files[].validate) before the first one is replaced, so a mistake changes
    nothing.
options:
  files:
    description:
      - The files, and directories with a mode or an owner of their own, in the order of making. A file has
        one of O(files[].src), O(files[].content), O(files[].json_keys) and O(files[].directives).
    type: list
    elements: dict
    required: true
    suboptions:
      dest:
        description: Where the file or directory is on the host, from the root.
        type: str
        required: true
      src:
        description:
          - A file of the role or the play. One that ends in V(.j2) is found and rendered as by
            M(ansible.builtin.template), any other found and taken as it is as by M(ansible.builtin.copy).
        type: str
      content:
        description: The file's whole text.
        type: str
      json_keys:
        description: Keys that a JSON object in the file must have; others, which are somebody else's, stay.
        type: dict
      directives:
        description:
          - Values by name in a file whose lines are a name and a value, such as C(login.defs); its other
            lines stay.
        type: dict
      state:
        description: Whether it is a file or a directory.
        type: str
        choices: [directory, file]
        default: file
      force:
        description: Whether a text that is there already is replaced; its mode and its owner always are.
        type: bool
        default: true
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
      notify:
        description:
          - Handlers to notify if this file changed. Those of the task itself are notified if any did.
        type: list
        elements: str
        default: []
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
  airlift.stack.config_files:
    files:
      - src: daemon.json.j2
        dest: /etc/docker/daemon.json
        validate: /usr/sbin/dockerd --validate --config-file %s
        notify: Restart Docker
      - src: cleanup.timer
        dest: /etc/systemd/system/cleanup.timer
        notify: Restart the cleanup
      - dest: /root/.docker/config.json
        json_keys:
          credHelpers: {public.ecr.aws: ecr-login}
        mode: "0600"
"""

RETURN = r"""
written:
  description: O(files[].dest) of those that were made or changed.
  returned: always
  type: list
  elements: str
"""

import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.config_file import (
    FILE_MODE,
    OPTIONS,
    ConfigFile,
    difference,
    plan,
    read,
    write,
)
from ansible_collections.airlift.stack.plugins.module_utils.errors import FileRefusedError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import run_module


def write_files(module: AnsibleModule) -> dict[str, Any]:
    """Write what differs, once every file's own program has taken its new text."""
    pairs = [(one, read(Path(one["dest"]))) for one in module.params["files"]]
    wanted = [(one, before, plan(before, one, module.check_mode)) for one, before in pairs]
    changed = [(one, before, after) for one, before, after in wanted if before != after]
    for one, before, after in changed:
        if one["validate"] and before.text != after.text:
            validate(module, after, one["validate"])
    if not module.check_mode:
        for _, _, after in changed:
            _write(after)
    diff = [difference(before, after) for _, before, after in changed]
    return {"changed": bool(changed), "written": [one["dest"] for one, _, _ in changed], "diff": diff}


def _write(file: ConfigFile) -> None:
    try:
        write(file)
    except OSError as error:
        raise FileRefusedError(f"Failed to write {file.path}: {error}.", "Check the disk.") from error


def validate(module: AnsibleModule, file: ConfigFile, command: str) -> None:
    """Have the file's own program look at the new text. Raises FileRefusedError."""
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
        raise FileRefusedError(
            f"Failed to write {file.path}: {arguments[0]} refused it: {said}. "
            "Correct the option it comes from."
        )


def main() -> None:
    run_module(
        {"files": {"type": "list", "elements": "dict", "required": True, "options": OPTIONS}}, write_files
    )


if __name__ == "__main__":
    main()
