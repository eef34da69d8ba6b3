"""Certificates that can serve, and those that cannot: said before anything is changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.airlift.stack.plugins.module_utils import certificates
from ansible_collections.airlift.stack.plugins.module_utils.blueprint.options import IngressOptions
from ansible_collections.airlift.stack.plugins.module_utils.errors import BlueprintError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from tests.pki import NOW, Pair, issue

ROOT = issue(authority=True, subject="root")
MIDDLE = issue(authority=True, subject="middle", issuer=ROOT)
LEAF = issue("ai.example.org", issuer=MIDDLE)


def ingress(
    pair: Pair, domain: str = "ai.example.org", *chain: Pair, key: str | None = None
) -> IngressOptions:
    return IngressOptions(
        domain=domain,
        certificate=pair.pem,
        private_key=key or pair.key_pem,
        certificate_chain="".join(one.pem for one in chain) or None,
    )


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize(
    "options",
    [
        ingress(issue("ai.example.org")),
        ingress(issue("other.org", "AI.example.org")),
        ingress(issue("*.example.org")),
        ingress(LEAF, "ai.example.org", MIDDLE),
        ingress(LEAF, "ai.example.org", MIDDLE, ROOT),
    ],
    ids=["own", "second name", "wildcard", "chain", "chain with its root"],
)
def test_what_can_serve(options: IngressOptions) -> None:
    certificates.check(options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ingress(LEAF, key=issue("x.org").key_pem), "does not belong to ingress.certificate_file"),
        (ingress(LEAF, key="nothing"), "cannot be read as a private key without a passphrase"),
        (ingress(issue("ai.example.org", valid_until=NOW - timedelta(hours=1))), "expired on .*: renew it"),
        (ingress(issue("ai.example.org", valid_from=NOW + timedelta(hours=1))), "is not valid before"),
        (ingress(issue("example.org")), "is not for ai.example.org: its names are example.org"),
        (ingress(issue(subject="ai.example.org")), "its names are none"),
        (ingress(issue("*.example.org"), "a.ai.example.org"), "is not for a.ai.example.org"),
        (ingress(issue("*.example.org"), "example.org"), "is not for example.org"),
        (ingress(LEAF, "ai.example.org", ROOT, MIDDLE), "Certificate 1 .* did not issue the one before it"),
        (ingress(LEAF, "ai.example.org", MIDDLE, LEAF), "Certificate 2 .* did not issue the one before it"),
        (ingress(LEAF, key=pem(rsa.generate_private_key(65537, 1024))), "has 1024 bits"),
        (ingress(LEAF, key=pem(ed25519.Ed25519PrivateKey.generate())), "of a type that a load balancer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_serve(options: IngressOptions, message: str) -> None:
    with pytest.raises(BlueprintError, match=message) as caught:
        certificates.check(options)
    assert options.private_key.strip() not in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    old = issue("other.org", valid_until=NOW - timedelta(hours=1))
    with pytest.raises(BlueprintError) as caught:
        certificates.check(ingress(old, key=LEAF.key_pem))
    assert len(str(caught.value).splitlines()) == 3


def test_a_damaged_certificate_is_named() -> None:
    broken = IngressOptions(
        domain="ai.example.org",
        certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        private_key=LEAF.key_pem,
    )
    with pytest.raises(BlueprintError, match=r"ingress\.certificate_file cannot be read as a certificate"):
        certificates.check(broken)


def test_without_cryptography_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "HAS_CRYPTOGRAPHY", False)
    with pytest.raises(BlueprintError, match="cryptography is not installed"):
        certificates.check(ingress(LEAF))
