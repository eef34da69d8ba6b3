"""What a stack tells the plays that come after it."""

from __future__ import annotations

from collections.abc import Mapping

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
        "vpc_id": one("network/vpc", "id"),
        "subnet_ids": {
            side: list(all_of(f"network/subnet/{side}/", "id").values()) for side in ("public", "private")
        },
        "vpc_cidr": there["network/vpc"].properties["cidr"] if "network/vpc" in there else None,
        "edge_port": _edge_port(there),
        "bucket": one("storage/bucket", "name"),
        "repository_uri": one("registry/repository/inference", "uri"),
        "api_keys_secret": one("secrets/api-keys", "name"),
        "release_parameter": one("delivery/release", "name"),
        "load_balancer_dns_name": one("ingress/load-balancer", "dns_name"),
        "target_group_arn": one("ingress/target-group/edge", "arn"),
        "endpoint_url": f"https://{domain}/v1" if domain else None,
        "instance_ids": list(all_of("compute/host/", "id").values()),
        "log_groups": all_of("observability/log-group/", "name"),
    }


def _edge_port(there: Mapping[str, Found]) -> Value:
    """Return where the load balancer asks the hosts' edge; without one, where the edge would be asked."""
    ports = [one.properties["port"] for one in there.values() if one.kind == "target"]
    return ports[0] if ports else defaults(IngressOptions)["edge_port"]


def _natural(key: str) -> tuple[str, int, str]:
    """Sort ``compute/host/10`` after ``compute/host/9``."""
    head, _, tail = key.rpartition("/")
    return head, int(tail) if tail.isdigit() else 0, tail
