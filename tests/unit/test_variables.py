"""Names of variables: what an owner may set, and what is said about the rest."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.airlift.stack.plugins.module_utils import arguments
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.inventory import hosts
from ansible_collections.airlift.stack.plugins.module_utils.variables import KNOWN, LAYERS, misspelt

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
    fields = set(StackOptions.__dataclass_fields__)
    assert fields - {"name", "region", "tags"} == set(LAYERS)


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
