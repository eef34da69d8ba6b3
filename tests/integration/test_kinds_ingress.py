"""Certificate, load balancer, target group, listeners and targets, within the whole stack on moto.

What moto leaves unproven: how long a load balancer takes, that it serves, that ACM checks what it imports.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, NeverUsableError
from ansible_collections.airlift.stack.plugins.module_utils.pem import fingerprints
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.integration.services import Services, blueprint, fresh, services
from tests.pki import Pair, issue

RSA = rsa.generate_private_key(65537, 2048)
P384 = ec.generate_private_key(ec.SECP384R1())
OTHER = issue("airlift.test", key=P384)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
CODE = ExtendedKeyUsageOID.CODE_SIGNING

DATA_SAFE = {"storage", "registry", "secrets", "delivery", "observability"}


@pytest.fixture(scope="module")
def served() -> Iterator[Services]:
    with services() as account:
        yield account


@pytest.fixture
def account(served: Services) -> Services:
    """Return the account with the stack as the blueprint wants it: whatever a test left is repaired."""
    served.converge(blueprint())
    return served


def test_the_whole_stack_comes_and_goes(served: Services) -> None:
    account = served
    account.reset()
    account.create(blueprint())
    account.remove()
    assert {one.key.split("/")[0] for one in account.found()} == DATA_SAFE
    again = {one.key.split("/")[0] for one in account.plan(blueprint()).changing}
    assert again == {"network", "identity", "compute", "ingress"}, "what holds data is taken up again"


def test_the_load_balancer_is_as_wanted(account: Services) -> None:
    elb = account.session.client("elbv2")
    balancer = elb.describe_load_balancers(Names=["airlift"])["LoadBalancers"][0]
    assert balancer["Scheme"] == "internet-facing"
    assert len(balancer["AvailabilityZones"]) == 2
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert {(one["Port"], one["Protocol"]) for one in listeners} == {(443, "HTTPS"), (80, "HTTP")}
    https = next(one for one in listeners if one["Port"] == 443)
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    found = account.one("ingress/load-balancer")
    assert found.outputs["dns_name"] == balancer["DNSName"]


def attributes(account: Services, **changes: str) -> None:
    account.session.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=account.one("ingress/load-balancer").id,
        Attributes=[{"Key": key, "Value": value} for key, value in changes.items()],
    )


def test_drift_of_attributes_and_health_check(account: Services) -> None:
    attributes(account, **{"routing.http.drop_invalid_header_fields.enabled": "false"})
    account.session.client("elbv2").modify_target_group(
        TargetGroupArn=account.one("ingress/target-group/edge").id, HealthCheckPath="/"
    )
    assert sorted(account.converge(blueprint())) == [
        "update ingress/load-balancer",
        "update ingress/target-group/edge",
    ]
    assert account.changes(blueprint()) == []


def test_drift_of_listeners(account: Services) -> None:
    elb = account.session.client("elbv2")
    elb.modify_listener(
        ListenerArn=account.one("ingress/listener/https").id, SslPolicy="ELBSecurityPolicy-2016-08"
    )
    elb.delete_listener(ListenerArn=account.one("ingress/listener/http").id)
    assert sorted(account.changes(blueprint())) == [
        "create ingress/listener/http",
        "ingress/listener/https tls_policy: ELBSecurityPolicy-2016-08 -> ELBSecurityPolicy-TLS13-1-2-2021-06",
    ]
    account.converge(blueprint())
    assert account.changes(blueprint()) == []


def test_a_deregistered_host_is_registered_again(account: Services) -> None:
    account.kinds["target"].delete(account.context, account.one("ingress/target/1"))
    assert account.converge(blueprint()) == ["create ingress/target/1"]
    assert account.changes(blueprint()) == []


def test_targets_follow_their_port_and_their_number(account: Services) -> None:
    moved = blueprint(ingress={"edge_port": 9090})
    done = account.converge(moved)
    assert {"update ingress/target/1", "update ingress/target/2"} <= set(done)
    assert account.changes(moved) == []
    fewer = blueprint(compute={"count": 1}, ingress={"edge_port": 9090})
    assert {"delete ingress/target/2"} <= set(account.converge(fewer))
    assert account.changes(fewer) == []


def test_instances_of_others_in_our_target_group_are_untouched(account: Services) -> None:
    ec2, elb = account.session.client("ec2"), account.session.client("elbv2")
    theirs = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)["Instances"][0]
    group = account.one("ingress/target-group/edge").id
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": theirs["InstanceId"], "Port": 1234}])
    assert account.changes(blueprint()) == []
    account.kinds["target"].delete(account.context, account.one("ingress/target/1"))
    account.converge(blueprint())
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert theirs["InstanceId"] in {one["Target"]["Id"] for one in health}


def test_a_new_certificate_takes_the_old_one_s_place(account: Services) -> None:
    before = account.one("ingress/certificate")
    renewed = issue("airlift.test")
    changed = blueprint(ingress={"certificate": renewed.pem, "private_key": renewed.key_pem})
    steps = account.plan(changed).changing
    assert [(one.key, [change.path for change in one.changes]) for one in steps] == [
        ("ingress/certificate", ["fingerprint"])
    ]
    account.converge(changed)
    assert account.changes(changed) == []
    after = account.one("ingress/certificate")
    assert after.id == before.id
    assert after.properties["fingerprint"] == fingerprints(renewed.pem)[0]


def served_arn(account: Services) -> str:
    """Return the certificate that the listener serves, as AWS tells it."""
    elb = account.session.client("elbv2")
    listeners = elb.describe_listeners(ListenerArns=[account.one("ingress/listener/https").id])["Listeners"]
    return listeners[0]["Certificates"][0]["CertificateArn"]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (issue("airlift.test", key=RSA), issue("airlift.test"), "key_type"),
        (issue("airlift.test"), issue("airlift.test", key=P384), "key_type"),
        (issue("airlift.test", uses=(SERVER, CODE)), issue("airlift.test", uses=(SERVER,)), "usages"),
    ],
)
def test_what_acm_takes_under_no_old_arn_gets_a_new_one(
    account: Services, before: Pair, after: Pair, path: str
) -> None:
    """The listener moves to it, then the old one goes: no moment without a certificate."""
    account.converge(blueprint(ingress={"certificate": before.pem, "private_key": before.key_pem}))
    old = served_arn(account)
    changed = blueprint(ingress={"certificate": after.pem, "private_key": after.key_pem})
    steps = {one.key: one for one in account.plan(changed).changing}
    assert {key: str(one.action) for key, one in steps.items()} == {
        "ingress/certificate": "replace",
        "ingress/listener/https": "update",
    }
    assert steps["ingress/certificate"].reason == f"{path} cannot be changed in place"
    account.converge(changed)
    assert account.changes(changed) == []
    assert served_arn(account) == account.one("ingress/certificate").id != old
    listed = account.session.client("acm").list_certificates()["CertificateSummaryList"]
    assert old not in {one["CertificateArn"] for one in listed}


@pytest.mark.parametrize(
    ("before", "after"), [((SERVER,), (SERVER, CODE)), ((SERVER, CLIENT), (SERVER,)), ((), (SERVER,))]
)
def test_uses_that_are_added_and_those_of_clients_keep_the_arn(
    account: Services, before: tuple[ObjectIdentifier, ...], after: tuple[ObjectIdentifier, ...]
) -> None:
    first, second = (issue("airlift.test", uses=uses) for uses in (before, after))
    account.converge(blueprint(ingress={"certificate": first.pem, "private_key": first.key_pem}))
    old = served_arn(account)
    changed = blueprint(ingress={"certificate": second.pem, "private_key": second.key_pem})
    assert account.converge(changed) == ["update ingress/certificate"]
    assert served_arn(account) == old


def test_a_run_that_ended_between_the_two_certificates_is_finished(account: Services) -> None:
    changed = blueprint(ingress={"certificate": OTHER.pem, "private_key": OTHER.key_pem})
    wanted = next(one for one in changed if one.kind == "certificate")
    made = account.kinds["certificate"].create(account.context, wanted.key, wanted.properties)
    assert sorted(account.converge(changed)) == [
        "delete ingress/certificate",
        "update ingress/listener/https",
    ]
    assert account.changes(changed) == []
    assert served_arn(account) == made.id


def test_certificates_with_keys_of_every_type_are_listed(account: Services) -> None:
    """AWS lists only two types of RSA unless asked. moto lists all, so only the question can be checked."""
    asked: list[dict[str, object]] = []
    events = account.session.client("acm").meta.events
    events.register("provide-client-params.acm.ListCertificates", lambda params, **_: asked.append(params))
    account.kinds["certificate"].find(account.context, [])
    includes = asked[-1]["Includes"]
    assert isinstance(includes, dict)
    assert {"RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"} <= set(includes["keyTypes"])


def test_look_alikes_survive_all_of_it(account: Services) -> None:
    elb = account.session.client("elbv2")
    subnets = [account.one(f"network/subnet/public/{letter}").id for letter in "ab"]
    theirs = elb.create_load_balancer(Name="airlift-too", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="airlift-theirs", Protocol="HTTP", Port=80, VpcId=account.one("network/vpc").id
    )["TargetGroups"][0]
    listener = elb.create_listener(
        LoadBalancerArn=account.one("ingress/load-balancer").id,
        Port=8443,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )["Listeners"][0]
    assert account.changes(blueprint()) == []
    for one in account.found():
        if one.kind in ("listener", "target", "target_group"):
            account.kinds[one.kind].delete(account.context, one)
    names = {one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancers"]}
    assert theirs["LoadBalancerName"] in names
    assert elb.describe_listeners(ListenerArns=[listener["ListenerArn"]])["Listeners"]
    assert elb.describe_target_groups(Names=["airlift-theirs"])["TargetGroups"]


def test_a_protected_load_balancer_is_not_deleted(account: Services) -> None:
    protected = blueprint(ingress={"deletion_protection": True})
    assert account.converge(protected) == ["update ingress/load-balancer"]
    kind = account.kinds["load_balancer"]
    with pytest.raises(AirliftError, match="has deletion protection"):
        kind.delete(account.context, account.one("ingress/load-balancer"))
    account.converge(blueprint())
    kind.delete(account.context, account.one("ingress/load-balancer"))
    names = {
        one["LoadBalancerName"]
        for one in account.session.client("elbv2").describe_load_balancers()["LoadBalancers"]
    }
    assert "airlift" not in names


def test_a_load_balancer_that_failed_says_why(account: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    elb = account.session.client("elbv2")
    kind, found = account.kinds["load_balancer"], account.one("ingress/load-balancer")
    state = {"Code": "provisioning"}
    described = {"LoadBalancers": [{"LoadBalancerName": "airlift", "State": state}]}
    monkeypatch.setattr(elb, "describe_load_balancers", lambda **_: described)
    assert kind.settled(account.context, found) is None
    state["Code"] = "active_impaired"
    assert kind.settled(account.context, found) is found
    state |= {"Code": "failed", "Reason": "no capacity"}
    with pytest.raises(NeverUsableError, match="no capacity"):
        kind.settled(account.context, found)


def test_a_load_balancer_is_gone_only_with_its_interfaces(account: Services) -> None:
    found = account.one("ingress/load-balancer")
    kind, ec2 = account.kinds["load_balancer"], account.session.client("ec2")
    interface = ec2.create_network_interface(
        SubnetId=account.one("network/subnet/public/a").id,
        Description=f"ELB {found.id.split('loadbalancer/')[1]}",
    )["NetworkInterface"]["NetworkInterfaceId"]
    assert not kind.gone(account.context, found)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert kind.gone(account.context, found)


def test_a_run_with_nothing_to_do_asks_little(served: Services) -> None:
    account = served
    account.reset()
    account.create(blueprint())
    asked = fresh(account).calls(blueprint())
    assert sum(asked.values()) <= 43, asked  # with the account and its zones looked up, 45
