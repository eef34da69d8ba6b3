from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile import render as text
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Reference, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import Plan, plan, removal

from tests.unit.reconcile.worlds import FakeKind, tags_for

KINDS = {
    "vpc": FakeKind(name="VPC", immutable={"cidr"}, updatable={"dns", "left_alone"}),
    "subnet": FakeKind(name="subnet", after={"vpc"}, immutable={"vpc", "cidr"}),
    "host": FakeKind(
        name="host",
        after={"subnet"},
        immutable={"subnet"},
        create_only={"image"},
        updatable={"size"},
        create_before_delete=True,
    ),
    "table": FakeKind(name="table", after={"subnet"}, immutable={"vpc"}, unordered={"subnets"}),
    "bucket": FakeKind(name="bucket", immutable={"name"}, updatable={"days"}, holds_data=True),
}

VPC = Wanted("vpc", "vpc", {"cidr": "10.0.0.0/16", "dns": True, "left_alone": None})
SUBNET = Wanted("subnet", "subnet", {"vpc": Reference("vpc"), "cidr": "10.0.0.0/24"})
HOST = Wanted("host", "host", {"subnet": Reference("subnet"), "image": "new", "size": 1})
TABLE = Wanted("table", "table", {"subnets": [Reference("subnet")]})
BUCKET = Wanted("bucket", "bucket", {"name": "data", "days": 30})

VPC_IS = Found("vpc", "vpc", "vpc-1", {"cidr": "10.0.0.0/16", "dns": True, "left_alone": 5}, {"id": "vpc-1"})
SUBNET_IS = Found("subnet", "subnet", "subnet-1", {"vpc": "vpc-1", "cidr": "10.0.0.0/24"}, {"id": "subnet-1"})
HOST_IS = Found("host", "host", "i-1", {"subnet": "subnet-1", "image": "old", "size": 1}, {"id": "i-1"})
TABLE_IS = Found("table", "table", "rtb-1", {"subnets": ["subnet-1"]}, {"id": "rtb-1"})
BUCKET_IS = Found("bucket", "bucket", "data", {"name": "data", "days": 30}, {"id": "data"})

WANTED = (VPC, SUBNET, HOST, TABLE, BUCKET)
FOUND = (VPC_IS, SUBNET_IS, HOST_IS, TABLE_IS, BUCKET_IS)


def having(found: Found, **properties: object) -> Found:
    return Found(found.kind, found.key, found.id, {**found.properties, **properties}, found.outputs)  # type: ignore[dict-item]


def actions(steps: Plan) -> list[str]:
    return [f"{step.action} {step.id}" for step in steps.changing]


def without(found: Sequence[Found], *gone: Found) -> list[Found]:
    return [one for one in found if one not in gone]


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        pytest.param(FOUND, [], id="nothing to do"),
        pytest.param((), [f"create {one.key}" for one in WANTED], id="an empty account"),
        pytest.param(without(FOUND, HOST_IS), ["create host"], id="one is missing"),
        pytest.param(
            [*without(FOUND, VPC_IS), having(VPC_IS, dns=False)], ["update vpc"], id="one has drifted"
        ),
        pytest.param(
            [*without(FOUND, HOST_IS), having(HOST_IS, image="older")],
            [],
            id="used at creation, never compared",
        ),
        pytest.param(
            [*without(FOUND, TABLE_IS), having(TABLE_IS, subnets=["subnet-9"])],
            ["update table"],
            id="a reference to another one",
        ),
        pytest.param(
            [*without(FOUND, HOST_IS), having(HOST_IS, subnet="subnet-9")], ["replace host"], id="immutable"
        ),
        pytest.param([*FOUND, Found("host", "old", "i-9")], ["delete host old i-9"], id="no longer wanted"),
        pytest.param([*FOUND, Found("bucket", "old", "data-9")], [], id="no longer wanted, but holds data"),
    ],
)
def test_the_steps(found: Sequence[Found], steps: list[str]) -> None:
    assert actions(plan(WANTED, found, KINDS)) == steps


def test_a_replacement_goes_on_to_what_refers_to_it() -> None:
    found = [*without(FOUND, VPC_IS), having(VPC_IS, cidr="10.9.0.0/16")]
    steps = plan(WANTED, found, KINDS)
    assert actions(steps) == ["replace vpc", "replace subnet", "replace host", "replace table"]
    assert [step.reason for step in steps.changing] == [
        "cidr cannot be changed in place",
        "vpc is replaced",
        "subnet is replaced",
        "subnet is replaced, and cannot be deleted while this uses it",
    ]


def test_what_may_be_deleted_in_use_only_updates_its_users() -> None:
    kinds = {
        **KINDS,
        "subnet": FakeKind(name="subnet", immutable={"cidr"}, updatable={"vpc"}, deletable_in_use=True),
    }
    found = [*without(FOUND, SUBNET_IS), having(SUBNET_IS, cidr="10.0.9.0/24")]
    assert actions(plan(WANTED, found, kinds)) == ["replace subnet", "replace host", "update table"]


def test_of_two_with_one_key_the_better_one_stays() -> None:
    twin = Found("host", "host", "i-0", {"subnet": "subnet-1", "size": 2}, {"id": "i-0"})
    steps = plan(WANTED, [twin, *FOUND], KINDS)
    assert actions(steps) == ["delete host host i-0"]
    assert steps.changing[0].reason == "there is another one with the same key"


def test_of_two_alike_the_first_id_stays() -> None:
    twin = Found("host", "host", "i-2", HOST_IS.properties, {"id": "i-2"})
    assert actions(plan(WANTED, [twin, *FOUND], KINDS)) == ["delete host host i-2"]


def test_of_two_that_hold_data_none_is_deleted_unless_data_may_go() -> None:
    twin = Found("bucket", "bucket", "data-2", {"name": "data-2", "days": 30}, {"id": "data-2"})
    steps = plan(WANTED, [twin, *FOUND], KINDS)
    assert actions(steps) == []
    assert [(one.id, one.reason) for one in steps.doubles] == [
        ("bucket bucket data-2", "kept: it holds data")
    ]
    assert text.doubles(steps, KINDS)[0].startswith("bucket data-2 has the tags of bucket, as another")
    assert text.summary(steps).endswith("1 kept beside another one.")
    assert actions(plan(WANTED, [twin, *FOUND], KINDS, data_may_go=True)) == ["delete bucket bucket data-2"]


def test_of_two_with_a_protected_key_none_is_deleted() -> None:
    twin = replace(TABLE_IS, id="rtb-2")
    guarded = [replace(one, protected=one is TABLE) for one in WANTED]
    assert actions(plan(guarded, [twin, *FOUND], KINDS)) == []
    assert actions(plan(WANTED, [twin, *FOUND], KINDS)) == ["delete table table rtb-2"]


def test_a_copy_is_never_taken_for_the_one_it_was_made_of_and_left_alone() -> None:
    copy = replace(HOST_IS, id="i-0", copied=True)
    drifted = having(HOST_IS, size=7)
    steps = plan(WANTED, [copy, *without(FOUND, HOST_IS), drifted], KINDS)
    assert actions(steps) == ["update host"]
    assert steps.changing[0].found == drifted
    assert [one.found for one in steps.doubles] == [copy]
    assert actions(plan(WANTED, [copy, *without(FOUND, HOST_IS)], KINDS)) == [], "the only one there is"
    gone = removal([copy, HOST_IS], KINDS)
    assert actions(gone) == ["delete host host i-1"]
    assert gone.doubles[0].reason == "kept: somebody copied it from another one, with its tags"
    assert len(removal([copy, HOST_IS], KINDS, data_may_go=True).changing) == 2
    assert len(removal([copy], KINDS).changing) == 1


def test_data_is_replaced_only_if_it_may_go() -> None:
    found = [*without(FOUND, BUCKET_IS), having(BUCKET_IS, name="other")]
    with pytest.raises(BlueprintError, match=r"bucket bucket would have to be replaced \(name cannot"):
        plan(WANTED, found, KINDS)
    assert actions(plan(WANTED, found, KINDS, data_may_go=True)) == ["replace bucket"]


def test_own_tags_are_repaired_and_foreign_ones_left_alone() -> None:
    tags = {**tags_for("vpc"), "owner": "them", "theirs": "stays"}
    found = Found("vpc", "vpc", "vpc-1", VPC_IS.properties, {"id": "vpc-1"}, tags)
    (step,) = plan([VPC], [found], KINDS, tags_for).changing
    assert [(one.path, one.before, one.after) for one in step.changes] == [("tags.owner", "them", "us")]


def test_removal_keeps_data_and_what_is_protected() -> None:
    steps = removal(FOUND, KINDS, protected=["table"])
    assert actions(steps) == ["delete host host i-1", "delete subnet subnet subnet-1", "delete vpc vpc vpc-1"]
    assert [step.key for step in steps.kept] == ["bucket", "table"]
    assert len(removal(FOUND, KINDS, protected=["table"], data_may_go=True).changing) == len(FOUND)


def test_counts_what_it_does() -> None:
    steps = plan(WANTED, [VPC_IS, Found("host", "old", "i-9")], KINDS)
    assert steps.count() == {"create": 4, "update": 0, "replace": 0, "delete": 1, "none": 1}
