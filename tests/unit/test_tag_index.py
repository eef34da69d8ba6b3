"""The tag index is believed only where it says that all is well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.resources import tag_index
from ansible_collections.airlift.stack.plugins.module_utils.resources.kind import Context
from ansible_collections.airlift.stack.plugins.module_utils.resources.read_cache import ReadCache
from botocore.exceptions import ClientError

ARN, KEY = "arn:aws:logs:us-east-1:123456789012:log-group:/airlift/edge", "observability/log-group/edge"


class FakeSession:
    """A session whose tagging API lists ``listed``, or raises it."""

    def __init__(self, listed: Mapping[str, Mapping[str, str]] | Exception) -> None:
        self.listed = listed
        self.asked = 0

    def client(self, service: str) -> FakeSession:
        assert service == "resourcegroupstaggingapi"
        return self

    def get_paginator(self, _name: str) -> FakeSession:
        return self

    def paginate(self, **_filters: object) -> Iterator[Mapping[str, object]]:
        self.asked += 1
        if isinstance(self.listed, Exception):
            raise self.listed
        for arn, tags in self.listed.items():
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            yield {"ResourceTagMappingList": [{"ResourceARN": arn, "Tags": pairs}]}


def context(session: FakeSession, tags: Mapping[str, str] | None = None) -> Context:
    fake: Any = session
    return Context(fake, "airlift", "us-east-1", "123456789012", tags or {}, ReadCache())


WELL = context(FakeSession({})).tags_for(KEY)
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetResources")


class Service:
    """The resource's own service: it counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, arns: Sequence[str]) -> dict[str, Mapping[str, str]]:
        self.asked.extend(arns)
        return {arn: {"from": "the service"} for arn in arns}


def test_what_is_well_is_not_asked_again() -> None:
    service = Service()
    tags = {**WELL, "theirs": "too"}
    assert tag_index.tags_of(context(FakeSession({ARN: tags})), [ARN], service.read) == {ARN: tags}
    assert service.asked == []


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {ARN: {**WELL, "Name": "old"}},
        {ARN: {key: value for key, value in WELL.items() if key != "Name"}},
        {ARN: {**WELL, "airlift:stack": "another"}},
        DENIED,
    ],
    ids=["not listed", "differs", "lacks one", "another's", "may not be asked"],
)
def test_whatever_else_is_read_from_the_service(listed: Any) -> None:
    service = Service()
    found = tag_index.tags_of(context(FakeSession(listed)), [ARN], service.read)
    assert found == {ARN: {"from": "the service"}}
    assert service.asked == [ARN]


def test_a_tag_that_the_owner_adds_is_read_from_the_service() -> None:
    service = Service()
    tag_index.tags_of(context(FakeSession({ARN: WELL}), {"team": "search"}), [ARN], service.read)
    assert service.asked == [ARN]


def test_all_kinds_of_one_look_ask_once_and_the_next_look_again() -> None:
    session, service = FakeSession({ARN: WELL}), Service()
    for look in (1, 2):
        shared = context(session)
        for _kind in range(3):
            tag_index.tags_of(shared, [ARN], service.read)
        assert session.asked == look
    assert service.asked == []


def test_outside_of_a_look_the_service_is_asked() -> None:
    session, service = FakeSession({ARN: WELL}), Service()
    tag_index.tags_of(replace(context(session), read_cache=None), [ARN], service.read)
    assert (session.asked, service.asked) == (0, [ARN])


def test_nothing_to_look_up_asks_nobody() -> None:
    session = FakeSession({})
    assert tag_index.tags_of(context(session), [], Service().read) == {}
    assert session.asked == 0


def test_arns_by_key_are_all_or_none() -> None:
    known = context(FakeSession({ARN: WELL}))
    assert tag_index.arns_of(known, {KEY}) == [ARN]
    assert tag_index.arns_of(known, {KEY, "ingress/load-balancer"}) is None
    assert tag_index.arns_of(known, set()) is None


def test_one_by_one_keeps_each_answer_with_its_arn() -> None:
    read = tag_index.one_by_one(lambda arn: {"arn": arn})
    arns = [f"arn:{number}" for number in range(20)]
    assert read(arns) == {arn: {"arn": arn} for arn in arns}
