"""Listeners of application load balancers: HTTPS that forwards, HTTP that redirects to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import IMMUTABLE, UPDATABLE, Schema, declare
from .elbv2 import elb_tags, keys_in, our_load_balancers
from .kind import KEY_TAG, Context, Kind
from .passing import Passing, codes
from .tag_index import arns_of
from .tagging import as_pairs, is_ours
from .values import absent, mapping, number, optional_text, text

if TYPE_CHECKING:
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import (
        ActionOutputTypeDef,
        ActionTypeDef,
        CertificateTypeDef,
        ListenerTypeDef,
    )


class Listener(Kind):
    """A listener: ``load_balancer``, ``port``, ``protocol``, ``certificate``, ``tls_policy``, ``action``.

    ``action`` is ``{"type": "forward", "target_group": arn}`` or ``{"type": "redirect", "port": "443",
    "protocol": "HTTPS", "status": "HTTP_301"}``.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
    """

    name: ClassVar[str] = "listener"
    schema: ClassVar[Schema] = declare(
        load_balancer=IMMUTABLE,
        port=UPDATABLE,
        protocol=UPDATABLE,
        certificate=UPDATABLE,
        tls_policy=UPDATABLE,
        action=UPDATABLE,
    )
    after: ClassVar[frozenset[str]] = frozenset({"load_balancer", "target_group", "certificate"})
    not_yet: ClassVar[tuple[Passing, ...]] = codes(
        *("ListenerNotFound", "LoadBalancerNotFound", "TargetGroupNotFound", "CertificateNotFound")
    )

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the listeners of each of our load balancers, and one for those where it is needed."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        balancers = arns_of(context, keys_in(wanted, "load_balancer"))
        if balancers is not None:
            with absent("LoadBalancerNotFound"):
                return _of(client, context, balancers)
        return _of(
            client, context, [one["LoadBalancerArn"] for one, _ in our_load_balancers(client, context)]
        )

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Create it with its tags."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        tags = context.tags_for(key)
        load_balancer, port = text(properties, "load_balancer"), number(properties, "port")
        if properties["protocol"] == "HTTPS":
            answer = client.create_listener(
                LoadBalancerArn=load_balancer,
                Port=port,
                Protocol="HTTPS",
                Certificates=_certificates(properties),
                SslPolicy=text(properties, "tls_policy"),
                DefaultActions=[_action(mapping(properties, "action"))],
                Tags=as_pairs(tags),
            )
        else:
            answer = client.create_listener(
                LoadBalancerArn=load_balancer,
                Port=port,
                Protocol="HTTP",
                DefaultActions=[_action(mapping(properties, "action"))],
                Tags=as_pairs(tags),
            )
        return _found(answer["Listeners"][0], tags)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Write everything: the API takes a listener as a whole."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        action, port = _action(mapping(properties, "action")), number(properties, "port")
        if properties["protocol"] == "HTTPS":
            answer = client.modify_listener(
                ListenerArn=found.id,
                Port=port,
                Protocol="HTTPS",
                Certificates=_certificates(properties),
                SslPolicy=text(properties, "tls_policy"),
                DefaultActions=[action],
            )
        else:
            answer = client.modify_listener(
                ListenerArn=found.id, Port=port, Protocol="HTTP", DefaultActions=[action]
            )
        return _found(answer["Listeners"][0], found.tags or {KEY_TAG: found.key})

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        client.add_tags(ResourceArns=[found.id], Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete it."""
        client: ElasticLoadBalancingv2Client = context.session.client("elbv2")
        with absent("ListenerNotFound", "LoadBalancerNotFound"):
            client.delete_listener(ListenerArn=found.id)


def _of(client: ElasticLoadBalancingv2Client, context: Context, balancers: Sequence[str]) -> list[Found]:
    """Return our listeners of load balancers."""
    listeners = {
        listener["ListenerArn"]: listener
        for balancer in balancers
        for page in client.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
        for listener in page["Listeners"]
    }
    return [
        _found(listeners[arn], tags)
        for arn, tags in elb_tags(client, context, listeners).items()
        if is_ours(context, tags)
    ]


def _certificates(properties: Mapping[str, Value]) -> list[CertificateTypeDef]:
    arn = optional_text(properties, "certificate")
    return [{"CertificateArn": arn}] if arn else []


def _action(action: Mapping[str, Value]) -> ActionTypeDef:
    if action["type"] == "forward":
        return {"Type": "forward", "TargetGroupArn": text(action, "target_group")}
    return {
        "Type": "redirect",
        "RedirectConfig": {
            "Port": text(action, "port"),
            "Protocol": text(action, "protocol"),
            "StatusCode": "HTTP_301" if action["status"] == "HTTP_301" else "HTTP_302",
        },
    }


def _read_action(action: ActionOutputTypeDef) -> dict[str, Value]:
    """Return an action in the blueprint's shape; one of any other type comes back as its type alone."""
    if action["Type"] == "forward":
        groups = action.get("ForwardConfig", {}).get("TargetGroups", ())
        only = groups[0].get("TargetGroupArn") if len(groups) == 1 else None
        return {"type": "forward", "target_group": action.get("TargetGroupArn", only)}
    redirect = action.get("RedirectConfig")
    if action["Type"] == "redirect" and redirect is not None:
        return {
            "type": "redirect",
            "port": redirect.get("Port"),
            "protocol": redirect.get("Protocol"),
            "status": redirect.get("StatusCode"),
        }
    return {"type": action["Type"]}


def _found(listener: ListenerTypeDef, tags: Mapping[str, str]) -> Found:
    certificates = listener.get("Certificates", ())
    actions = listener.get("DefaultActions", ())
    return Found(
        kind="listener",
        key=tags[KEY_TAG],
        id=listener["ListenerArn"],
        properties={
            "load_balancer": listener["LoadBalancerArn"],
            "port": listener["Port"],
            "protocol": listener["Protocol"],
            "certificate": certificates[0].get("CertificateArn") if certificates else None,
            "tls_policy": listener.get("SslPolicy"),
            "action": _read_action(actions[0]) if len(actions) == 1 else {"type": "several"},
        },
        outputs={"arn": listener["ListenerArn"]},
        tags=tags,
    )
