from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.hostsfile import HostsFile, with_entries, without_entries

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}\.test", fullmatch=True)
ENTRIES = st.dictionaries(NAMES, st.sampled_from(["127.67.0.1", "127.67.0.10"]), max_size=4)
FOREIGN = st.text(max_size=200).filter(lambda text: "# added by" not in text)


@given(FOREIGN, ENTRIES, ENTRIES)
def test_foreign_text_survives_any_sequence_of_ours(
    text: str, first: dict[str, str], second: dict[str, str]
) -> None:
    written = with_entries(with_entries(text, "x", first), "x", second)
    left = without_entries(written, "x")
    assert left in (text, text + "\n")
    assert with_entries(text, "x", {}) == text


@given(FOREIGN, ENTRIES)
def test_writing_twice_is_writing_once(text: str, entries: dict[str, str]) -> None:
    once = with_entries(text, "x", entries)
    assert with_entries(once, "x", entries) == once


@given(FOREIGN, ENTRIES, ENTRIES)
def test_owners_do_not_touch_each_other(text: str, ours: dict[str, str], theirs: dict[str, str]) -> None:
    both = with_entries(with_entries(text, "theirs", theirs), "ours", ours)
    assert without_entries(both, "ours") in (
        with_entries(text, "theirs", theirs),
        with_entries(text, "theirs", theirs) + "\n",
    )


def test_foreign_line_inside_our_lines_survives() -> None:
    text = with_entries("127.0.0.1 localhost\n", "x", {"a.test": "127.0.0.2", "b.test": "127.0.0.3"})
    lines = text.splitlines(keepends=True)
    edited = "".join([*lines[:2], "10.0.0.1 mine\n", *lines[2:]])
    assert without_entries(edited, "x") == "127.0.0.1 localhost\n10.0.0.1 mine\n"


def test_file_keeps_mode_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(b"127.0.0.1 localhost\r\n# caf\xe9\n")
    path.chmod(0o640)
    hosts = HostsFile(path, "x")
    hosts.set({"a.test": "127.0.0.2"})
    assert hosts.entries() == ["127.0.0.2 a.test # added by x"]
    assert path.stat().st_mode & 0o777 == 0o640
    hosts.clear()
    assert path.read_bytes() == b"127.0.0.1 localhost\r\n# caf\xe9\n"
    assert list(tmp_path.iterdir()) == [path]


def test_unchanged_file_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    hosts = HostsFile(path, "x")
    hosts.set({"a.test": "127.0.0.2"})
    before = path.stat()
    hosts.set({"a.test": "127.0.0.2"})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        HostsFile(path, "x").set({"a.test": "127.0.0.2"})
    assert path.read_text() == "127.0.0.1 localhost\n"


def test_a_mounted_file_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hosts"
    long_line = "127.0.0.1 localhost and a line that is longer than ours\n"
    path.write_text(long_line)
    inode = path.stat().st_ino

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    hosts = HostsFile(path, "x")
    hosts.set({"a.test": "127.0.0.2"})
    assert path.read_text() == long_line + "127.0.0.2 a.test # added by x\n"
    hosts.clear()
    assert path.read_text() == long_line
    assert path.stat().st_ino == inode
    assert list(tmp_path.iterdir()) == [path]
