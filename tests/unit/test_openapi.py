"""docs/openapi.yml: a description that others' tools take, of what the edge lets through and answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

ROOT = Path(__file__).parents[2]
EDGE = ROOT / "roles/edge_proxy"
DESCRIBED: dict[str, Any] = yaml.safe_load((ROOT / "docs/openapi.yml").read_text())
CONFIGURATION = (EDGE / "templates/haproxy.cfg.j2").read_text()
ERRORS = yaml.safe_load((EDGE / "vars/main.yml").read_text())["__edge_proxy_errors"]
WORDING = (EDGE / "files/wording.lua").read_text()
ASKED = ("is_chat", "is_embedding", "is_rerank")


def paths_of(acl: str) -> set[str]:
    """Return the paths that one of the edge's conditions names."""
    found = re.search(rf"^  acl {acl} path (.+)$", CONFIGURATION, re.MULTILINE)
    assert found, acl
    return set(found[1].split())


def operations() -> dict[str, Any]:
    """Return what is described, by method and path."""
    return {
        f"{method} {path}": operation
        for path, methods in DESCRIBED["paths"].items()
        for method, operation in methods.items()
    }


def schema(name: str) -> Any:
    """Return one of the schemas."""
    return DESCRIBED["components"]["schemas"][name]


def test_it_is_openapi() -> None:
    validate(DESCRIBED)


def test_it_has_the_routes_of_the_edge_and_no_other() -> None:
    asked = {f"post {path}" for acl in ASKED for path in paths_of(acl)}
    read = {f"get {path}" for path in paths_of("is_models") | paths_of("is_health")}
    assert operations().keys() == {*asked, *read, "get /v1/models/{model}"}


def test_a_model_s_name_is_what_the_edge_takes_in_a_path() -> None:
    found = re.search(
        r"^  acl is_model path,url_dec -m reg \^/v1/models/(.+)\$$", CONFIGURATION, re.MULTILINE
    )
    assert found
    assert schema("ModelName")["pattern"] == f"^{found[1]}$"


@pytest.mark.parametrize("path", sorted(path for acl in ASKED for path in paths_of(acl)))
def test_what_asks_an_engine_has_every_error_of_the_edge(path: str) -> None:
    statuses = DESCRIBED["paths"][path]["post"]["responses"].keys()
    assert statuses == {"200", *(str(status) for status in ERRORS if status != 405)}


def test_only_health_needs_no_key() -> None:
    without = {name for name, one in operations().items() if one.get("security") == []}
    assert (without, len(DESCRIBED["security"])) == ({"get /health"}, 2)


def test_the_kinds_of_errors_are_the_edge_s() -> None:
    kinds = {error["type"] for error in ERRORS.values()}
    assert set(schema("Error")["properties"]["error"]["properties"]["type"]["enum"]) == kinds
    table = re.search(r"ANTHROPIC_KINDS = \{(.+?)\}", WORDING, re.DOTALL)
    assert table
    others = {*re.findall(r'"(\w+)"', table[1]), *(error["anthropic"] for error in ERRORS.values())}
    assert set(schema("AnthropicError")["properties"]["error"]["properties"]["type"]["enum"]) == others
