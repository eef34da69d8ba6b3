"""Configurations that nobody would write: right, nearly right and nonsense, option by option."""

from __future__ import annotations

from typing import Any, get_args

from ansible_collections.airlift.stack.plugins.module_utils.arguments import (
    STACK_CLASSES,
    faults,
    stack_options,
)
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.stack import build
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, DefectError
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.declared import Declared, declared
from ansible_collections.airlift.stack.plugins.plugin_utils.in_process_action import converted
from hypothesis import strategies as st

from tests.unit.stack_options import FACTS, SSH_KEY

SECRET = "the-secret-that-no-message-may-show"

_NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["demo", "a-stack-of-20-letters", "Demo", "sg", "x"]),
    "cidr": st.sampled_from(
        ["10.0.0.0/16", "10.0.0.0/24", "172.16.0.0/20", "10.0.0.1/16", "8.8.8.0/24", "::/0"]
    ),
    "admin_cidrs": st.lists(st.sampled_from(["203.0.113.7/32", "0.0.0.0/0", "10.0.0.0/33"]), max_size=3),
    "allowed_cidrs": st.lists(st.sampled_from(["0.0.0.0/0", "198.51.100.0/24", "nowhere"]), max_size=3),
    "tags": st.dictionaries(
        st.sampled_from(["owner", "aws:x", "airlift:key", "a" * 200]), st.text(), max_size=3
    ),
    "ssh_public_key": st.sampled_from([SSH_KEY, "ssh-ed25519 !", "-----BEGIN OPENSSH PRIVATE KEY-----"]),
    "permissions_boundary": st.sampled_from(["arn:aws:iam::123456789012:policy/boundary", "boundary"]),
    "instance_type": st.sampled_from(["m7i.large", "t4g.small", "g6.xlarge", "large"]),
    "region": st.sampled_from(["us-east-1", "eu-central-1", "mars-1"]),
    "secret_key": st.just(SECRET),
}


def _values(one: Declared) -> st.SearchStrategy[Any]:
    """Return what an option may be given."""
    if one.layer is not None:
        return st.one_of(st.none(), layers(one.layer), _NONSENSE)
    if one.argument in _LIKELY:
        return st.one_of(_LIKELY[one.argument], _NONSENSE)
    likely: list[st.SearchStrategy[Any]] = []
    if one.choices:
        likely.append(st.sampled_from(one.choices))
    if one.hint is bool:
        likely.append(st.booleans())
    if one.hint is int:
        low, high = (one.option and one.option.minimum) or 0, (one.option and one.option.maximum) or 4000
        likely.append(st.integers(low - 1, high + 1))
    if get_args(one.hint)[:1] == (str,):
        likely.append(st.lists(st.text(max_size=8), max_size=3))
    return st.one_of(*likely, _NONSENSE)


def layers(*classes: type[object]) -> st.SearchStrategy[dict[str, Any]]:
    """Return some options of ``classes``, now and then one that there is not."""
    options = {one.argument: _values(one) for cls in classes for one in declared(cls)}
    misspelt = st.dictionaries(st.sampled_from(["conut", "regoin", "nat_"]), _NONSENSE, max_size=1)
    return st.builds(
        lambda given, more: {**given, **more}, st.fixed_dictionaries({}, optional=options), misspelt
    )


CONFIGURATIONS = layers(*STACK_CLASSES)


def judge(given: dict[str, Any]) -> str | None:
    """Return what a task says of ``given`` before it asks AWS, None where it would go on. Raises nothing."""
    arguments, said = converted(STACK_CLASSES, given)
    if errors := faults(STACK_CLASSES, arguments) or said:
        return "\n".join(errors)
    try:
        build(stack_options(arguments, arguments["region"] or "us-east-1"), FACTS)
    except DefectError:
        raise
    except AirliftError as error:
        return str(error)
    return None
