"""Argument spec, documentation and the dataclasses say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.doc_fragments.aws import ModuleDocFragment
from ansible_collections.airlift.stack.plugins.module_utils import arguments
from ansible_collections.airlift.stack.plugins.module_utils.arguments import (
    CONNECTION,
    LAYERS,
    STACK,
    STACK_INFO,
    stack_options,
)
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import StackOptions
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.modules import aws_stack, aws_stack_info

FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
FILES = {
    "certificate_file": "certificate",
    "certificate_chain_file": "certificate_chain",
    "private_key_file": "private_key",
}


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


@pytest.mark.parametrize(("module", "spec"), [(aws_stack, STACK), (aws_stack_info, STACK_INFO)])
def test_the_documentation_is_the_spec(module: Any, spec: dict[str, Any]) -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"] | FRAGMENT
    assert as_spec(documented) == without_no_log(spec)


@pytest.mark.parametrize("module", [aws_stack, aws_stack_info])
def test_examples_and_return_values_are_yaml(module: Any) -> None:
    (task, *_others) = yaml.safe_load(module.EXAMPLES)
    assert set(task) >= {"name"}
    assert all("description" in value for value in yaml.safe_load(module.RETURN).values())


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_a_layer_has_the_dataclass_defaults(layer: str) -> None:
    hint = get_type_hints(StackOptions)[layer]
    cls = next(iter([one for one in get_args(hint) if one is not type(None)] or [hint]))
    ours = {FILES.get(name, name): option for name, option in LAYERS[layer]["options"].items()}
    theirs = {one.name: one for one in fields(cls)}
    assert ours.keys() == theirs.keys()
    for name, option in ours.items():
        default = theirs[name].default
        assert option.get("required", False) is (default is MISSING), name
        wanted = (
            tuple(option["default"]) if isinstance(option.get("default"), list) else option.get("default")
        )
        assert default is MISSING or default == wanted, name


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
        ({"ingress": {"domain": "x.test"}}, "Missing option ingress.certificate and ingress.private_key."),
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
