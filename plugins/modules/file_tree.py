#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""A directory that holds exactly the given text files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_tree
short_description: Make a directory hold exactly these text files
version_added: 0.1.0
description:
  - Writes many small files in one task, and removes what else is in the directory, such as a module of
    a program that its next version no longer has.
options:
  path:
    description: The directory. It belongs to this task alone.
    type: path
    required: true
  files:
    description: The files' contents by their paths relative to O(path).
    type: dict
    required: true
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
- name: Install a program
  airlift.stack.file_tree:
    path: /usr/lib/program
    files:
      program/__init__.py: ""
      program/__main__.py: "print('hello')\n"
"""

RETURN = r"""
written:
  description: The files that were written, relative to O(path).
  returned: always
  type: list
  elements: str
removed:
  description: The files that were removed, relative to O(path).
  returned: always
  type: list
  elements: str
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airlift.stack.plugins.module_utils.text_file import replace

FILE_MODE, DIRECTORY_MODE = 0o644, 0o755


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    root = Path(module.params["path"])
    wanted = {str(name): str(content) for name, content in module.params["files"].items()}
    strays = [name for name in wanted if name.startswith("/") or ".." in PurePosixPath(name).parts]
    if strays or not wanted:
        module.fail_json(
            msg=f"Failed to write files to {root}: {', '.join(strays) or 'none were given'}. "
            "Give at least one, by paths inside the directory."
        )
    found = read(root)
    written = sorted(name for name in wanted if found.get(name) != wanted[name])
    removed = sorted(found.keys() - wanted.keys())
    diff = [_diff(name, found.get(name) or "", wanted.get(name, "")) for name in (*written, *removed)]
    try:
        if not module.check_mode:
            write(root, {name: wanted[name] for name in written}, removed)
    except OSError as error:
        module.fail_json(
            msg=f"Failed to write files to {root}: {error}. Check the directory's owner and the disk."
        )
    module.exit_json(changed=bool(written or removed), written=written, removed=removed, diff=diff)


def _diff(name: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": name, "after_header": name, "before": before, "after": after}


def read(root: Path) -> dict[str, str | None]:
    """Return the files below ``root`` by relative path; None for one that is no text or has another mode."""
    files = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return {str(path.relative_to(root)): _content(path) for path in files}


def _content(path: Path) -> str | None:
    if path.is_symlink() or path.stat().st_mode & 0o777 != FILE_MODE:
        return None
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def write(root: Path, files: Mapping[str, str], removed: list[str]) -> None:
    """Write ``files`` below ``root`` and remove ``removed``, with the directories that are empty then."""
    for name in removed:
        (root / name).unlink()
    for directory in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(directory.iterdir()):
            directory.rmdir()
    for name, content in files.items():
        path = root / name
        for directory in (root, *reversed(path.relative_to(root).parents[:-1])):
            target = root / directory
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(DIRECTORY_MODE)
        replace(path, content, FILE_MODE)


if __name__ == "__main__":
    main()
