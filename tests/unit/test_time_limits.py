"""One option bounds how long a request may be silent, and every limit on its way follows, in this order.

engine's comment < edge gives up, queue and engine together < load balancer's idle timeout < edge's keep-alive
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import ingress
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import IngressOptions
from ansible_collections.airlift.stack.plugins.module_utils.execution.outputs import outputs
from ansible_collections.airlift.stack.plugins.module_utils.option_schema.declared import declared
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Found
from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

from tests.unit.stack_options import of

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles/edge_proxy"
OPTION = next(one.option for one in declared(IngressOptions) if one.field == "idle_timeout_seconds")
assert OPTION is not None
SHORTEST, LONGEST = OPTION.minimum, OPTION.maximum
JINJA = NativeEnvironment(undefined=StrictUndefined)  # of our own files, and no HTML
LIMIT = re.compile(r"^ *(timeout [a-z-]+|hard-stop-after) (.*)s$", re.MULTILINE)


def edge(**given: object) -> dict[str, list[int]]:
    """Return the seconds of each limit in HAProxy's configuration, those of each version of HAProxy."""
    values: dict[str, Any] = {**yaml.safe_load((ROLE / "defaults/main.yml").read_text()), **given}
    private: dict[str, Any] = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    for name in ("__edge_proxy_margin_seconds", *(one for one in private if one.endswith("timeout_seconds"))):
        values[name] = JINJA.from_string(str(private[name])).render(values)
    limits: dict[str, list[int]] = {}
    for name, expression in LIMIT.findall((ROLE / "templates/haproxy.cfg.j2").read_text()):
        limits.setdefault(name, []).append(int(JINJA.from_string(expression).render(values)))
    return limits


def balancer(idle: int) -> Found:
    wanted = of(ingress.wanted, ingress={"idle_timeout_seconds": idle})[ingress.LOAD_BALANCER]
    return Found(wanted.kind, wanted.key, "arn", wanted.properties)


@pytest.mark.parametrize("idle", [SHORTEST, 300, 1200, LONGEST])
def test_each_limit_is_on_its_side_of_the_load_balancer_s(idle: int) -> None:
    there = balancer(idle)
    assert at_attribute(there) == str(idle)
    told = outputs({there.key: there}, "123456789012", "us-east-1", None)["idle_timeout_seconds"]
    assert told == idle
    limits = edge(edge_proxy_idle_timeout_seconds=told)
    (keep_alive,), (server,), (queue,) = (
        limits[f"timeout {one}"] for one in ("http-keep-alive", "server", "queue")
    )
    assert keep_alive > idle, "or a request is sent on a connection that was just closed: a sporadic 502"
    assert 0 < server + queue < idle, "or the load balancer's 504 comes before the edge's own"
    assert max(limits["timeout client"]) >= keep_alive, "HAProxy 2.6 closes idle connections by this one"
    assert limits["hard-stop-after"][0] >= idle


def test_a_stream_that_thinks_is_cut_nowhere() -> None:
    """Also with the shortest silence, the longest queue that the role takes, and the slowest comments."""
    limits = edge(edge_proxy_idle_timeout_seconds=SHORTEST, edge_proxy_queue_timeout_seconds=SHORTEST // 2)
    settings = json.loads((ROOT / "inference/engines/llamacpp/settings.json").read_text())
    assert settings["properties"]["sse_ping_seconds"]["maximum"] < limits["timeout server"][0]


def test_the_hosts_are_configured_by_the_stack_s_own_output() -> None:
    plays = yaml.safe_load((ROOT / "playbooks/configure.yml").read_text())
    handed = [
        role["vars"]["edge_proxy_idle_timeout_seconds"]
        for play in plays
        for role in play.get("roles", ())
        if role["role"] == "edge_proxy"
    ]
    assert handed == ["{{ __airlift_outputs.idle_timeout_seconds }}"]


def at_attribute(there: Found) -> object:
    attributes = there.properties["attributes"]
    assert isinstance(attributes, dict)
    return attributes["idle_timeout.timeout_seconds"]
