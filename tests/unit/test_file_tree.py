"""The module that makes a directory hold exactly the given files."""

from pathlib import Path

from ansible_collections.airlift.stack.plugins.modules import file_tree

FILES = {"program/__init__.py": "", "program/deep/one.py": "print('é')\n"}


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    root = tmp_path / "lib"
    file_tree.write(root, FILES, [])
    assert file_tree.read(root) == FILES
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (root, root / "program", root / "program/deep")} == {
        0o755
    }


def test_what_goes_takes_its_empty_directory_with_it(tmp_path: Path) -> None:
    file_tree.write(tmp_path, FILES, [])
    file_tree.write(tmp_path, {}, ["program/deep/one.py"])
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "program",
        "program/__init__.py",
    ]


def test_a_file_may_become_a_directory(tmp_path: Path) -> None:
    file_tree.write(tmp_path, {"a": "x"}, [])
    file_tree.write(tmp_path, {"a/b": "y"}, ["a"])
    assert file_tree.read(tmp_path) == {"a/b": "y"}


def test_what_is_not_as_written_counts_as_other(tmp_path: Path) -> None:
    file_tree.write(tmp_path, {"a": "x", "b": "x", "c": "x"}, [])
    (tmp_path / "a").chmod(0o666)
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    (tmp_path / "c").unlink()
    (tmp_path / "c").symlink_to(tmp_path / "a")
    assert file_tree.read(tmp_path) == {"a": None, "b": None, "c": None}


def test_a_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert file_tree.read(tmp_path / "nowhere") == {}
