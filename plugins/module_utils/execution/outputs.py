"""What a stack tells the plays that come after it."""

from __future__ import annotations

from collections.abc import Mapping

from ..blueprint import (
    compute,
    delivery,
    ingress,
    network,
    observability,
    registry,
    secrets,
    storage,
    zones,
)
from ..blueprint.architecture import containers_of
from ..blueprint.options import IngressOptions
from ..option_schema.declared import defaults
from ..reconcile.model import Found, Value

type Outputs = dict[str, object]


def outputs(there: Mapping[str, Found], account_id: str, region: str, domain: str | None) -> Outputs:
    """Return the stack's outputs from what is ``there``, by key; what is not is None, or not in its list."""

    def one(key: str, name: str) -> str | None:
        return there[key].outputs.get(name) if key in there else None

    def all_of(prefix: str, name: str) -> dict[str, str]:
        keys = sorted((key for key in there if key.startswith(prefix)), key=_natural)
        values = {key.removeprefix(prefix): there[key].outputs.get(name) for key in keys}
        return {key: value for key, value in values.items() if value is not None}

    return {
        "account_id": account_id,
        "region": region,
        "vpc_id": one(network.VPC.key, "id"),
        "subnet_ids": {
            "public": list(all_of(zones.PUBLIC_SUBNETS, "id").values()),
            "private": list(all_of(zones.PRIVATE_SUBNETS, "id").values()),
        },
        "vpc_cidr": there[network.VPC.key].properties["cidr"] if network.VPC.key in there else None,
        "edge_port": _edge_port(there),
        "idle_timeout_seconds": _idle_timeout_seconds(there),
        "bucket": one(storage.BUCKET, "name"),
        "repository_uri": one(registry.REPOSITORY, "uri"),
        "api_keys_secret": one(secrets.API_KEYS, "name"),
        "release_parameter": one(delivery.RELEASE, "name"),
        "load_balancer_dns_name": one(ingress.LOAD_BALANCER, "dns_name"),
        "target_group_arn": one(ingress.TARGET_GROUP, "arn"),
        "endpoint_url": f"https://{domain}/v1" if domain else None,
        "instance_ids": list(all_of(compute.HOSTS, "id").values()),
        "architectures": containers_of(list(all_of(compute.HOSTS, "architecture").values())),
        "log_groups": all_of(observability.LOG_GROUPS, "name"),
    }


def _edge_port(there: Mapping[str, Found]) -> Value:
    """Return where the load balancer asks the hosts' edge; without one, where the edge would be asked."""
    for kind in ("target", "target_group"):
        for one in there.values():
            if one.kind == kind and "port" in one.properties:
                return one.properties["port"]
    default: Value = defaults(IngressOptions)["edge_port"]
    return default


def _idle_timeout_seconds(there: Mapping[str, Found]) -> Value:
    """Return after how many silent seconds the load balancer cuts; without one, the option's default."""
    balancer = there.get(ingress.LOAD_BALANCER)
    attributes = balancer.properties["attributes"] if balancer is not None else None
    if isinstance(attributes, Mapping) and (seconds := attributes.get("idle_timeout.timeout_seconds")):
        return int(str(seconds))
    default: Value = defaults(IngressOptions)["idle_timeout_seconds"]
    return default


def _natural(key: str) -> tuple[str, int, str]:
    """Sort ``compute/host/10`` after ``compute/host/9``."""
    head, _, tail = key.rpartition("/")
    return head, int(tail) if tail.isdigit() else 0, tail
