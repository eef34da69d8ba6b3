"""The action and the module that write several files of a host, and what they do to one."""

from __future__ import annotations

import copy
import grp
import json
import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.airlift.stack.plugins.action.config_files import ActionModule, concerned
from ansible_collections.airlift.stack.plugins.module_utils import config_file
from ansible_collections.airlift.stack.plugins.module_utils.errors import FileRefusedError
from ansible_collections.airlift.stack.plugins.modules import config_files

pytestmark = pytest.mark.usefixtures("ansible_plugins")
ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


def options(**given: object) -> dict[str, object]:
    texts: dict[str, object] = {"content": None, "json_keys": None, "directives": None}
    return {"state": "file", "force": True, "mode": None, **texts, **ME, **given}


def put(path: Path, **given: object) -> bool:
    """Do what the module does to one file; whether that changed it."""
    before = config_file.read(path)
    after = config_file.plan(before, options(**given))
    if before != after:
        config_file.write(after)
    assert config_file.read(path) == after
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
    assert put(path, json_keys=keys)
    assert json.loads(path.read_text()) == {
        "auths": {"lab": {"auth": "bGFi"}},
        "credHelpers": {"lab": "pass", "ecr": "ecr-login"},
    }
    assert not put(path, json_keys=keys)


def test_merging_leaves_the_text_alone_where_nothing_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"b":1,\n"a":{"c" :2}}')
    path.chmod(0o644)
    assert not put(path, json_keys={"a": {"c": 2}})


def test_directives_stand_once_and_other_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "login.defs"
    path.write_text("# PASS_MIN_DAYS 9\nPASS_MIN_DAYS\t0\nUMASK\t\t022\nPASS_MIN_DAYS 5\n")
    assert put(path, directives={"PASS_MIN_DAYS": 1, "UMASK": "022", "FAILLOG_ENAB": "yes"})
    assert path.read_text() == "# PASS_MIN_DAYS 9\nPASS_MIN_DAYS 1\nUMASK\t\t022\nFAILLOG_ENAB yes\n"
    assert not put(path, directives={"PASS_MIN_DAYS": 1, "UMASK": "022", "FAILLOG_ENAB": "yes"})


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_what_cannot_be_merged_into_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(FileRefusedError, match=r"Failed to read .*config.json.*Correct or remove"):
        put(path, json_keys={"a": 1})
    assert path.read_text() == text


@pytest.mark.parametrize(
    "given", [{}, {"content": "", "json_keys": {}}, {"content": "", "owner": "no-such-user"}]
)
def test_options_that_say_nothing_or_too_much_are_refused(tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(FileRefusedError, match="Failed to write"):
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
    with pytest.raises(FileRefusedError, match="in its place"):
        config_file.plan(config_file.read(path), options(state=state, content="x"))


def test_a_directory_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="has no content"):
        config_file.plan(config_file.read(tmp_path), options(state="directory", content="x"))


def test_in_check_mode_an_owner_may_be_yet_to_come(tmp_path: Path) -> None:
    before, wanted = config_file.read(tmp_path / "one"), options(content="x", group="nobody-has-this-one")
    assert config_file.plan(before, wanted, check_mode=True) != before
    with pytest.raises(FileRefusedError, match="Create the owner first"):
        config_file.plan(before, wanted)


@pytest.mark.parametrize(("mode", "shown"), [("0644", True), ("0640", True), ("0600", False)])
def test_a_difference_shows_no_text_of_a_file_that_is_its_owners_alone(
    tmp_path: Path, mode: str, shown: bool
) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"registry": {"auth": "theirs"}}}')
    before = config_file.read(path)
    after = config_file.plan(before, options(json_keys={"credHelpers": {"x": "ours"}}, mode=mode))
    assert ("theirs" in str(config_file.difference(before, after))) is shown


def test_a_path_begins_at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileRefusedError, match="Begin dest with a slash"):
        put(Path("file"), content="x")
    assert list(tmp_path.iterdir()) == []


class Action(ActionModule):
    """The action, with a note of what the host is told and an answer of its own."""

    def __init__(
        self, role: Path, arguments: dict[str, Any], notify: list[str] | None, answer: dict[str, Any]
    ):
        task = SimpleNamespace(args=arguments, check_mode=False, async_val=0, notify=notify)
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="/nowhere"))
        loader = DataLoader()
        super().__init__(task, connection, None, loader, Templar(loader))
        self.role, self.answer = role, answer
        self.told: list[dict[str, Any]] = []

    def _find_needle(self, dirname: str, needle: str) -> str:
        return str(self.role / dirname / needle)

    def _execute_module(self, _name: str, arguments: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        del task_vars
        self.told = copy.deepcopy(arguments["files"])
        return dict(self.answer)


@pytest.fixture
def role(tmp_path: Path) -> Path:
    for folder in ("templates", "files"):
        (tmp_path / folder).mkdir()
    (tmp_path / "templates/a.conf.j2").write_text("# {{ ansible_managed }}\nsize = {{ size }}\n\n")
    (tmp_path / "templates/b.conf.j2").write_text("{{ nowhere }}\n")
    (tmp_path / "files/a.sh").write_text("echo {{ size }}\n")
    return tmp_path


def run(role: Path, *files: dict[str, Any], **given: Any) -> Action:
    answer = {"changed": True, "written": given.get("written", [])}
    action = Action(role, {"files": list(files)}, given.get("notify"), answer)
    assert action.run(task_vars={"ansible_search_path": [str(role)], "size": 3})["changed"]
    return action


def test_a_template_is_rendered_and_another_file_is_copied(role: Path) -> None:
    told = run(role, {"src": "a.conf.j2", "dest": "/a"}, {"src": "a.sh", "dest": "/b", "mode": "0755"}).told
    assert [one["content"] for one in told] == ["# Ansible managed\nsize = 3\n\n", "echo {{ size }}\n"]
    assert told[1] == {
        "dest": "/b",
        "state": "file",
        "content": "echo {{ size }}\n",
        "force": True,
        "mode": "0755",
        "owner": "root",
        "group": "root",
    }


@pytest.mark.parametrize(
    "src", ["b.conf.j2", "c.conf.j2", "c.sh"], ids=["undefined", "no template", "no file"]
)
def test_a_source_that_cannot_be_had_names_its_file(role: Path, src: str) -> None:
    with pytest.raises(AnsibleActionFail, match="Failed to write /a: "):
        run(role, {"src": src, "dest": "/a"})


def test_two_sources_are_refused(role: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="mutually exclusive"):
        run(role, {"src": "a.sh", "content": "x", "dest": "/a"})


@pytest.mark.parametrize(
    ("written", "notified"),
    [
        (["/a"], ["always", "one", "both"]),
        (["/b"], ["always", "both"]),
        (["/b", "/a"], ["always", "one", "both"]),
        ([], ["always"]),
    ],
)
def test_handlers_are_notified_by_the_files_that_changed(
    role: Path, written: list[str], notified: list[str]
) -> None:
    first = {"content": "x", "dest": "/a", "notify": ["one", "both"]}
    action = run(
        role, first, {"content": "y", "dest": "/b", "notify": "both"}, written=written, notify=["always"]
    )
    assert action._task.notify == notified


def test_a_handler_is_notified_once() -> None:
    assert concerned([{"dest": path, "notify": ["one"]} for path in ("/a", "/b")], ["/a", "/b"]) == ["one"]


def test_what_is_documented_is_what_is_taken() -> None:
    documented = yaml.safe_load(config_files.DOCUMENTATION)["options"]["files"]["suboptions"]
    taken = ActionModule.spec["files"]["options"]

    def facts(options: dict[str, Any]) -> dict[str, Any]:
        words = ("type", "elements", "required", "default", "choices")
        return {name: {word: one[word] for word in words if word in one} for name, one in options.items()}

    assert facts(documented) == facts(taken)
