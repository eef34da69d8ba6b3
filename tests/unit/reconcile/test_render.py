from __future__ import annotations

from ansible_collections.airlift.stack.plugins.module_utils.reconcile import render
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found, Reference, Wanted
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.plan import plan, removal

from tests.unit.reconcile.worlds import FakeKind

KINDS = {
    "vpc": FakeKind(name="VPC", immutable={"cidr"}, updatable={"dns", "unmanaged"}),
    "secret": FakeKind(name="secret", secret={"value"}, updatable={"name"}, holds_data=True),
    "table": FakeKind(name="route table", updatable={"vpc", "rules", "ttl", "pem"}),
}

LONG = [f"rule number {number} of many" for number in range(6)]


def test_a_plan_reads_like_one() -> None:
    wanted = [
        Wanted("vpc", "network/vpc", {"cidr": "10.1.0.0/16", "dns": True, "unmanaged": None}),
        Wanted("secret", "secrets/key", {"name": "key", "value": "hunter2"}),
        Wanted("table", "network/table", {"vpc": Reference("network/vpc"), "rules": LONG[1:], "ttl": 60}),
    ]
    found = [
        Found("vpc", "network/vpc", "vpc-1", {"cidr": "10.0.0.0/16"}, {"id": "vpc-1"}),
        Found("table", "network/table", "t-1", {"vpc": "vpc-1", "rules": LONG[:5], "ttl": 30}),
        Found("table", "network/old", "t-2"),
        Found("secret", "secrets/old", "s-2"),
    ]
    kinds = {
        **KINDS,
        "vpc": FakeKind(
            name="VPC", immutable={"cidr"}, updatable={"dns", "unmanaged"}, deletable_in_use=True
        ),
    }
    assert render.text(plan(wanted, found, kinds), kinds).splitlines() == [
        "-/+ network/vpc (VPC vpc-1): cidr cannot be changed in place",
        "      cidr: 10.0.0.0/16 → 10.1.0.0/16  # forces replacement",
        "  + secrets/key (secret)",
        "      name: key",
        "      value: (secret)",
        "  ~ network/table (route table t-1)",
        "      rules.0: rule number 0 of many → rule number 1 of many",
        "      rules.1: rule number 1 of many → rule number 2 of many",
        "      rules.2: rule number 2 of many → rule number 3 of many",
        "      rules.3: rule number 3 of many → rule number 4 of many",
        "      rules.4: rule number 4 of many → rule number 5 of many",
        "      ttl: 30 → 60",
        "      vpc: vpc-1 → (known after apply)",
        "  - network/old (route table t-2): it is no longer wanted",
        "  = secrets/old (secret s-2): kept: it holds data",
        "Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 kept for the data in them.",
    ]


def test_a_long_list_shows_only_what_comes_and_goes() -> None:
    kinds = {"table": FakeKind(name="route table", unordered={"rules"})}
    steps = plan(
        [Wanted("table", "t", {"rules": LONG[1:]})], [Found("table", "t", "t-1", {"rules": LONG[:5]})], kinds
    )
    assert render.text(steps, kinds).splitlines()[1:4] == [
        "      rules:",
        "        - rule number 0 of many",
        "        + rule number 5 of many",
    ]


def test_secrets_are_in_neither_shape() -> None:
    wanted = [
        Wanted("secret", "a", {"value": "hunter2"}),
        Wanted("secret", "b", {"value": {"deep": "hunter2"}}),
    ]
    found = [Found("secret", "b", "s", {"value": {"deep": "hunter1"}})]
    steps = plan(wanted, found, KINDS)
    assert "hunter" not in render.text(steps, KINDS)
    assert "hunter" not in str(render.as_data(steps, KINDS))


def test_the_data_is_plain() -> None:
    steps = plan([Wanted("table", "t", {"vpc": Reference("t2")}), Wanted("table", "t2")], [], KINDS)
    first = next(step for step in render.as_data(steps, KINDS) if step["key"] == "t")
    assert first == {
        "action": "create",
        "kind": "table",
        "key": "t",
        "id": None,
        "reason": "it does not exist",
        "changes": [{"path": "vpc", "before": None, "after": "(known after apply)"}],
    }


def test_what_is_kept_is_said() -> None:
    steps = removal([Found("secret", "s", "s-1")], KINDS)
    assert render.summary(steps) == "1 kept for the data in them."
    assert [one["action"] for one in render.as_data(steps, KINDS)] == ["keep"]
    assert render.summary(removal([], KINDS)) == "nothing there."


def test_text_of_many_lines_takes_one() -> None:
    steps = plan([Wanted("table", "t", {"pem": "-----BEGIN X-----\nabc\n-----END X-----\n"})], [], KINDS)
    assert "      pem: -----BEGIN X----- … (3 lines)" in render.text(steps, KINDS).splitlines()
