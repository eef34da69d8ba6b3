"""Names of variables: what an owner may set, and what is said about the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils import arguments
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.inventory import hosts
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.declared import declared
from ansible_collections.airlift.stack.plugins.module_utils.variables import (
    DEFAULTS,
    KNOWN,
    misspelt,
    variable_faults,
)

ROOT = Path(__file__).parents[2]
INSTANCE = hosts.Instance(
    id="i-1",
    key="compute/host/1",
    role="inference",
    state="running",
    zone="us-east-1a",
    type="c7i.large",
    private_address="10.0.1.4",
    account_id="123456789012",
)


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    assert misspelt(["airlift_compte", "ansible_user", "airlift_region"]) == [
        "There is no variable airlift_compte. Did you mean airlift_compute?"
    ]


def test_every_layer_of_a_stack_has_its_variable() -> None:
    for one in declared(StackOptions):
        name = "stack_name" if one.field == "name" else one.field
        assert KNOWN[f"airlift_{name}"].layer == one.layer


def test_the_inventories_set_nothing_unknown() -> None:
    for file in ROOT.glob("inventory/*/group_vars/all.yml"):
        assert misspelt(yaml.safe_load(file.read_text())) == [], file


def test_the_inventories_set_only_options_that_there_are() -> None:
    for file in ROOT.glob("inventory/*/group_vars/all.yml"):
        values = yaml.safe_load(file.read_text())
        for layer in arguments.LAYERS.keys() & {name.removeprefix("airlift_") for name in values}:
            assert values[f"airlift_{layer}"].keys() <= arguments.LAYERS[layer]["options"].keys(), file


def test_the_inventory_for_an_account_shows_every_option() -> None:
    text = (ROOT / "inventory/aws/group_vars/all.yml").read_text()
    options = {option for layer in arguments.LAYERS.values() for option in layer["options"]}
    shown = set(re.findall(r"^[# ]*([a-z_0-9]+):", text, re.M))
    assert options - shown == set()


def test_the_playbooks_read_nothing_unknown_and_leave_nothing_unread() -> None:
    sources = [ROOT / "plugins/inventory/airlift.py", *(ROOT / "playbooks").rglob("*.*")]
    sources += (ROOT / "inventory").rglob("*.yml")
    text = "\n".join(file.read_text() for file in sources)
    read = set(re.findall(r"(?<![\w.-])airlift_[a-z_]+(?![\w/.-])", text))
    (host,) = hosts.hosts([INSTANCE], hosts.Access("demo", "us-east-1", "ssh", "admin", Path("known_hosts")))
    of_the_inventory = {"airlift_hosts", *host.variables}
    assert misspelt(read - of_the_inventory) == []
    assert set(KNOWN) - set(re.findall(r"(?<![\w-])airlift_[a-z_]+", text)) == set()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("airlift_stack_name", "hosts", "airlift_stack_name is 'hosts'; it must have 2 to 20"),
        ("airlift_access", "telnet", "airlift_access is 'telnet'; it must be one of ssh, ssm."),
        ("airlift_tags", {"owner": "a&b"}, "tags.owner is 'a&b' with &;"),
        ("airlift_tags", 3, "airlift_tags must be a mapping."),
        ("airlift_compute", 3, "airlift_compute must be a mapping of options."),
        ("airlift_compute", [{"count": 3}], "airlift_compute must be a mapping of options."),
        ("airlift_clis", ["llm", "codx"], "airlift_clis has 'codx'; it may hold llm, codex, claude,"),
        ("airlift_clis", "codex", "airlift_clis must be a list of strings."),
        (
            "airlift_key_grace_hours",
            "a day",
            "airlift_key_grace_hours is 'a day'; it must be a whole number.",
        ),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence(name: str, value: object, says: str) -> None:
    (said,) = variable_faults({name: value})
    assert said.startswith(says)


def test_values_that_can_be() -> None:
    fine = {
        "airlift_stack_name": "demo",
        "airlift_access": "ssm",
        "airlift_tags": {"cost": 3},
        "airlift_clis": ["codex"],
    }
    assert variable_faults(fine) == []


def leaves(values: object) -> Iterator[object]:
    if isinstance(values, dict):
        for value in values.values():
            yield from leaves(value)
    elif isinstance(values, list):
        for value in values:
            yield from leaves(value)
    else:
        yield values


DEFAULT_TEXTS = {value for value in leaves(DEFAULTS) if isinstance(value, str) and not value.isalpha()}
"""Defaults that are more than a word, and so cannot be in a playbook for another reason."""

PLAYS = sorted((ROOT / "playbooks").rglob("*.*"))
NOTHING = ("", "none", "omit", "false", "{}", "[]", "''", "'…'")
"""What stands for "not set", and so is no default of an option."""


def fallbacks(text: str) -> list[str]:
    """Return the literals that stand in for a variable of the owner's, or for something in it."""
    instead = r"\|\s*default\(([^()]*)\)"
    found = re.findall(rf"\bairlift_\w+[^\n|]*{instead}(?:\)\.\w+\s*{instead})?", text)
    literals = [one for pair in found for one in pair if one not in NOTHING]
    return [one for one in literals if not one.startswith("__airlift_")]


INGRESS = {"domain": "a.test", "certificate_file": "a.pem", "private_key_file": "a.key"}


@pytest.mark.parametrize(
    ("ingress", "said"),
    [
        ({}, []),
        ({**INGRESS, "idle_timeout_seconds": 4000}, []),
        (
            {**INGRESS, "idle_timeout_seconds": 5000},
            ["airlift_ingress.idle_timeout_seconds is 5000; it must be between 120 and 4000."],
        ),
        (
            {**INGRESS, "idle_timeuot_seconds": 300},
            [
                "Unknown option airlift_ingress.idle_timeuot_seconds. "
                "Did you mean airlift_ingress.idle_timeout_seconds?"
            ],
        ),
    ],
)
def test_what_is_within_a_layer_is_told_by_the_variable_s_name(ingress: object, said: list[str]) -> None:
    """None of the files has to be there: preflight may be about to make them."""
    assert variable_faults({"airlift_ingress": ingress}) == said


def test_the_texts_are_those_that_were_restated_once() -> None:
    assert {"10.213.0.0/16", "debian:13-slim", "smollm2-135m-instruct", ".airlift"} <= DEFAULT_TEXTS


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: str(play.relative_to(ROOT)))
def test_no_play_restates_a_default(play: Path) -> None:
    text = play.read_text()
    restated = [one for one in DEFAULT_TEXTS if re.search(rf"(?<![\w.]){re.escape(one)}(?![\w.])", text)]
    assert restated == []
    assert fallbacks(text) == []


@pytest.mark.parametrize(
    ("line", "literals"),
    [
        ("{{ airlift_key_grace_hours | default(24) | int }}", ["24"]),
        ("{{ airlift_image_base | default('debian:13-slim') }}", ["'debian:13-slim'"]),
        ("{{ (airlift_ingress | default({})).edge_port | default(8080) }}", ["8080"]),
        ("{{ (airlift_compute | default({})).access | default(__airlift_defaults.compute.access) }}", []),
        ("{{ airlift_embedded_aws | default(true) }}", ["true"]),
    ],
)
def test_this_test_sees_what_it_looks_for(line: str, literals: list[str]) -> None:
    assert fallbacks(line) == literals


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: str(play.relative_to(ROOT)))
def test_no_play_reads_a_private_variable_of_a_role(play: Path) -> None:
    roles = [role.name for role in (ROOT / "roles").iterdir()]
    assert set(re.findall(rf"\b__(?:{'|'.join(roles)})_\w+", play.read_text())) == set()
