"""A run that dies at any changing call, before it is sent or after it took effect: one more finishes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import get_args

import pytest

from tests.integration.cloud import Cloud, served
from tests.integration.counting_moto import forget
from tests.torture.death import When, dying, inventory

SHARES = 6
"""Each test takes every sixth call: they run side by side."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("kill")) as cloud:
        yield cloud


def mutating(cloud: Cloud) -> int:
    count: int = cloud.requests()["mutating"]
    return count


def provisioned_after_death(cloud: Cloud, number: int, when: When) -> bool:
    """Die at the ``number``-th changing call of a first run and see that the next finishes.

    Returns whether there was such a call at all.
    """
    forget()
    with dying(number, when) as death, contextlib.suppress(ProcessLookupError):
        cloud.provision()
    if not death.dead:
        return False
    second = cloud.provision()
    assert not second["failed"], f"{when} call {number}: {second.get('msg')}"
    cloud.forget_requests()
    third = cloud.provision()
    assert third["plan"] == [], f"{when} call {number}"
    assert mutating(cloud) == 0
    return True


def removed_after_death(cloud: Cloud, number: int, when: When) -> bool:
    """The same of a removal with all data."""
    forget()
    cloud.provision()
    with dying(number, when) as death, contextlib.suppress(ProcessLookupError):
        cloud.provision(state="absent", destroy_data=True)
    if not death.dead:
        return False
    second = cloud.provision(state="absent", destroy_data=True)
    assert not second["failed"], f"{when} call {number}: {second.get('msg')}"
    cloud.forget_requests()
    third = cloud.provision(state="absent", destroy_data=True)
    assert not third["changed"], f"{when} call {number}"
    assert mutating(cloud) == 0
    return True


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", get_args(When))
@pytest.mark.parametrize("share", range(1, SHARES + 1))
def test_while_provisioning(cloud: Cloud, when: When, share: int) -> None:
    forget()
    cloud.provision()
    whole = inventory(cloud)
    number = share
    while provisioned_after_death(cloud, number, when):
        assert inventory(cloud) == whole, f"{when} call {number}"
        number += SHARES
    print(f"{when}: calls {share}, {share + SHARES}, … up to {number - SHARES} of provisioning")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", get_args(When))
@pytest.mark.parametrize("share", range(1, SHARES + 1))
def test_while_removing(cloud: Cloud, when: When, share: int) -> None:
    forget()
    nothing = inventory(cloud)
    number = share
    while removed_after_death(cloud, number, when):
        assert inventory(cloud) == nothing, f"{when} call {number}"
        number += SHARES
    print(f"{when}: calls {share}, {share + SHARES}, … up to {number - SHARES} of removal")
