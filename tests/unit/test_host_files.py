"""The module that writes several files of a host."""

from __future__ import annotations

import grp
import json
import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.modules import host_files

ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


def options(**given: object) -> dict[str, object]:
    texts: dict[str, object] = {"content": None, "merge": None, "settings": None}
    return {"state": "file", "force": True, "mode": None, **texts, **ME, **given}


def put(path: Path, **given: object) -> bool:
    """Do what the module does to one file; whether that changed it."""
    before = host_files.found(path)
    after = host_files.plan(before, options(**given))
    if before != after:
        host_files.write(after)
    assert host_files.found(path) == after
    return before != after


def test_a_file_is_written_once_with_its_directories(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c.conf"
    assert put(path, content="x = é\n")
    assert not put(path, content="x = é\n")
    assert path.read_text() == "x = é\n"
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "a", tmp_path / "a/b")} == {0o755}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("change", [{"content": "y"}, {"mode": "0600"}])
def test_text_and_mode_are_both_looked_at(tmp_path: Path, change: dict[str, str]) -> None:
    path = tmp_path / "file"
    put(path, content="x")
    assert put(path, **{"content": "x", **change})


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    path = tmp_path / "file"
    path.symlink_to("other")
    assert put(path, content="theirs")
    assert not path.is_symlink()
    put(path, content="ours")
    assert (tmp_path / "other").read_text() == "theirs"


def test_what_is_no_text_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xfe")
    assert put(path, content="x")


def test_merging_keeps_what_is_somebody_elses(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"lab": {"auth": "bGFi"}}, "credHelpers": {"lab": "pass"}}')
    keys = {"credHelpers": {"ecr": "ecr-login"}}
    assert put(path, merge=keys)
    assert json.loads(path.read_text()) == {
        "auths": {"lab": {"auth": "bGFi"}},
        "credHelpers": {"lab": "pass", "ecr": "ecr-login"},
    }
    assert not put(path, merge=keys)


def test_merging_leaves_the_text_alone_where_nothing_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"b":1,\n"a":{"c" :2}}')
    path.chmod(0o644)
    assert not put(path, merge={"a": {"c": 2}})


def test_settings_stand_once_and_other_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "login.defs"
    path.write_text("# PASS_MIN_DAYS 9\nPASS_MIN_DAYS\t0\nUMASK\t\t022\nPASS_MIN_DAYS 5\n")
    assert put(path, settings={"PASS_MIN_DAYS": 1, "UMASK": "022", "FAILLOG_ENAB": "yes"})
    assert path.read_text() == "# PASS_MIN_DAYS 9\nPASS_MIN_DAYS 1\nUMASK\t\t022\nFAILLOG_ENAB yes\n"
    assert not put(path, settings={"PASS_MIN_DAYS": 1, "UMASK": "022", "FAILLOG_ENAB": "yes"})


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_what_cannot_be_merged_into_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(host_files.RefusedError, match=r"Failed to read .*config.json.*Correct or remove"):
        put(path, merge={"a": 1})
    assert path.read_text() == text


@pytest.mark.parametrize(
    "given", [{}, {"content": "", "merge": {}}, {"content": "", "owner": "no-such-user"}]
)
def test_options_that_say_nothing_or_too_much_are_refused(tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(host_files.RefusedError, match="Failed to write"):
        put(tmp_path / "file", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_has_a_mode_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a/b"
    assert put(path, state="directory", mode="0750")
    assert not put(path, state="directory", mode="0750")
    assert path.is_dir()
    assert put(path, state="directory")
    assert path.stat().st_mode & 0o777 == 0o755


def test_a_text_that_is_somebody_elses_stays_but_not_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "map"
    assert put(path, content="", force=False)
    path.write_text("theirs")
    assert not put(path, content="", force=False)
    assert put(path, content="", force=False, mode="0600")
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("state", ["file", "directory"])
def test_what_is_in_the_place_of_the_other_kind_is_not_touched(tmp_path: Path, state: str) -> None:
    path = tmp_path / "one"
    if state == "file":
        path.mkdir()
    else:
        path.write_text("theirs")
    with pytest.raises(host_files.RefusedError, match="in its place"):
        host_files.plan(host_files.found(path), options(state=state, content="x"))


def test_a_directory_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(host_files.RefusedError, match="has no content"):
        host_files.plan(host_files.found(tmp_path), options(state="directory", content="x"))


def test_in_check_mode_an_owner_may_be_yet_to_come(tmp_path: Path) -> None:
    before, wanted = host_files.found(tmp_path / "one"), options(content="x", group="nobody-has-this-one")
    assert host_files.plan(before, wanted, check_mode=True) != before
    with pytest.raises(host_files.RefusedError, match="Create the owner first"):
        host_files.plan(before, wanted)


@pytest.mark.parametrize(("mode", "shown"), [("0644", True), ("0640", True), ("0600", False)])
def test_a_difference_shows_no_text_of_a_file_that_is_its_owners_alone(
    tmp_path: Path, mode: str, shown: bool
) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"registry": {"auth": "theirs"}}}')
    before = host_files.found(path)
    after = host_files.plan(before, options(merge={"credHelpers": {"x": "ours"}}, mode=mode))
    assert ("theirs" in str(host_files.difference(before, after))) is shown
