"""Every role: its variables are documented where they are looked for, and named after it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.action.config_files import ActionModule
from ansible_collections.airlift.stack.plugins.module_utils.role_preflight import System

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
STEPS = ("preflight", "install", "configure", "service")
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "list": list,
    "dict": dict,
    "float": (int, float),
    "path": str,
}
TASK_FILE_LINES = 80
CONFIG_FILES = "airlift.stack.config_files"
PREFLIGHT = "airlift.stack.role_preflight"


def load(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text())


def defaults(role: str) -> dict[str, object]:
    """The role's variables."""
    found: dict[str, object] = load(ROOT / "roles" / role / "defaults/main.yml")
    return found


def tasks(role: str) -> list[tuple[Path, dict[str, Any]]]:
    """The role's tasks and handlers, those in blocks too, each with its file."""

    def flat(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        inner = [
            part for task in listed for key in ("block", "rescue", "always") for part in task.get(key, [])
        ]
        return [*listed, *(flat(inner) if inner else [])]

    root = ROOT / "roles" / role
    files = [*sorted(root.glob("tasks/*.yml")), root / "handlers/main.yml"]
    return [(path, task) for path in files if path.exists() for task in flat(load(path))]


def files(role: str) -> list[dict[str, Any]]:
    """The entries of the lists of files that stand in the role's tasks."""
    listed = [task[CONFIG_FILES]["files"] for _, task in tasks(role) if CONFIG_FILES in task]
    return [file for one in listed if isinstance(one, list) for file in one]


def names(value: str | list[str] | None) -> list[str]:
    """What is one name or several, as a list."""
    return [value] if isinstance(value, str) else value or []


def test_there_are_roles() -> None:
    assert {"host_baseline", "docker_engine", "edge_proxy", "inference", "cli_client"} <= set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_argument_specs_and_defaults_are_equal(role: str) -> None:
    options = load(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == defaults(role)
    for name, option in options.items():
        assert isinstance(option["default"], TYPES[option["type"]]), name
        assert option["type"] == "bool" or not isinstance(option["default"], bool), name
        assert option["description"].endswith("."), name


@pytest.mark.parametrize("role", ROLES)
def test_variables_are_named_after_the_role(role: str) -> None:
    assert [name for name in defaults(role) if not name.startswith(f"{role}_")] == []
    internal = ROOT / "roles" / role / "vars/main.yml"
    names = list(load(internal)) if internal.exists() else []
    for _, task in tasks(role):
        names += [task["register"]] if "register" in task else []
        names += list(task.get("vars", {}))
    assert [name for name in names if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_used_and_none_is_misspelt(role: str) -> None:
    root = ROOT / "roles" / role
    files = [
        path for part in ("tasks", "templates", "handlers", "vars") for path in (root / part).glob("**/*")
    ]
    text = "\n".join(path.read_text() for path in files if path.is_file())
    used = set(re.findall(rf"\b(?<!__)({role}_[a-z0-9_]+)", text)) - {f"{role}_{step}" for step in STEPS}
    assert used == set(defaults(role))


@pytest.mark.parametrize("role", ROLES)
def test_readme_names_every_variable_and_shows_an_example(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text()
    assert [name for name in defaults(role) if f"`{name}`" not in text] == []
    assert f"role: airlift.stack.{role}" in text


@pytest.mark.parametrize("role", ROLES)
def test_main_imports_the_four_steps_with_their_tags(role: str) -> None:
    main = load(ROOT / "roles" / role / "tasks/main.yml")
    assert [task["ansible.builtin.import_tasks"] for task in main] == [f"{step}.yml" for step in STEPS]
    assert [task["tags"] for task in main] == [[role, f"{role}_{step}"] for step in STEPS]


@pytest.mark.parametrize("role", ROLES)
def test_tasks_are_named_after_their_file_and_hide_nothing(role: str) -> None:
    for path, task in tasks(role):
        if path.parent.name == "tasks" and path.name != "main.yml":
            assert task["name"].startswith(f"{path.stem.capitalize()} | "), task["name"]
        assert "ignore_errors" not in task, task["name"]
        assert "ansible.builtin.set_fact" not in task, task["name"]
        assert "ansible.builtin.shell" not in task, task["name"]
        assert len(path.read_text().splitlines()) <= TASK_FILE_LINES, path


@pytest.mark.parametrize("role", ROLES)
def test_every_handler_exists_and_is_notified(role: str) -> None:
    path = ROOT / "roles" / role / "handlers/main.yml"
    handlers = load(path) if path.exists() else []
    known = {one["name"] for one in handlers} | {
        name for one in handlers for name in names(one.get("listen"))
    }
    notified = {name for _, task in tasks(role) for name in names(task.get("notify"))}
    notified |= {name for file in files(role) for name in names(file.get("notify"))}
    assert notified <= known
    assert [one["name"] for one in handlers if not {one["name"], *names(one.get("listen"))} & notified] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_file_says_itself_what_it_notifies(role: str) -> None:
    text = "".join(path.read_text() for path in (ROOT / "roles" / role).glob("*/*.yml"))
    assert not re.search(r"\.written\b|\[.written.\]", text)


@pytest.mark.parametrize("role", ROLES)
def test_every_file_is_in_the_words_of_the_action_and_its_source_is_there(role: str) -> None:
    for file in files(role):
        assert set(file) <= set(ActionModule.spec["files"]["options"]), file
        source = file.get("src", "")
        if source and "{{" not in source:
            folder = "templates" if source.endswith(".j2") else "files"
            assert (ROOT / "roles" / role / folder / source).is_file(), source


@pytest.mark.parametrize("role", ROLES)
def test_every_template_and_file_is_used(role: str) -> None:
    root = ROOT / "roles" / role
    text = "".join(path.read_text() for part in ("tasks", "vars") for path in (root / part).glob("*.yml"))
    assert [path.name for path in root.glob("templates/*") if path.name not in text] == []


def test_every_unit_of_the_release_agent_is_installed() -> None:
    units = {path.name for path in (ROOT / "inference/agent/systemd").iterdir()}
    found = {Path(file["dest"]).name for file in files("inference") if "/systemd/" in file["dest"]}
    assert found == units


@pytest.mark.parametrize("role", ROLES)
def test_every_assertion_says_what_to_do(role: str) -> None:
    for _, task in tasks(role):
        if "ansible.builtin.assert" in task:
            message = task["ansible.builtin.assert"]["fail_msg"]
            assert message.startswith("Failed to "), task["name"]
            assert re.search(r"\. [A-Z]\w+ .+", message, re.DOTALL) or ": " in message, task["name"]


@pytest.mark.parametrize("role", ROLES)
def test_a_misspelt_variable_is_refused_first(role: str) -> None:
    first = load(ROOT / "roles" / role / "tasks/preflight.yml")[0]
    assert first["name"].startswith("Preflight | Check the variables' names")
    assert PREFLIGHT in first
    assert first.keys() <= {"name", PREFLIGHT}, "nothing may skip it"


@pytest.mark.parametrize("role", ROLES)
def test_preflight_gathers_every_fact_that_the_role_reads_and_no_other(role: str) -> None:
    checks = [task[PREFLIGHT] or {} for _, task in tasks(role) if PREFLIGHT in task]
    asked = {fact for check in checks for fact in check.get("facts", [])}
    if any("purpose" in check for check in checks):
        asked |= set(System.FACTS)
    files = [path for path in (ROOT / "roles" / role).rglob("*") if path.suffix in {".yml", ".j2"}]
    text = "\n".join(path.read_text() for path in files)
    read = set(re.findall(r"ansible_facts\['([a-z0-9_]+)'\]", text))
    assert len(read) == 0 or len(re.findall("ansible_facts", text)) == len(
        re.findall(r"ansible_facts\['", text)
    )
    assert read <= asked
    assert asked - set(System.FACTS) <= read
    assert "ansible.builtin.setup" not in text


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"cli_client"}))
def test_preflight_checks_the_operating_system(role: str) -> None:
    checks = [
        task[PREFLIGHT] or {} for path, task in tasks(role) if PREFLIGHT in task and path.stem == "preflight"
    ]
    assert [check["purpose"] for check in checks if "purpose" in check] != []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_scenario_that_converges_it(role: str) -> None:
    scenario = ROOT / "molecule" / role
    assert load(scenario / "molecule.yml")["scenario"]["name"] == role
    assert f"airlift.stack.{role}" in (scenario / "converge.yml").read_text()
    assert list(scenario.glob("tests/**/test_*.py"))


def steps(scenario: str) -> list[str]:
    """The steps of a scenario's sequence; a scenario that has none of its own follows the shared one."""
    own = load(ROOT / "molecule" / scenario / "molecule.yml")["scenario"].get("test_sequence")
    found: list[str] = own or load(ROOT / ".config/molecule/config.yml")["scenario"]["test_sequence"]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_checked_converged_twice_broken_converged_and_verified(role: str) -> None:
    words = [step.split()[0] for step in steps(role)]
    main = ["check", "converge", "idempotence", "side_effect", "converge", "verify"]
    assert words[: 3 + len(main)] == ["destroy", "create", "prepare", *main]
    assert words[-1] == "destroy"


@pytest.mark.parametrize(
    "scenario", sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
)
def test_a_scenario_runs_every_playbook_that_it_has(scenario: str) -> None:
    named = {word for step in steps(scenario) for word in step.split()[1:]}
    own = {path.name for path in (ROOT / "molecule" / scenario).glob("*.yml")} - {"molecule.yml"}
    assert own - {"prepare.yml", "converge.yml", "side_effect.yml"} <= named
    if "side_effect" in {step.split()[0] for step in steps(scenario)}:
        # Molecule passes over all side effects, with a warning, where there is none of the usual name.
        playbooks = (
            load(ROOT / "molecule" / scenario / "molecule.yml").get("provisioner", {}).get("playbooks", {})
        )
        usual = playbooks.get("side_effect", "side_effect.yml")
        assert (ROOT / "molecule" / scenario / usual).is_file()


def test_debian_12_converges_every_role_and_runs_its_tests() -> None:
    verified, text = set[Path](), ""
    for name in ("debian_12", "debian_12_others"):
        scenario = ROOT / "molecule" / name
        words = {word for step in steps(name) if step.startswith("verify") for word in step.split()[1:]}
        verified |= {(scenario / word).resolve() for word in words}
        text += "".join(path.read_text() for path in scenario.glob("*.yml"))
        images = {platform["image"] for platform in load(scenario / "molecule.yml")["platforms"]}
        assert images == {"localcloud/debian-12"}
    tested = {path.parent for path in (ROOT / "molecule").glob("*/tests/**/test_*.py")}
    assert tested - verified == {ROOT / "molecule/docker_engine/tests/vendor"}
    for role in {*ROLES, "default"}:
        assert f"import_playbook: ../{role}/converge.yml" in text, role


@pytest.mark.parametrize("scenario", sorted({*ROLES, "default"}))
def test_every_other_scenario_is_of_debian_13(scenario: str) -> None:
    own = load(ROOT / "molecule" / scenario / "molecule.yml").get("platforms")
    platforms = own or load(ROOT / ".config/molecule/config.yml")["platforms"]
    assert {platform["image"] for platform in platforms} == {"localcloud/debian-13"}
