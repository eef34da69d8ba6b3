"""Certificates imported into ACM, compared by fingerprint.

A new one is imported under the old one's ARN where ACM takes it there. Where it does not (another type or
size of key, a use that is gone), it gets an ARN of its own: the listener moves to it, then the old one goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..certificate_traits import traits
from ..pem import fingerprints
from ..reconcile.model import Change, Found, Value, Wanted
from ..reconcile.schema import CREATE_ONLY, IMMUTABLE, UPDATABLE, Property, Schema, declare
from .kind import KEY_TAG, Context, Kind
from .passing import Passing, codes
from .tag_index import Tags, one_by_one, tags_of
from .tagging import as_mapping, as_pairs, is_ours
from .values import absent, optional_text, text, texts

if TYPE_CHECKING:
    from mypy_boto3_acm.client import ACMClient
    from mypy_boto3_acm.literals import KeyAlgorithmType
    from mypy_boto3_acm.type_defs import ImportCertificateRequestTypeDef

KEY_TYPES: tuple[KeyAlgorithmType, ...] = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
"""Named one by one, because ListCertificates leaves out all but RSA_1024 and RSA_2048 unless asked."""

_COMPARED = ("domain", "fingerprint", "chain_fingerprints", "key_type", "usages")

DOMAIN_TAG = "airlift:domain"
"""The endpoint's name: a certificate may be for several, and ACM tells only the first."""


class Certificate(Kind):
    """An imported certificate: ``domain``, ``certificate``, ``chain`` and ``private_key`` in PEM.

    Compared are ``fingerprint`` and ``chain_fingerprints``, SHA-256 in hex, and what decides whether the ARN
    can stay: ``key_type`` and ``usages``. Outputs: ``arn``, ``domain``.

    https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
    """

    name: ClassVar[str] = "certificate"
    schema: ClassVar[Schema] = declare(
        domain=UPDATABLE,
        fingerprint=UPDATABLE,
        chain_fingerprints=UPDATABLE,
        key_type=IMMUTABLE,
        usages=Property(immutable=True, unordered=True),
        certificate=CREATE_ONLY,
        chain=CREATE_ONLY,
        private_key=Property(create_only=True, secret=True),
    )
    create_before_delete: ClassVar[bool] = True
    expected_seconds: ClassVar[int] = 3
    still_used: ClassVar[tuple[Passing, ...]] = codes("ResourceInUseException")
    release_seconds: ClassVar[float] = 1500.0
    """ACM hears up to 20 minutes late that a load balancer serves it no longer."""

    def find(self, context: Context, wanted: Sequence[Wanted]) -> Sequence[Found]:
        """One call for the account's certificates, the tags of imported ones, one call for each of ours."""
        client: ACMClient = context.session.client("acm")
        pages = client.get_paginator("list_certificates").paginate(Includes={"keyTypes": list(KEY_TYPES)})
        domains = {
            one["CertificateArn"]: one.get("DomainName", "")
            for page in pages
            for one in page["CertificateSummaryList"]
            if one.get("Type", "IMPORTED") == "IMPORTED"
        }
        by_key = {one.key: one.properties for one in wanted}

        def read(arn: str) -> Tags:
            with absent("ResourceNotFoundException"):
                return as_mapping(client.list_tags_for_certificate(CertificateArn=arn)["Tags"])
            return {}

        return [
            _found(
                arn,
                tags,
                {
                    **_read(client, arn, by_key.get(tags[KEY_TAG], {})),
                    "domain": tags.get(DOMAIN_TAG, domains[arn]),
                },
            )
            for arn, tags in tags_of(context, domains, one_by_one(read)).items()
            if is_ours(context, tags)
        ]

    def create(self, context: Context, key: str, properties: Mapping[str, Value]) -> Found:
        """Import the certificate with its tags."""
        client: ACMClient = context.session.client("acm")
        tags = {**context.tags_for(key), DOMAIN_TAG: text(properties, "domain")}
        request = _request(properties)
        request["Tags"] = as_pairs(tags)
        arn = client.import_certificate(**request)["CertificateArn"]
        return _found(arn, tags, properties)

    def update(
        self, context: Context, found: Found, properties: Mapping[str, Value], changes: Sequence[Change]
    ) -> Found:
        """Import the new certificate under the same ARN: the listener goes on and serves it."""
        client: ACMClient = context.session.client("acm")
        request = _request(properties)
        request["CertificateArn"] = found.id
        client.import_certificate(**request)
        # AWS keeps its tags through a new import. Should it not, the certificate would be lost to us.
        tags = {**context.tags_for(found.key), DOMAIN_TAG: text(properties, "domain")}
        client.add_tags_to_certificate(CertificateArn=found.id, Tags=as_pairs(tags))
        return _found(found.id, {**(found.tags or {}), **tags}, properties)

    def tag(self, context: Context, found: Found, tags: Mapping[str, str]) -> None:
        """Write ``tags``."""
        client: ACMClient = context.session.client("acm")
        client.add_tags_to_certificate(CertificateArn=found.id, Tags=as_pairs(tags))

    def delete(self, context: Context, found: Found) -> None:
        """Delete it. ACM answers ResourceInUseException for a while after its listener has left it."""
        client: ACMClient = context.session.client("acm")
        with absent("ResourceNotFoundException"):
            client.delete_certificate(CertificateArn=found.id)


def _request(properties: Mapping[str, Value]) -> ImportCertificateRequestTypeDef:
    request: ImportCertificateRequestTypeDef = {
        "Certificate": text(properties, "certificate").encode(),
        "PrivateKey": text(properties, "private_key").encode(),
    }
    if chain := optional_text(properties, "chain"):
        request["CertificateChain"] = chain.encode()
    return request


def _read(client: ACMClient, arn: str, wanted: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return what ACM serves. It may add a root to the chain it was given: that is not a difference."""
    answer = client.get_certificate(CertificateArn=arn)
    chain = list(fingerprints(answer.get("CertificateChain", "")))
    given = wanted.get("chain_fingerprints")
    return {
        "fingerprint": fingerprints(answer["Certificate"])[0],
        "chain_fingerprints": given if given == chain[:-1] else chain,
        **(_read_traits(answer["Certificate"], wanted) if wanted else {}),
    }


def _read_traits(certificate: str, wanted: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return key type and usages. Usages that are only added are no difference: ACM takes those."""
    old, new = traits(certificate), frozenset(texts(wanted, "usages"))
    return {"key_type": old.key_type, "usages": sorted(new if old.usages <= new else old.usages)}


def _found(arn: str, tags: Mapping[str, str], properties: Mapping[str, Value]) -> Found:
    compared = [name for name in _COMPARED if name in properties]
    return Found(
        kind="certificate",
        key=tags[KEY_TAG],
        id=arn,
        properties={name: properties[name] for name in compared},
        outputs={"arn": arn, "domain": text(properties, "domain")},
        tags=tags,
    )
