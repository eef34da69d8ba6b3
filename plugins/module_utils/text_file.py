"""A text file that a module changes: read, replaced at once, removed when nothing is left in it."""

from __future__ import annotations

import tempfile
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
    wanted = target.stat().st_mode & 0o777 if target.exists() and not secret else mode
    with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=f".{path.name}.", delete=False) as stream:
        stream.write(after)
    Path(stream.name).chmod(wanted)
    Path(stream.name).replace(target)
    return True
