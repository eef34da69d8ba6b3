"""Which stages of the tests a change can have broken: ``scripts/test --changed`` asks it.

Decided from the paths that differ from the branch ``main``. A path that no rule knows can have broken
everything.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("lint", "unit", "integration", "molecule", "e2e")
COLLECTION = "ansible_collections.airlift.stack."
ALL_SCENARIOS = frozenset({"*"})
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Selection:
    """Stages to run, and the scenarios that Molecule runs in its stage."""

    stages: frozenset[str] = NONE
    scenarios: frozenset[str] = NONE

    def __or__(self, other: Selection) -> Selection:
        """Return both together."""
        return Selection(self.stages | other.stages, self.scenarios | other.scenarios)

    def words(self) -> list[str]:
        """Return it as scripts/test takes it, in the order of the stages."""
        some = "" if "*" in self.scenarios else f"={','.join(sorted(self.scenarios))}"
        return [stage + (some if stage == "molecule" else "") for stage in STAGES if stage in self.stages]


EVERYTHING = Selection(frozenset(STAGES), ALL_SCENARIOS)


@dataclass(frozen=True)
class Tree:
    """What is known of each scenario.

    The plugins that its roles run, with what these import; its roles; itself and the scenarios whose files
    it takes.
    """

    plugins_of_scenario: Mapping[str, Collection[str]]
    roles_of_scenario: Mapping[str, Collection[str]]
    parts_of_scenario: Mapping[str, Collection[str]]


def _some(*stages: str, scenarios: Iterable[str] = ()) -> Selection:
    chosen = frozenset(scenarios)
    return Selection(frozenset(stages) | ({"molecule"} if chosen else NONE), chosen)


RULES: tuple[tuple[str, Selection], ...] = (
    (r"(docs/.+|.+\.md|LICENSE|roles/[^/]+/meta/main\.yml)", _some("lint", "unit")),
    (r"tests/(unit|refusals)/.+", _some("lint", "unit")),
    (r"tests/integration/.+", _some("lint", "integration")),
    (r"tests/e2e/.+", _some("lint", "e2e")),
    (r"tests/bench/.+", _some("lint", "unit")),
    (r"tests/(operator/.+|host_calls\.py)", _some("lint", "integration", "e2e")),
    (r"tests/torture/.+", _some("lint")),
    (r"(tests/clients/.+|scripts/clients)", _some("lint", "unit")),
    (r"(molecule/shared|\.config/molecule)/.+", _some("lint", "unit", scenarios=ALL_SCENARIOS)),
    (r"localcloud/tests/.+", _some("lint", "integration")),
    (r"localcloud/[^/]+\.py", _some("lint", "integration", "e2e")),
    (r"inference/tests/.+", _some("lint", "unit", "integration")),
    (r"inference/(?!agent/).+", _some("lint", "unit", "integration", "e2e")),
    (r"(playbooks/.+|site\.yml|inventory/.+)", _some("lint", "unit", "integration", "e2e")),
)


def select(paths: Iterable[str], tree: Tree) -> Selection:
    """Return what a change of ``paths`` can have broken."""
    chosen = Selection()
    for path in paths:
        chosen |= _select_one(path, tree)
    return chosen


def _select_one(path: str, tree: Tree) -> Selection:
    for pattern, selection in RULES:
        if re.fullmatch(pattern, path):
            return selection
    if found := re.fullmatch(r"roles/([^/]+)/.+", path):
        return _some("lint", "unit", "e2e", scenarios=_having(found[1], tree.roles_of_scenario))
    # The role inference installs it.
    if path.startswith("inference/agent/"):
        scenarios = _having("inference", tree.roles_of_scenario)
        return _some("lint", "unit", "integration", "e2e", scenarios=scenarios)
    if found := re.fullmatch(r"molecule/([^/]+)/.+", path):
        return _some("lint", "unit", scenarios=_having(found[1], tree.parts_of_scenario))
    if re.fullmatch(r"plugins/.+\.py", path):
        scenarios = _having(path, tree.plugins_of_scenario)
        return _some("lint", "unit", "integration", "e2e", scenarios=scenarios)
    return EVERYTHING


def _having(part: str, of_scenario: Mapping[str, Collection[str]]) -> list[str]:
    return [scenario for scenario, parts in of_scenario.items() if part in parts]


def imported(path: str, text: str, known: Collection[str]) -> set[str]:
    """Return the files of ``known`` that a plugin imports."""
    package = path.removesuffix(".py").split("/")[:-1]
    modules: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])]).removeprefix(COLLECTION)
            modules |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name.removeprefix(COLLECTION) for alias in node.names}
    files = {name.replace(".", "/") + end for name in modules for end in (".py", "/__init__.py")}
    return files & set(known)


def reached(starts: Iterable[str], imports: Mapping[str, Collection[str]]) -> set[str]:
    """Return ``starts`` and everything that they import, directly or not."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports.get(path, ())
    return found


def read_tree(root: Path) -> Tree:
    """Look what the scenarios have: the roles and plugins that they, or those whose files they take, name."""
    files = {str(path.relative_to(root)): path.read_text() for path in (root / "plugins").rglob("*.py")}
    imports = {path: imported(path, text, files) for path, text in files.items()}
    texts = {
        path.parent.name: _text(path.parent) for path in sorted((root / "molecule").glob("*/molecule.yml"))
    }
    taken = {name: set(re.findall(r"\.\./(\w+)/", text)) & set(texts) for name, text in texts.items()}
    parts = {name: reached([name], taken) for name in texts}
    known = {path.name for path in root.glob("roles/*")}
    plugins: dict[str, set[str]] = {}
    roles: dict[str, set[str]] = {}
    for name in texts:
        text = "".join(texts[part] for part in sorted(parts[name]))
        roles[name] = set(re.findall(r"airlift\.stack\.(\w+)", text)) & known
        text += "".join(_text(root / "roles" / role) for role in sorted(roles[name]))
        names = set(re.findall(r"airlift\.stack\.(\w+)", text))
        plugins[name] = reached([path for path in files if _plugin(path) in names], imports)
    return Tree(plugins, roles, parts)


def _plugin(path: str) -> str:
    kind, _, name = path.removeprefix("plugins/").partition("/")
    return name.removesuffix(".py") if kind in ("action", "filter", "lookup", "modules") else ""


def _text(directory: Path) -> str:
    return "".join(path.read_text() for path in sorted(directory.rglob("*.yml")))


def changed_paths(root: Path) -> list[str]:
    """Return the paths that differ from where this branch left ``main``, those not yet added too."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    branches = git("for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/remotes/origin/main")
    base = git("merge-base", "HEAD", branches[0])[0] if branches else "HEAD"
    return [
        *git("diff", "--name-only", "--no-renames", base),
        *git("ls-files", "--others", "--exclude-standard"),
    ]


def main() -> None:
    """Print the stages that the change at hand can have broken, for scripts/test."""
    try:
        paths = changed_paths(ROOT)
    except subprocess.CalledProcessError as error:
        sys.exit(f"Failed to ask git what changed: {error.stderr.strip()} Run all tests: make test.")
    print(*select(paths, read_tree(ROOT)).words())


if __name__ == "__main__":
    main()
