"""The owner's tags, held against what botocore's models say of every service that the stack tags."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import botocore.session
import pytest
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.tags import (
    MAX_KEY,
    MAX_TAGS,
    MAX_VALUE,
    OURS,
    tag_faults,
)
from ansible_collections.airlift.stack.plugins.module_utils.inventory.hosts import HOST_KEYS_TAG, ROLE_TAG
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import REGION_TAG, Context
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.stack_options import stack

MODELS = {
    "acm": ("TagKey", "TagValue", "TagList"),
    "ec2": (None, None, None),
    "ecr": ("TagKey", "TagValue", None),
    "elbv2": ("TagKey", "TagValue", None),
    "iam": ("tagKeyType", "tagValueType", "tagListType"),
    "logs": ("TagKey", "TagValue", "Tags"),
    "s3": (None, None, None),
    "secretsmanager": ("TagKeyType", "TagValueType", None),
    "ssm": ("TagKey", "TagValue", None),
}
"""Shapes of a tag's name, its value and of the tags. The models of EC2 and S3 say nothing."""

WORDS = st.text(max_size=MAX_VALUE + 4)


def said_by(service: str, which: int) -> dict[str, Any]:
    name = MODELS[service][which]
    if name is None:
        return {}
    shape = botocore.session.get_session().get_service_model(service).shape_for(name)
    return dict(shape.metadata)


SHAPES = {(service, which): said_by(service, which) for service in MODELS for which in range(3)}


def takes(service: str, which: int, text: str) -> bool:
    said = SHAPES[service, which]
    if not said.get("min", 0) <= len(text) <= said.get("max", len(text)):
        return False
    pattern = said.get("pattern", "")
    if not pattern:
        return True
    assert r"[\p{L}\p{Z}\p{N}_.:/=+\-@]" in pattern, "AWS has another rule by now"
    plain = "".join("a" if unicodedata.category(one)[0] in "LZN" else one for one in text)
    return re.fullmatch(pattern.replace(r"\p{L}\p{Z}\p{N}", "a"), plain) is not None


@given(WORDS.filter(lambda key: not key.lower().startswith(("aws:", "airlift:")) and key.lower() != "name"))
def test_a_name_passes_if_every_service_takes_it(key: str) -> None:
    assert (tag_faults({key: ""}) == []) is all(takes(service, 0, key) for service in MODELS)


@given(WORDS)
def test_a_value_passes_if_every_service_takes_it(value: str) -> None:
    assert (tag_faults({"key": value}) == []) is all(takes(service, 1, value) for service in MODELS)


def test_each_character_passes_if_every_service_takes_it() -> None:
    wrong = []
    for one in map(chr, range(0x2800)):
        fine = all(takes(service, 0, f"a{one}") and takes(service, 1, f"a{one}") for service in MODELS)
        if (tag_faults({"key": f"a{one}"}) == []) is not fine or (
            tag_faults({f"a{one}": ""}) == []
        ) is not fine:
            wrong.append(one)
    assert wrong == []


def test_the_limits_are_the_services() -> None:
    def least(which: int) -> int:
        return min(
            int(said["max"]) for (_service, one), said in SHAPES.items() if one == which and "max" in said
        )

    assert (least(0), least(1), least(2)) == (MAX_KEY, MAX_VALUE, MAX_TAGS)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"a": "x" * 257}, "tags.a has 257 characters; AWS takes up to 256."),
        ({"a": "<x>"}, "tags.a is '<x>' with < >; every service takes only letters, digits, spaces and"),
        ({"a": "☃"}, "tags.a is '☃' with ☃;"),
        ({"a": "R&D"}, "tags.a is 'R&D' with &;"),
        ({"a": "x\ny"}, r"tags.a is 'x\ny' with \n;"),
        ({"a&b": "x"}, "tags has the name 'a&b' with &;"),
        ({"": "x"}, "tags has a name of 0 characters"),
        ({"k" * 129: "x"}, "tags has a name of 129 characters"),
        ({"AWS:x": "1"}, "tags may not begin with aws: or airlift: (AWS:x)."),
        ({"owner": "a", "Owner": "b"}, "tags has Owner, and there is owner: to IAM they are the same."),
        ({"name": "a"}, "tags has name, and there is Name: to IAM they are the same."),
        ({f"k{n}": "x" for n in range(46)}, "tags are 46; a resource has room for 45 besides Airlift's own."),
    ],
)
def test_a_wrong_tag_is_one_sentence(tags: dict[str, str], says: str) -> None:
    (said,) = tag_faults(tags)
    assert said.startswith(says)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {
            "owner": "someone+bill@example.com",
            "cost centre": "a/b:c=1_2.3-4",
            "Größe": "日本語 ٣",
            "empty": "",
        },
        {"Name": "mine"},
        {f"k{n}": "x" * 256 for n in range(45)},
    ],
    ids=["none", "words", "name", "as many as there is room for"],
)
def test_right_tags(tags: dict[str, str]) -> None:
    assert tag_faults(tags) == []


def test_the_stack_s_own_tags_keep_the_rules_too() -> None:
    context = Context(None, "s" * 20, "us-east-1", "1" * 12, {})  # type: ignore[arg-type]
    resources = stack(network={"zones": 3, "nat": "per_zone"}, compute={"count": 20})
    for key in resources:
        tags = context.tags_for(key)
        assert {*tags, ROLE_TAG, HOST_KEYS_TAG, REGION_TAG} == set(OURS)
        for name, value in tags.items():
            assert all(takes(service, 0, name) and takes(service, 1, value) for service in MODELS), key
