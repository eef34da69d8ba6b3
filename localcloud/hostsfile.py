"""localcloud's own lines in a hosts file, told from all others by a mark at the end of each.

Marking each line instead of a block means that there is no half block: whatever was interrupted or edited
around them, exactly the marked lines are ours, and every other byte stays as it was.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_MARK = "# added by "


def with_entries(text: str, owner: str, entries: Mapping[str, str]) -> str:
    """`text` with exactly these lines of `owner`: host name → address.

    A missing newline at the end of the last foreign line is added, so that the line stays a line.
    """
    foreign = without_entries(text, owner)
    if not entries:
        return foreign
    if foreign and not foreign.endswith("\n"):
        foreign += "\n"
    own = (f"{address} {name} {_MARK}{owner}\n" for name, address in sorted(entries.items()))
    return foreign + "".join(own)


def without_entries(text: str, owner: str) -> str:
    """`text` without the lines of `owner`."""
    return "".join(line for line in _lines(text) if not _is_owned(line, owner))


class HostsFile:
    """A hosts file in which one owner keeps its lines."""

    def __init__(self, path: Path, owner: str) -> None:
        self._path = path
        self._owner = owner

    def set(self, entries: Mapping[str, str]) -> None:
        """Make the owner's lines exactly these (host name → address); unchanged files are not written."""
        with self._locked():
            text = self._read()
            wanted = with_entries(text, self._owner, entries)
            if wanted != text:
                _replace(self._path, wanted.encode(errors="surrogateescape"))

    def clear(self) -> None:
        """Remove the owner's lines."""
        self.set({})

    def entries(self) -> list[str]:
        """The owner's lines that the file holds now."""
        return [line.strip() for line in _lines(self._read()) if _is_owned(line, self._owner)]

    def _read(self) -> str:
        try:
            return self._path.read_bytes().decode(errors="surrogateescape")
        except FileNotFoundError:
            return ""

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Writers take turns; a lock on the directory leaves no file behind."""
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _lines(text: str) -> list[str]:
    """Lines with their ends, split at newlines only (`str.splitlines` knows many more)."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _is_owned(line: str, owner: str) -> bool:
    return line.rstrip().endswith(f"{_MARK}{owner}")


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.localcloud")
    try:
        new.write_bytes(content)
        if path.exists():
            found = path.stat()
            os.chown(new, found.st_uid, found.st_gid)
            new.chmod(found.st_mode & 0o7777)
        else:
            new.chmod(0o644)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        _overwrite(path, content)  # a bind mount, as /etc/hosts in a container: it cannot be renamed over


def _overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as stream:
        stream.write(content)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())
