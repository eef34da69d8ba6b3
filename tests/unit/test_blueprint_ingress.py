"""The way in: who it is for, what it listens on, and where it leads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils import pem
from ansible_collections.airlift.stack.plugins.module_utils.arguments import STACK_CLASSES, faults
from ansible_collections.airlift.stack.plugins.module_utils.blueprint import ingress
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from ansible_collections.airlift.stack.plugins.module_utils.reconcile.model import Reference
from cryptography.hazmat.primitives.serialization import Encoding

from tests.pki import issue
from tests.unit.stack_options import FACTS, at, certificate, of, options


def test_no_ingress_wants_nothing() -> None:
    assert of(ingress.wanted, ingress=None) == {}


def test_everything_by_its_key() -> None:
    assert set(of(ingress.wanted, compute={"count": 3})) == {
        *("ingress/certificate", "ingress/load-balancer", "ingress/target-group/edge"),
        *("ingress/listener/https", "ingress/listener/http"),
        *(f"ingress/target/{number}" for number in (1, 2, 3)),
    }


def test_https_forwards_and_http_only_redirects() -> None:
    wanted = of(ingress.wanted)
    https, http = wanted["ingress/listener/https"], wanted["ingress/listener/http"]
    assert at(https, "action") == {
        "type": "forward",
        "target_group": Reference("ingress/target-group/edge", "arn"),
    }
    assert https.properties["certificate"] == Reference("ingress/certificate", "arn")
    assert at(http, "action") == {
        "type": "redirect",
        "port": "443",
        "protocol": "HTTPS",
        "status": "HTTP_301",
    }


@pytest.mark.parametrize("zones", [2, 3])
def test_the_load_balancer_is_in_the_public_subnet_of_every_zone(zones: int) -> None:
    balancer = of(ingress.wanted, network={"zones": zones})["ingress/load-balancer"]
    assert balancer.properties["subnets"] == [
        Reference(f"network/subnet/public/{letter}") for letter in "abc"[:zones]
    ]
    assert "network/internet-gateway" in balancer.dependencies


def test_options_reach_their_attributes() -> None:
    wanted = of(
        ingress.wanted,
        ingress={
            "idle_timeout_seconds": 900,
            "deletion_protection": True,
            "edge_port": 9090,
            "health_path": "/live",
        },
    )
    attributes = at(wanted["ingress/load-balancer"], "attributes")
    assert attributes["idle_timeout.timeout_seconds"] == "900"  # type: ignore[index, call-overload]
    assert attributes["deletion_protection.enabled"] == "true"  # type: ignore[index, call-overload]
    assert at(wanted["ingress/target-group/edge"], "health_check.path") == "/live"
    assert wanted["ingress/target/1"].properties == {
        "target_group": Reference("ingress/target-group/edge", "arn"),
        "instance_id": Reference("compute/host/1"),
        "port": 9090,
    }


def test_a_certificate_is_known_by_its_fingerprints() -> None:
    authority = issue(authority=True, subject="authority")
    leaf = issue("airlift.test", issuer=authority)
    wanted = of(
        ingress.wanted,
        ingress={
            "certificate": leaf.pem,
            "private_key": leaf.key_pem,
            "certificate_chain": authority.pem,
        },
    )["ingress/certificate"]
    prints = [
        hashlib.sha256(one.certificate.public_bytes(Encoding.DER)).hexdigest() for one in (leaf, authority)
    ]
    assert wanted.properties["fingerprint"] == prints[0]
    assert wanted.properties["chain_fingerprints"] == prints[1:]
    assert of(ingress.wanted)["ingress/certificate"].properties["chain_fingerprints"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            ({"domain": domain}, r"ingress\.domain is .* must be a host name in lower case")
            for domain in (
                *("https://ai.example.org", "ai.example.org/v1", "localhost", "AI.example.org", "a..b"),
                *("-ai.example.org", "10.0.0.1", "ai_1.example.org", "x" * 64 + ".org", ""),
            )
        ),
        ({"health_path": "health"}, r"ingress\.health_path is 'health'; it must begin with /"),
        ({"health_path": "/a b"}, r"ingress\.health_path"),
        ({"edge_port": 0}, r"ingress\.edge_port is 0"),
        ({"edge_port": 65536}, r"ingress\.edge_port is 65536"),
        ({"idle_timeout_seconds": 4001}, r"ingress\.idle_timeout_seconds is 4001"),
        ({"idle_timeout_seconds": 119}, r"ingress\.idle_timeout_seconds is 119"),
        ({"tls_policy": "ELBSecurityPolicy-2016-08"}, r"ingress\.tls_policy is 'ELBSecurityPolicy-2016-08'"),
        ({"tls_policy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}, r"nothing below 1\.2"),
        ({"certificate": "nothing"}, r"certificate_file must hold one PEM certificate; it holds none"),
        ({"private_key": "nothing"}, r"private_key_file must hold one PEM private key"),
        ({"certificate_chain": "nothing"}, r"certificate_chain_file must hold PEM certificates"),
        (
            {"certificate": "-----BEGIN CERTIFICATE-----\nno/base64!\n-----END CERTIFICATE-----"},
            r"certificate_file or its chain is damaged",
        ),
        (
            {"private_key": certificate().key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")},
            r"without a passphrase",
        ),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BlueprintError, match=message):
        ingress.wanted(options(ingress=changes), FACTS)


def test_several_errors_are_said_at_once_and_none_shows_the_key(tmp_path: Path) -> None:
    key, other = tmp_path / "key.pem", tmp_path / "other.pem"
    key.write_text(certificate().key_pem, encoding="ascii")
    other.write_text("x", encoding="ascii")
    layer = {"domain": "", "edge_port": 0, "certificate_file": str(other), "private_key_file": str(key)}
    said = faults(STACK_CLASSES, {"name": "demo", "ingress": layer, "compute": {"access": "ssm"}})
    assert len(said) == 3
    assert certificate().key_pem[40:80] not in str(said)


@pytest.mark.parametrize(
    "domain", ["airlift.test", "ai.example.org", "a.b-c.d1.example.co.uk", "xn--bcher-kva.example"]
)
def test_domains_that_are_fine(domain: str) -> None:
    assert of(ingress.wanted, ingress={"domain": domain})


def test_line_ends_and_words_around_make_no_other_fingerprint() -> None:
    text = certificate().pem
    noisy = "Bag Attributes\n  friendlyName: x\n" + text.replace("\n", "\r\n") + "\ntrailing"
    assert pem.fingerprints(noisy) == pem.fingerprints(text)
    assert pem.labels(noisy + certificate().key_pem) == ["CERTIFICATE", "PRIVATE KEY"]
