"""The modules' arguments: how to reach AWS, and the layers of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .aws.session import Connection
from .blueprint.options import StackOptions
from .errors import BlueprintError

type Spec = dict[str, Any]

CONNECTION: Spec = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
}
"""The options of the documentation fragment ``airlift.stack.aws``."""


def _layer(**options: Spec) -> Spec:
    return {"type": "dict", "options": options}


def _texts(*default: str) -> Spec:
    return {"type": "list", "elements": "str", "default": list(default)}


LAYERS: Spec = {
    "network": _layer(
        cidr={"type": "str", "default": "10.213.0.0/16"},
        zones={"type": "int", "default": 2},
        nat={"type": "str", "choices": ["single", "per_zone", "none"], "default": "single"},
        s3_endpoint={"type": "bool", "default": True},
        admin_cidrs=_texts(),
    ),
    "identity": _layer(permissions_boundary={"type": "str"}),
    "storage": _layer(
        expire_noncurrent_days={"type": "int", "default": 30},
        log_expiry_days={"type": "int", "default": 90},
    ),
    "registry": _layer(keep_images={"type": "int", "default": 10}),
    "secrets": {
        **_layer(recovery_window_days={"type": "int", "default": 7}),
        "no_log": False,
    },
    "compute": _layer(
        count={"type": "int", "default": 2},
        instance_type={"type": "str", "default": "m7i.large"},
        image_name={"type": "str", "default": "debian-13-amd64-*"},
        image_owners=_texts("136693071363"),
        volume_gib={"type": "int", "default": 30},
        spot={"type": "bool", "default": False},
        hop_limit={"type": "int", "default": 1},
        access={"type": "str", "choices": ["ssh", "ssm"], "default": "ssh"},
        ssh_public_key={"type": "str", "no_log": False},
    ),
    "ingress": _layer(
        domain={"type": "str", "required": True},
        certificate_file={"type": "path", "required": True},
        certificate_chain_file={"type": "path"},
        private_key_file={"type": "path", "required": True, "no_log": False},
        allowed_cidrs=_texts("0.0.0.0/0"),
        health_path={"type": "str", "default": "/health"},
        edge_port={"type": "int", "default": 8080},
        idle_timeout_seconds={"type": "int", "default": 300},
        deletion_protection={"type": "bool", "default": False},
        tls_policy={"type": "str", "default": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    "observability": _layer(log_retention_days={"type": "int", "default": 30}),
    "delivery": {"type": "dict", "options": {}},
}
"""The layers of ``airlift.stack.aws_stack``, with the defaults of ``blueprint.options``."""

STACK: Spec = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "destroy_data": {"type": "bool", "default": False},
    "replace_hosts": {"type": "bool", "default": False},
    "tags": {"type": "dict", "default": {}},
    **CONNECTION,
    **LAYERS,
}
"""The arguments of ``airlift.stack.aws_stack``."""

STACK_INFO: Spec = {"name": {"type": "str", "required": True}, **CONNECTION}
"""The arguments of ``airlift.stack.aws_stack_info``."""

_FILES = {
    "certificate_file": "certificate",
    "certificate_chain_file": "certificate_chain",
    "private_key_file": "private_key",
}


def connection(arguments: Mapping[str, Any]) -> Connection:
    """Return how to reach AWS; what is empty counts as not given."""
    return Connection(**{name: arguments.get(name) or None for name in CONNECTION})


def stack_options(arguments: Mapping[str, Any], region: str) -> StackOptions:
    """Return the wanted stack, with the text of the files that options name.

    Raises ``BlueprintError`` for options that cannot be, and for files that cannot be read.
    """
    layers = {name: arguments.get(name) for name in LAYERS}
    raw: dict[str, object] = {
        "name": arguments["name"],
        "region": region,
        "tags": {str(name): str(value) for name, value in (arguments.get("tags") or {}).items()},
        **{name: value for name, value in layers.items() if value is not None},
    }
    if layers["ingress"] is not None:
        raw["ingress"] = _with_files_read(layers["ingress"])
    return StackOptions.parse(raw)


def _with_files_read(ingress: Mapping[str, Any]) -> dict[str, object]:
    read: dict[str, object] = {name: value for name, value in ingress.items() if name not in _FILES}
    for option, name in _FILES.items():
        if ingress.get(option):
            read[name] = _text(option, ingress[option])
    return read


def _text(option: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BlueprintError(
            f"Failed to read ingress.{option} {path}: {why}.", "Correct the path in airlift_ingress."
        ) from error
