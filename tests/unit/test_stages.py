"""Which tests a change can have broken, and what scripts/test knows of its stages."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.stages import EVERYTHING, ROOT, STAGES, Selection, Tree, imported, reached, read_tree, select

TREE = Tree(
    {
        "edge_proxy": {"plugins/modules/packages.py", "plugins/module_utils/text.py"},
        "inference": {"plugins/modules/packages.py"},
    },
    {
        "edge_proxy": {"edge_proxy"},
        "inference": {"inference"},
        "cli_client": {"cli_client"},
        "default": {"edge_proxy", "inference"},
        "others": {"cli_client"},
    },
    {"edge_proxy": {"edge_proxy"}, "cli_client": {"cli_client"}, "others": {"others", "cli_client"}},
)
ALL = ["lint", "unit", "integration", "molecule", "e2e"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("docs/quickstart.md", ["lint", "unit"]),
        ("README.md", ["lint", "unit"]),
        ("roles/edge_proxy/README.md", ["lint", "unit"]),
        (
            "roles/edge_proxy/tasks/main.yml",
            ["lint", "unit", "molecule=default,edge_proxy", "e2e"],
        ),
        (
            "molecule/cli_client/prepare.yml",
            ["lint", "unit", "molecule=cli_client,others"],
        ),
        ("molecule/shared/create.yml", ["lint", "unit", "molecule"]),
        (".config/molecule/config.yml", ["lint", "unit", "molecule"]),
        ("plugins/module_utils/text.py", ["lint", "unit", "integration", "molecule=edge_proxy", "e2e"]),
        (
            "plugins/modules/packages.py",
            ["lint", "unit", "integration", "molecule=edge_proxy,inference", "e2e"],
        ),
        ("plugins/module_utils/reconcile/plan.py", ["lint", "unit", "integration", "e2e"]),
        (
            "inference/agent/airlift_agent/plan.py",
            ["lint", "unit", "integration", "molecule=default,inference", "e2e"],
        ),
        ("inference/tests/test_plan.py", ["lint", "unit", "integration"]),
        ("localcloud/ec2.py", ["lint", "integration", "e2e"]),
        ("localcloud/image/Dockerfile", ALL),
        ("localcloud/tests/test_ec2.py", ["lint", "integration"]),
        ("playbooks/preflight.yml", ["lint", "unit", "integration", "e2e"]),
        ("tests/unit/test_cost.py", ["lint", "unit"]),
        ("tests/refusals/tables/edge_proxy.yml", ["lint", "unit"]),
        ("tests/clients/script.py", ["lint", "unit"]),
        ("tests/integration/cloud.py", ["lint", "integration"]),
        ("tests/e2e/conftest.py", ["lint", "e2e"]),
        ("tests/pki.py", ALL),
        ("requirements.lock", ALL),
        ("scripts/setup", ALL),
        ("something/new.txt", ALL),
    ],
)
def test_a_path_selects_what_it_can_have_broken(path: str, words: list[str]) -> None:
    assert select([path], TREE).words() == words


def test_paths_add_up_and_no_path_selects_nothing() -> None:
    both = select(["docs/quickstart.md", "tests/e2e/conftest.py"], TREE)
    assert both.words() == ["lint", "unit", "e2e"]
    assert select([], TREE) == Selection()
    assert select(["docs/quickstart.md", "Makefile"], TREE) == EVERYTHING


def test_imports_are_found_however_they_are_written() -> None:
    known = ["plugins/module_utils/a.py", "plugins/module_utils/b/__init__.py", "plugins/module_utils/b/c.py"]
    absolute = "from ansible_collections.airlift.stack.plugins.module_utils.a import thing\n"
    assert imported("plugins/modules/m.py", absolute, known) == {known[0]}
    assert imported("plugins/modules/m.py", "from ..module_utils.b import c\n", known) == set(known[1:])
    assert imported("plugins/module_utils/b/c.py", "from ..a import thing\nimport json\n", known) == {
        known[0]
    }


def test_what_is_imported_by_way_of_another_is_reached() -> None:
    imports = {"a": ["b"], "b": ["c", "a"], "d": ["a"]}
    assert reached(["a"], imports) == {"a", "b", "c"}


def test_the_tree_knows_what_the_roles_run() -> None:
    plugins = read_tree(ROOT).plugins_of_scenario
    for scenario in ("edge_proxy", "default", "debian_12"):
        assert "plugins/module_utils/role_preflight.py" in plugins[scenario], scenario
        assert "plugins/module_utils/option_schema/reading.py" in plugins[scenario], scenario
    assert "plugins/lookup/zipapp.py" in plugins["inference"]
    assert "plugins/modules/llm_model.py" in plugins["debian_12_others"]
    assert "plugins/modules/llm_model.py" not in plugins["edge_proxy"]
    assert not any("/reconcile/" in path for path in plugins["edge_proxy"])


@pytest.mark.parametrize(
    ("path", "scenarios"),
    [
        ("roles/edge_proxy/tasks/main.yml", {"debian_12", "default", "edge_proxy"}),
        ("roles/cli_client/tasks/main.yml", {"debian_12_others", "cli_client"}),
        ("roles/nvidia_driver/tasks/main.yml", {"debian_12_others", "nvidia_driver"}),
        ("inference/agent/airlift_agent/plan.py", {"debian_12", "debian_12_others", "default", "inference"}),
        ("molecule/edge_proxy/tests/test_traffic.py", {"debian_12", "edge_proxy"}),
        ("molecule/nvidia_driver/prepare.yml", {"debian_12_others", "nvidia_driver"}),
        (
            "molecule/inference/files/fake_parameters.py",
            {"debian_12", "debian_12_others", "default", "inference"},
        ),
        (
            "plugins/lookup/zipapp.py",
            {"debian_12", "debian_12_others", "default", "inference", "nvidia_driver"},
        ),
    ],
)
def test_a_whole_host_is_tried_only_for_what_is_on_it(path: str, scenarios: set[str]) -> None:
    assert select([path], read_tree(ROOT)).scenarios == scenarios


def test_every_top_level_directory_that_is_known_is_there() -> None:
    for name in ("docs", "molecule", "localcloud", "inference", "playbooks", "inventory", "plugins", "roles"):
        assert (ROOT / name).is_dir(), name


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts/test", *arguments], capture_output=True, text=True, check=False)


def test_a_misspelt_stage_is_told_with_those_that_there_are() -> None:
    said = script("intgration")
    assert said.returncode == 1
    assert said.stderr == (
        f"airlift: there is no stage 'intgration'. There are: {' '.join(STAGES)};"
        " molecule=<scenario>,… runs some scenarios.\n"
    )


def test_a_misspelt_scenario_is_told_before_anything_runs() -> None:
    said = script("molecule=edge_proxi")
    assert said.returncode == 1
    assert "there is no scenario 'edge_proxi'" in said.stderr
    assert "edge_proxy" in said.stderr


def test_the_budgets_are_those_of_the_documentation_and_make_a_quarter_of_an_hour() -> None:
    declared = dict(re.findall(r"\[(\w+)\]=(\d+)", Path(ROOT / "scripts/test").read_text()))
    written = dict(
        re.findall(r"^\| `?(\w+)`? \|.*\| (\d+) s \|$", (ROOT / "docs/testing.md").read_text(), re.M)
    )
    assert declared.keys() == set(STAGES)
    assert {stage: written[stage] for stage in STAGES} == declared
    assert sum(map(int, declared.values())) == 900
