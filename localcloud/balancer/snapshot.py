"""moto's load balancers, read into frozen data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWS_ROOT_CA, acm_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import (
    ELBv2Backend,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeRule,
    FakeTargetGroup,
    elbv2_backends,
)

from localcloud.balancer.actions import FIELDS
from localcloud.balancer.model import (
    Action,
    Condition,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Target,
    TargetGroup,
    Wanted,
)
from localcloud.pki import write_private

UNAVAILABLE = "not available on the embedded AWS"


class UnservableError(Exception):
    """A load balancer asks for what cannot be carried out; `str()` says what."""


def read(account_id: str, certificates: Path, address_of: Callable[[str], str]) -> Wanted:
    """Everything wanted in all regions of an account.

    Certificates with their keys are written to the directory `certificates`, named by their content.
    `address_of` gives the address of a load balancer, by its ARN.
    """
    balancers: list[LoadBalancer] = []
    groups: dict[str, TargetGroup] = {}
    problems: dict[str, str] = {}
    for backend in list(elbv2_backends[account_id].values()):
        for found in list(backend.load_balancers.values()):
            try:
                balancer = _load_balancer(backend, found, certificates, address_of(found.arn))
                used = [backend.target_groups[arn] for arn in sorted(_group_arns(found))]
                groups.update({item.arn: _target_group(item, balancer.idle_timeout_seconds) for item in used})
            except UnservableError as problem:
                problems[found.arn] = f"Failed to serve load balancer {found.name}: {problem}."
            else:
                balancers.append(balancer)
    return Wanted(tuple(balancers), tuple(groups.values()), problems)


def target_of(group: FakeTargetGroup, target_id: str, port: object) -> Target | None:
    """A registered target with its address, or None while it cannot receive requests."""
    if group.target_type != "instance":
        return Target(target_id, target_id, int(str(port)))
    instance = ec2_backends[group.account_id][group.region_name].get_instance_by_id(target_id)
    if instance is None or instance.state != "running" or not instance.private_ip:
        return None
    return Target(target_id, str(instance.private_ip), int(str(port)))


def backend_name(arn: str) -> str:
    """HAProxy's name for a target group."""
    return "-".join(arn.split("/")[-2:])


def _load_balancer(
    backend: ELBv2Backend, found: FakeLoadBalancer, certificates: Path, address: str
) -> LoadBalancer:
    if found.type != "application":
        raise UnservableError(f"type {found.type} is {UNAVAILABLE}")
    attributes = {str(key): str(value) for key, value in found.attrs.items()}
    return LoadBalancer(
        arn=found.arn,
        name=found.name,
        address=address,
        dns_name=found.dns_name,
        listeners=tuple(_listener(backend, item, certificates) for item in list(found.listeners.values())),
        idle_timeout_seconds=int(attributes.get("idle_timeout.timeout_seconds", "60")),
        drop_invalid_headers=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
        http2=attributes.get("routing.http2.enabled", "true") == "true",
    )


def _listener(backend: ELBv2Backend, found: FakeListener, certificates: Path) -> Listener:
    ordered = sorted(found._non_default_rules.values(), key=lambda rule: int(rule.priority))
    rules = [_rule(rule) for rule in ordered] + [_rule(rule) for rule in found._default_rule.values()]
    files: list[str] = []
    if found.protocol == "HTTPS":
        arns = list(dict.fromkeys([found.certificate, *found.certificates]))
        files = [str(_certificate(backend, str(arn), certificates)) for arn in arns if arn]
        if not files:
            raise UnservableError(f"its listener on port {found.port} has no certificate")
    strict = (found.ssl_policy or "").startswith("ELBSecurityPolicy-TLS13-1-3")
    return Listener(
        port=int(found.port),
        protocol=found.protocol,
        rules=tuple(rules),
        certificate_files=tuple(files),
        minimum_tls="TLSv1.3" if strict else "TLSv1.2",
    )


def _certificate(backend: ELBv2Backend, arn: str, directory: Path) -> Path:
    try:
        bundle = acm_backends[backend.account_id][backend.region_name].get_certificate(arn)
    except CertificateNotFound as error:
        raise UnservableError(f"certificate {arn} does not exist in ACM") from error
    chain = bundle.chain.replace(AWS_ROOT_CA, b"")  # moto adds AWS's own root to every chain
    content = b"\n".join(part.strip() for part in (bundle.cert, chain, bundle.key) if part.strip()) + b"\n"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = directory / f"{hashlib.sha256(content).hexdigest()[:32]}.pem"
    if not file.exists():
        write_private(file, content)
    return file


def _rule(found: FakeListenerRule | FakeRule) -> Rule:
    return Rule(
        conditions=tuple(_condition(condition) for condition in found.conditions or []),
        action=_action([action.data for action in found.actions]),
    )


def _condition(data: dict[str, Any]) -> Condition:
    field = str(data["Field"])
    if field not in FIELDS:
        raise UnservableError(f"the rule condition {field} is {UNAVAILABLE}")
    values: list[str] = data.get("Values") or next(
        (value["Values"] for value in data.values() if isinstance(value, dict) and value.get("Values")), []
    )
    if not values:
        raise UnservableError(f"a rule condition {field} without values is {UNAVAILABLE}")
    return Condition(field, tuple(str(value) for value in values))


def _action(actions: list[dict[str, Any]]) -> Action:
    for data in actions:
        if data["Type"].startswith("authenticate-"):
            raise UnservableError(f"the action {data['Type']} is {UNAVAILABLE}")
    data = max(actions, key=lambda action: int(action.get("Order") or 0))
    if data["Type"] == "redirect":
        return _redirect(data["RedirectConfig"])
    if data["Type"] == "fixed-response":
        fixed = data["FixedResponseConfig"]
        return FixedResponse(
            status_code=int(fixed["StatusCode"]),
            content_type=str(fixed.get("ContentType") or "text/plain"),
            body=str(fixed.get("MessageBody") or ""),
        )
    return Forward(tuple((backend_name(arn), weight) for arn, weight in _forwards(data)))


def _redirect(config: dict[str, Any]) -> Redirect:
    default = Redirect()
    return Redirect(
        status_code=302 if str(config.get("StatusCode")) == "HTTP_302" else 301,
        protocol=str(config.get("Protocol") or default.protocol),
        host=str(config.get("Host") or default.host),
        port=str(config.get("Port") or default.port),
        path=str(config.get("Path") or default.path),
        query=str(config["Query"] if config.get("Query") is not None else default.query),
    )


def _forwards(data: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if data["Type"] != "forward":
        return
    groups = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
    if groups:
        for group in groups:
            yield str(group["TargetGroupArn"]), int(group.get("Weight", 1))
    elif data.get("TargetGroupArn"):
        yield str(data["TargetGroupArn"]), 1


def _group_arns(found: FakeLoadBalancer) -> set[str]:
    return {
        arn
        for listener in list(found.listeners.values())
        for rule in list(listener.rules.values())
        for action in rule.actions
        for arn, _ in _forwards(action.data)
    }


def _target_group(found: FakeTargetGroup, idle_timeout_seconds: int) -> TargetGroup:
    if found.target_type not in ("instance", "ip"):
        raise UnservableError(f"target type {found.target_type} is {UNAVAILABLE}")
    if (found.protocol_version or "HTTP1") != "HTTP1":
        raise UnservableError(f"protocol version {found.protocol_version} to targets is {UNAVAILABLE}")
    if str(found.attributes.get("stickiness.enabled", "false")) == "true":
        raise UnservableError(f"stickiness is {UNAVAILABLE}")
    targets = [target_of(found, item["Id"], item["Port"]) for item in list(found.targets.values())]
    return TargetGroup(
        arn=found.arn,
        backend=backend_name(found.arn),
        protocol=found.protocol or "HTTP",
        algorithm=str(found.attributes.get("load_balancing.algorithm.type", "round_robin")),
        health_check=_health_check(found),
        targets=tuple(target for target in targets if target is not None),
        idle_timeout_seconds=idle_timeout_seconds,
    )


def _health_check(found: FakeTargetGroup) -> HealthCheck | None:
    if not found.health_check_enabled:
        return None
    port = str(found.health_check_port or "traffic-port")
    matcher = getattr(found, "matcher", None) or {}
    return HealthCheck(
        protocol=found.health_check_protocol or "HTTP",
        path=found.health_check_path or "/",
        port=None if port == "traffic-port" else int(port),
        interval_seconds=int(found.health_check_interval_seconds),
        timeout_seconds=int(found.health_check_timeout_seconds),
        healthy_threshold=int(found.healthy_threshold_count),
        unhealthy_threshold=int(found.unhealthy_threshold_count),
        codes=str(matcher.get("HttpCode") or "200"),
    )


def deregistration_delay_seconds(account_id: str, group_arn: str) -> int:
    """How long requests to a target that leaves the group may go on; 0 for a group that is gone."""
    for backend in list(elbv2_backends[account_id].values()):
        group = backend.target_groups.get(group_arn)
        if group is not None:
            return int(str(group.attributes.get("deregistration_delay.timeout_seconds", 300)))
    return 0
