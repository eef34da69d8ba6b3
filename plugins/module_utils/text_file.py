"""A text file that a module changes: read, replaced at once, removed when nothing is left in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def change(
    module: AnsibleModule, path: Path, edit: Callable[[str], str], mode: int, *, secret: bool = False
) -> bool:
    """Apply ``edit`` to the file's text; whether that changes anything. In check mode nothing is written.

    A file that would be empty is removed. A missing directory is made for its owner only. A new file gets
    ``mode``; with ``secret`` an existing one gets it too.
    """
    before = path.read_text() if path.exists() else ""
    after = edit(before)
    too_wide = secret and path.exists() and path.stat().st_mode & 0o777 != mode
    if after == before and not (too_wide and after):
        return False
    if module.check_mode:
        return True
    if not after:
        path.unlink()
        return True
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Where the file is a link, as dotfile managers make them, it stays one.
    target = path.resolve()
    replace(target, after, target.stat().st_mode & 0o777 if target.exists() and not secret else mode)
    return True


def replace(path: Path, text: str, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Put a file with ``text`` in the place of what is there, at once; -1 is the owner who writes.

    Nobody else reads it before it has its mode. What an interrupted run left beside it is written over.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text.encode())
    os.chown(temporary, uid, gid)
    temporary.chmod(mode)
    temporary.replace(path)
