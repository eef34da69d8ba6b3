"""From SSH to SSM: nobody is shut out, and a first boot that failed is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.resources import ssm_agent

from tests.integration.cloud import Cloud, served
from tests.integration.counting_moto import forget

ADMINS = {"admin_cidrs": ["192.0.2.0/24"]}
RULE = "delete network/rule/host/ingress/ssh-from-192.0.2.0-24"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("access")) as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Iterator[Cloud]:
    forget()
    server.silence()
    server.forget_requests()
    server.warned.clear()
    yield server
    server.silence()


def provision(cloud: Cloud, access: str, check: bool = False, count: int = 1) -> dict[str, Any]:
    """Provision without ingress, which takes half as long."""
    compute = {"access": access, "count": count}
    return cloud.provision(check=check, ingress=None, network=ADMINS, compute=compute)


def done(result: dict[str, Any]) -> list[str]:
    assert not result["failed"], result.get("msg")
    return sorted(f"{step['action']} {step['key']}" for step in result["plan"])


def test_ssh_is_closed_only_where_agents_answer(cloud: Cloud) -> None:
    """The whole way: ssh, refused, both, the agent comes, ssm."""
    [host] = provision(cloud, "ssh")["outputs"]["instance_ids"]
    cloud.silence(host)
    cloud.forget_requests()
    planned = provision(cloud, "ssm", check=True)
    assert RULE in done(planned)
    [said] = cloud.warned
    assert f"takes SSH away, and the SSM agent of compute/host/1 ({host}) does not answer" in said
    assert "Outside check mode that is refused. Set compute.access to both" in said
    with pytest.raises(AirliftError, match="does not answer: nobody would reach it"):
        provision(cloud, "ssm")
    assert cloud.requests()["mutating"] == 0

    assert done(provision(cloud, "both")) == ["update identity/host-role"]
    cloud.silence()
    assert done(provision(cloud, "ssm")) == ["delete compute/key-pair", RULE]
    assert done(provision(cloud, "ssm")) == []


def test_over_ssh_nobody_asks_for_agents(cloud: Cloud) -> None:
    provision(cloud, "ssh")
    cloud.silence("*")
    assert done(provision(cloud, "ssh")) == []
    assert "ssm:DescribeInstanceInformation" not in cloud.requests()["by_action"]


def test_a_new_host_whose_agent_never_answers(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of its own; later runs warn of it, and its successor is made once it is gone."""
    monkeypatch.setattr(ssm_agent, "FIRST_BOOT", timedelta(seconds=2))
    cloud.silence("*")
    first = provision(cloud, "ssm")
    [said] = first["failures"]
    assert "runs, but its SSM agent has not answered in" in said
    assert "terminate it and run the same command again" in said
    [host] = cloud.info()["outputs"]["instance_ids"]
    cloud.warned.clear()
    assert done(provision(cloud, "ssm")) == []
    [warning] = cloud.warned
    assert warning.startswith(
        f"The SSM agent of compute/host/1 ({host}) does not answer, so nobody reaches it."
    )
    cloud.client("ec2").terminate_instances(InstanceIds=[host])
    cloud.silence(host)
    cloud.warned.clear()
    assert done(provision(cloud, "ssm")) == ["create compute/host/1"]
    assert done(provision(cloud, "ssm")) == []
    assert cloud.warned == []


def test_a_new_host_is_waited_for_until_its_agent_answers(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    has_booted = ssm_agent.answering

    def late(session: Any, instances: Any) -> frozenset[str]:
        asked.append(True)
        if len(asked) == 2:
            cloud.silence()
        return has_booted(session, instances)

    monkeypatch.setattr(ssm_agent, "answering", late)
    cloud.silence("*")
    assert "create compute/host/1" in done(provision(cloud, "ssm"))
    assert len(asked) == 2
