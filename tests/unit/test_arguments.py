"""An option is written once: spec, documentation and checks of a stack follow from the dataclasses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils import arguments
from ansible_collections.airlift.stack.plugins.module_utils.arguments import (
    CONNECTION,
    LAYERS,
    LOCK,
    PREFLIGHT,
    RUNS,
    STACK,
    STACK_CLASSES,
    STACK_INFO,
    faults,
    stack_options,
)
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack import BY_NAME
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.declared import declared
from ansible_collections.airlift.stack.plugins.modules import aws_stack, aws_stack_info
from ansible_collections.airlift.stack.plugins.plugin_utils.in_process_action import converted

from tests.unit.stack_options import SSH_KEY

ROOT = Path(__file__).parents[2]


@cache
def documentation() -> dict[str, Any]:
    """Return what ansible-doc shows of the modules."""
    shown = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-doc"),
            "--json",
            "airlift.stack.aws_stack",
            "airlift.stack.aws_stack_info",
            "airlift.stack.account_preflight",
            "airlift.stack.stack_lock",
            "airlift.stack.stack_runs",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules: dict[str, Any] = json.loads(shown.stdout)
    return modules


def as_spec(options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return documented options in the shape of an argument spec."""
    kept = ("type", "elements", "choices", "default", "required")
    return {
        name: {
            **{word: option[word] for word in kept if word in option},
            **({"options": as_spec(option["suboptions"])} if "suboptions" in option else {}),
        }
        for name, option in options.items()
    }


def without_no_log(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            word: without_no_log(value) if word == "options" else value
            for word, value in option.items()
            if word != "no_log"
        }
        for name, option in spec.items()
    }


@pytest.mark.parametrize(
    ("module", "spec"),
    [
        ("account_preflight", PREFLIGHT),
        ("aws_stack", STACK),
        ("aws_stack_info", STACK_INFO),
        ("stack_lock", LOCK),
        ("stack_runs", RUNS),
    ],
)
def test_a_reader_of_the_documentation_sees_the_spec(module: str, spec: dict[str, Any]) -> None:
    documented = documentation()[f"airlift.stack.{module}"]["doc"]["options"]
    assert as_spec(documented) == without_no_log(spec)


def test_a_range_is_documented() -> None:
    options = documentation()["airlift.stack.aws_stack"]["doc"]["options"]
    assert options["compute"]["suboptions"]["count"]["description"] == [
        "How many. They are spread over the zones.",
        "From V(0) to V(20).",
    ]


def test_every_option_says_what_it_is() -> None:
    for one in (one for cls in STACK_CLASSES for one in declared(cls)):
        for option in (one, *(declared(one.layer) if one.layer else ())):
            if option.field == "region" and option.required:
                continue  # the stack's is the connection's
            assert option.option is not None, option
            assert option.option.description.endswith("."), option


def test_every_layer_has_its_options_and_its_resources() -> None:
    assert [one.field for one in declared(StackOptions) if one.layer] == list(BY_NAME) == list(LAYERS)


@pytest.mark.parametrize("module", [aws_stack, aws_stack_info])
def test_examples_and_return_values_are_yaml(module: Any) -> None:
    (task, *_others) = yaml.safe_load(module.EXAMPLES)
    assert set(task) >= {"name"}
    assert all("description" in value for value in yaml.safe_load(module.RETURN).values())


def test_the_connection_is_what_the_session_takes() -> None:
    assert CONNECTION.keys() == {one.name for one in fields(Connection)}


def given(**options: Any) -> dict[str, Any]:
    return {"name": "demo", "tags": {}, **dict.fromkeys(LAYERS), **options}


def test_files_become_text(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text(f"PEM of the {name}", encoding="utf-8")
    ingress = {
        "domain": "x.test",
        "certificate_file": f"{tmp_path}/cert",
        "private_key_file": f"{tmp_path}/key",
    }
    options = stack_options(given(ingress=ingress), "us-east-1")
    assert options.ingress is not None
    assert options.ingress.certificate == "PEM of the cert"
    assert "PEM of the key" not in repr(options)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ingress = {"domain": "x.test", "certificate_file": f"{tmp_path}/cert", "private_key_file": "/nowhere"}
    with pytest.raises(BlueprintError, match=r"ingress\.certificate_file .*/cert: No such file"):
        stack_options(given(ingress=ingress), "us-east-1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "X"}, "name is 'X'"),
        ({"tags": {"aws:x": "1"}}, "tags may not begin with aws:"),
        ({"compute": {"conut": 3}}, "Unknown option compute.conut. Did you mean compute.count?"),
        ({"network": {"zones": "two"}}, "network.zones is 'two'; it must be a whole number."),
        ({"network": {"nat": "some"}}, "network.nat is 'some'; it must be one of single, per_zone, none."),
        (
            {"ingress": {"domain": "x.test"}},
            "Missing option ingress.certificate_file and ingress.private_key_file.",
        ),
        ({"compute": {"image_owners": "self"}}, "compute.image_owners must be a list of strings."),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BlueprintError) as error:
        stack_options(given(**options), "us-east-1")
    assert said in str(error.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BlueprintError) as error:
        stack_options(given(network={"zones": "two", "nta": 1}, compute={"spot": 1}), "us-east-1")
    assert len(str(error.value).splitlines()) == 3


def test_secrets_are_masked_by_ansible() -> None:
    hidden = {name for name, option in arguments.CONNECTION.items() if option.get("no_log")}
    assert hidden == {"secret_key", "session_token"}


def asked(**given: Any) -> list[str]:
    """Return what the task says of these arguments before it asks AWS anything."""
    values, _said = converted(STACK_CLASSES, {"name": "demo", "compute": {"ssh_public_key": SSH_KEY}} | given)
    return faults(STACK_CLASSES, values)


LAYERED = [(name, option) for name, layer in LAYERS.items() for option in layer["options"]]


@pytest.mark.parametrize(("layer", "option"), LAYERED)
def test_a_misspelt_option_is_told_with_the_one_that_was_meant(layer: str, option: str) -> None:
    wrong = option[0] + option[2:]
    assert f"Unknown option {layer}.{wrong}. Did you mean {layer}.{option}?" in asked(**{layer: {wrong: 1}})


@pytest.mark.parametrize("option", STACK)
def test_so_is_one_of_the_task_s_own(option: str) -> None:
    assert f"Unknown option {option}x. Did you mean {option}?" in asked(**{f"{option}x": 1})


@pytest.mark.parametrize("layer", sorted(LAYERS))
@pytest.mark.parametrize("wrong", [3, [1, 2], ["count"], [{}], True, "three"], ids=repr)
def test_a_layer_that_is_none_is_one_sentence(layer: str, wrong: object) -> None:
    assert asked(**{layer: wrong}) == [f"{layer} must be a mapping of options."]


def test_nothing_is_said_of_what_is_right() -> None:
    assert asked() == []
    assert asked(compute={"access": "ssm", "count": "3", "spot": "yes", "image_owners": "self,amazon"}) == []


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert asked(
        name="sg",
        tags={"a": "<x>"},
        compute={"cuont": 3, "access": "ssm", "instance_type": "large", "hop_limit": 9},
        network={"cidr": "8.8.8.0/24", "zones": "two"},
        ingress={"domain": "demo.test", "certificate_file": f"{tmp_path}/none", "private_key_file": "/"},
        region="here",
        states="absent",
    ) == [
        "Unknown option states. Did you mean state?",
        "network.zones is 'two'; it must be a whole number.",
        "Unknown option compute.cuont. Did you mean compute.count?",
        "compute.hop_limit is 9; it must be between 1 and 2.",
        f"Failed to read ingress.certificate_file {tmp_path}/none: No such file or directory. "
        "Correct the path in airlift_ingress.",
        "Failed to read ingress.private_key_file /: Is a directory. Correct the path in airlift_ingress.",
        "name is 'sg'; it must have 2 to 20 lower-case letters, digits and hyphens, a letter first and no "
        "hyphen last. 'hosts' and names that begin with aws, ssm, sg-, internal-, sthree-, amzn-s3-demo- or "
        "xn-- are taken.",
        "region is 'here', which is no region, such as eu-central-1.",
        "tags.a is '<x>' with < >; every service takes only letters, digits, spaces and _ . : / = + - @.",
        "network.cidr is 8.8.8.0/24, which is not private. It must be within one of 10.0.0.0/8, "
        "172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10.",
        "compute.instance_type is 'large'; a type looks like m7i.large.",
    ]


def test_a_wrong_value_is_not_said_to_be_missing_too() -> None:
    (said,) = faults(STACK_CLASSES, {"name": "demo", "compute": {"ssh_public_key": ["ssh-ed25519"]}})
    assert said == "compute.ssh_public_key must be a string."


def test_a_stack_is_removed_without_what_only_a_new_one_needs() -> None:
    assert asked(state="absent", compute=None) == []
    assert asked(compute=None) != []


@pytest.mark.parametrize(
    "given",
    [
        {"compute": {"count": "many"}},
        {"compute": {"count": 1.5}},
        {"network": {"s3_endpoint": "perhaps"}},
        {"network": {"nat": "some"}},
        {"ingress": {"domain": "x.test"}},
        {"tags": 3},
        {"state": "gone"},
        {"nmae": "demo"},
    ],
    ids=repr,
)
def test_what_ansible_refuses_is_said_in_our_words(given: dict[str, Any]) -> None:
    values, said = converted(STACK_CLASSES, {"name": "demo", "compute": {"access": "ssm"}} | given)
    assert said
    assert faults(STACK_CLASSES, values)
