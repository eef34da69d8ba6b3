"""Requests whose token AWS knows although what they made is gone: the next token, not the dead one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.resources.instance import Instance
from ansible_collections.airlift.stack.plugins.module_utils.resources.nat_gateway import NatGateway
from moto.ec2.models import ec2_backends

from tests.integration.account import ACCOUNT, REGION
from tests.integration.cloud import Cloud, served

SMALL: dict[str, Any] = {"network": {"zones": 1, "s3_endpoint": False}, "ingress": None}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("tokens")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    server.begin_anew()
    for kind in (Instance, NatGateway):
        monkeypatch.setattr(kind, "timeout_seconds", 3)
    return server


def provision(cloud: Cloud, **changes: Any) -> list[str]:
    result = cloud.provision(**SMALL, **changes)
    assert not result["failed"], result.get("msg")
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


@pytest.mark.parametrize("described", [True, False], ids=["while AWS describes it", "and described no more"])
def test_a_nat_gateway_that_was_deleted_is_made_again(cloud: Cloud, described: bool) -> None:
    provision(cloud)
    ec2, backend = cloud.client("ec2"), ec2_backends[ACCOUNT][REGION]
    (gateway,) = backend.nat_gateways.values()
    ec2.delete_nat_gateway(NatGatewayId=gateway.id)
    if described:
        ec2.delete_tags(Resources=[gateway.id], Tags=[{"Key": "airlift:key"}])
    else:
        gateway._created_at -= timedelta(hours=2)
        del backend.nat_gateways[gateway.id]
    assert "create network/nat/a" in provision(cloud)
    there = [one for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] == "available"]
    assert len(there) == 1
    assert there[0]["NatGatewayId"] != gateway.id
    assert provision(cloud) == []


def test_edited_tags_make_another_request(cloud: Cloud) -> None:
    provision(cloud)
    backend = ec2_backends[ACCOUNT][REGION]
    ids = cloud.info()["outputs"]["instance_ids"]
    cloud.client("ec2").terminate_instances(InstanceIds=ids)
    for reservation in list(backend.reservations.values()):
        if {one.id for one in reservation.instances} <= set(ids):
            del backend.reservations[reservation.id]
    (gateway,) = backend.nat_gateways.values()
    cloud.client("ec2").delete_nat_gateway(NatGatewayId=gateway.id)
    del backend.nat_gateways[gateway.id]
    done = provision(cloud, tags={"environment": "edited"})
    assert {"create compute/host/1", "create compute/host/2", "create network/nat/a"} <= set(done)
    assert provision(cloud, tags={"environment": "edited"}) == []
