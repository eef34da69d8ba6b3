"""One look at the stack, in which kinds that need the same answer ask for it once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from .kind import STACK_TAG

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SecurityGroupRuleTypeDef, SecurityGroupTypeDef

    from .kind import Context


class ReadCache:
    """Answers by name, each asked for by whoever comes first. Serves one look only: the next asks again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._answers: dict[str, Any] = {}

    def once[T](self, name: str, ask: Callable[[], T]) -> T:
        """Return the answer called ``name``; other threads wait while one asks."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._answers:
                self._answers[name] = ask()
            return cast("T", self._answers[name])


def security_groups(context: Context) -> list[SecurityGroupTypeDef]:
    """Return the stack's security groups, the default one too."""

    def ask() -> list[SecurityGroupTypeDef]:
        mine: list[FilterTypeDef] = [{"Name": f"tag:{STACK_TAG}", "Values": [context.stack]}]
        pages = context.session.client("ec2").get_paginator("describe_security_groups")
        return [group for page in pages.paginate(Filters=mine) for group in page["SecurityGroups"]]

    return context.read_cache.once("security groups", ask) if context.read_cache else ask()


def security_group_rules(context: Context) -> list[SecurityGroupRuleTypeDef]:
    """Return every rule in the stack's security groups, foreign ones too."""

    def ask() -> list[SecurityGroupRuleTypeDef]:
        groups = [group["GroupId"] for group in security_groups(context)]
        if not groups:
            return []
        inside: list[FilterTypeDef] = [{"Name": "group-id", "Values": groups}]
        pages = context.session.client("ec2").get_paginator("describe_security_group_rules")
        return [rule for page in pages.paginate(Filters=inside) for rule in page["SecurityGroupRules"]]

    return context.read_cache.once("security group rules", ask) if context.read_cache else ask()
