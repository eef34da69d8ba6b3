"""From recorded questions to a policy that answers yes to them and to little else: pure."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.judge.catalogue import condition_keys

STACK_TAG = "airlift:stack"
MAX_CHARACTERS = 10_240
"""Of a role's inline policies together, blanks not counted. A managed policy takes 6,144: too few."""
OURS = "arn:aws:ec2:REGION:ACCOUNT:*"
"""Where a condition on the stack's tag limits it."""
LOOKS = re.compile("Describe|Get|List")
TAGGING = "ec2:CreateTags"
type Condition = tuple[tuple[str, str, tuple[str, ...]], ...]
"""(operator, key, values) for each line."""


@dataclass(frozen=True)
class Names:
    """What a policy is for; the defaults are the words that stand in the published one."""

    stack: str = "STACK"
    account_id: str = "ACCOUNT"
    region: str = "REGION"


@dataclass(frozen=True, order=True)
class Need:
    """One thing that a policy must allow."""

    action: str
    resource: str
    condition: Condition = ()


def need(question: Mapping[str, Any], names: Names) -> Need:
    """What a recorded question of a stack needs, in the words of the published policy."""
    action, context = question["action"], question["context"]
    resource = _scoped(question["resource"], names)
    return Need(action, resource, _condition(action, resource, context, names))


def _scoped(resource: str, names: Names) -> str:
    """A resource by the stack's name where its own name has it, else all of its type."""
    if resource == "*":
        return resource
    head, last = resource.split(":", 5)[:5], resource.split(":", 5)[5]
    head = [part.replace(names.account_id, "ACCOUNT").replace(names.region, "REGION") for part in head]
    last = last.replace(names.account_id, "ACCOUNT").replace(names.region, "REGION")
    last = re.sub(rf"(?<![\w.-]){re.escape(names.stack)}(?!\w)", "STACK", last, count=1)
    before, stack, after = last.partition("STACK")
    if head[2] == "s3" and stack:
        last = before + stack + "-ACCOUNT-REGION" + ("/*" if "/" in after else "")
    elif stack:
        last = f"{before}{stack}{after[:1]}*" if after else last
    elif head[2] in ("ec2", "acm"):
        last = re.split(r"[/:]", last)[0] + "/*"
    return ":".join([*head, last])


def _condition(action: str, resource: str, context: Mapping[str, Sequence[str]], names: Names) -> Condition:
    for key, name in (
        ("iam:passedtoservice", "iam:PassedToService"),
        ("iam:awsservicename", "iam:AWSServiceName"),
    ):
        if key in context:
            return (("StringEquals", name, tuple(context[key])),)
    if ":ec2:" not in resource or "STACK" in resource:
        return ()
    kind = resource.split(":", 5)[5].partition("/")[0]
    on_resource = ("StringEquals", f"aws:ResourceTag/{STACK_TAG}", ("STACK",))
    requested = ("StringEquals", f"aws:RequestTag/{STACK_TAG}", ("STACK",))
    if _ours(context, "resource", names) and _takes(action, kind, "aws:ResourceTag/${TagKey}"):
        return (on_resource,)
    if "ec2:createaction" in context:
        return (requested, ("Null", "ec2:CreateAction", ("false",)))
    if _ours(context, "request", names) and _takes(action, kind, "aws:RequestTag/${TagKey}"):
        return (requested,)
    return ()


def _ours(context: Mapping[str, Sequence[str]], where: str, names: Names) -> bool:
    return list(context.get(f"aws:{where}tag/{STACK_TAG}", ())) == [names.stack]


def _takes(action: str, kind: str, key: str) -> bool:
    return key in condition_keys(action, kind)


def policy(needs: Iterable[Need]) -> dict[str, Any]:
    """The policy."""
    weakest: dict[tuple[str, str], set[Condition]] = defaultdict(set)
    for one in set(needs):
        weakest[one.action, one.resource].add(one.condition)
    kept = [
        Need(action, resource, condition)
        for (action, resource), conditions in weakest.items()
        for condition in ([()] if () in conditions else sorted(conditions))
    ]
    groups: dict[tuple[str, Condition], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for one in kept:
        actions, resources = groups[_group(one)]
        actions.add(one.action)
        resources.add(_resource(one))
    counts: dict[str, int] = defaultdict(int)
    statements = []
    for (word, condition), (actions, resources) in sorted(groups.items()):
        counts[word] += 1
        number = str(counts[word]) if counts[word] > 1 else ""
        statements.append(_statement(word + number, shortened(actions), sorted(resources), condition))
    return {"Version": "2012-10-17", "Statement": statements}


def _group(one: Need) -> tuple[str, Condition]:
    """One statement for each service and condition; what no resource limits goes together."""
    if _resource(one) == "*":
        return "Look", ()
    if _tags_what_is_there(one):
        return "DefaultGroup", one.condition
    service = "Ssm" if one.action == "ssm:SendCommand" else one.action.partition(":")[0].capitalize()
    named = "Named" if ":ec2:" in one.resource and "STACK" in one.resource else ""
    return service + named, one.condition


def _tags_what_is_there(one: Need) -> bool:
    """Tags for what AWS made, a VPC's default security group. Of another type, anything could become ours."""
    return one.action == TAGGING and [key for _, key, _ in one.condition] == [f"aws:RequestTag/{STACK_TAG}"]


def _resource(one: Need) -> str:
    """The resource of its statement."""
    named, kind = "STACK" in one.resource, one.resource.split(":")[2:3]
    if not named and kind not in (["ec2"], ["acm"], ["iam"]) and LOOKS.match(one.action.partition(":")[2]):
        return "*"
    if not one.condition or kind != ["ec2"] or _tags_what_is_there(one):
        return one.resource
    return OURS


def shortened(actions: Iterable[str]) -> list[str]:
    """Actions by name, but those that only look by their first word, where there are more of one service."""
    words: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        service, _, name = action.partition(":")
        looks = LOOKS.match(name)
        words[f"{service}:{looks.group()}*" if looks else action].add(action)
    return sorted(name if len(found) > 1 else next(iter(found)) for name, found in words.items())


def _statement(sid: str, actions: list[str], resources: list[str], condition: Condition) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": list(resources),
    }
    lines: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in condition:
        lines.setdefault(operator, {})[key] = list(values)
    if lines:
        statement["Condition"] = lines
    return statement


def text(document: Mapping[str, Any]) -> str:
    """The file: each list of actions on lines of its own."""
    return json.dumps(document, indent=2) + "\n"


def filled(document: str, names: Names) -> str:
    """A published policy for a stack, as docs/operator.md fills it in."""
    found = document.replace("STACK", names.stack).replace("ACCOUNT", names.account_id)
    return found.replace("REGION", names.region)
