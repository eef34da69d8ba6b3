"""Whether a certificate can serve: asked before anything is changed. ACM answers late and briefly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from .blueprint.options import IngressOptions
from .errors import BlueprintError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    HAS_CRYPTOGRAPHY = True
except ImportError:  # said in one sentence by check
    HAS_CRYPTOGRAPHY = False

_RSA_BITS = (2048, 3072, 4096)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def check(ingress: IngressOptions, now: datetime | None = None) -> None:
    """Check that key and certificate belong together, that it is valid now, and that it names the domain.

    Raises ``BlueprintError`` with one line for each thing that is wrong. No line repeats any of the key.
    """
    if not HAS_CRYPTOGRAPHY:
        raise BlueprintError("The Python library cryptography is not installed.", "Run `make setup`.")
    certificates = _read("certificate_file", ingress.certificate)
    chain = _read("certificate_chain_file", ingress.certificate_chain) if ingress.certificate_chain else []
    errors = [
        *_key_errors(ingress, certificates[0]),
        *_time_errors(certificates[0], now or datetime.now(UTC)),
        *_name_errors(certificates[0], ingress.domain),
        *_chain_errors(certificates[0], chain),
    ]
    if errors:
        raise BlueprintError("\n".join(errors))


def _read(option: str, pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise BlueprintError(
            f"ingress.{option} cannot be read as a certificate: {error}.", "Export it again in PEM."
        ) from error


def _key_errors(ingress: IngressOptions, certificate: x509.Certificate) -> Iterator[str]:
    try:
        key = serialization.load_pem_private_key(ingress.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield "ingress.private_key_file cannot be read as a private key without a passphrase."
        return
    if _public(key.public_key()) != _public(certificate.public_key()):
        yield "ingress.private_key_file does not belong to ingress.certificate_file: the public keys differ."
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in _RSA_BITS:
            yield f"The key has {key.key_size} bits; a load balancer takes RSA keys of 2048, 3072 or 4096."
    elif not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in _CURVES:
        yield "The key is of a type that a load balancer does not take; use RSA or ECDSA P-256, P-384, P-521."


def _public(key: object) -> bytes:
    if not hasattr(key, "public_bytes"):
        return b""
    encoded: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _time_errors(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if now > certificate.not_valid_after_utc:
        yield f"ingress.certificate_file expired on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it."
    if now < certificate.not_valid_before_utc:
        yield (
            f"ingress.certificate_file is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} "
            "UTC; check this machine's clock."
        )


def _name_errors(certificate: x509.Certificate, domain: str) -> Iterator[str]:
    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    if not any(_covers(name.lower(), domain) for name in names):
        yield (
            f"ingress.certificate_file is not for {domain}: its names are {', '.join(names) or 'none'} "
            "(subjectAltName; the common name no longer counts)."
        )


def _covers(name: str, domain: str) -> bool:
    """Whether a certificate's name is for ``domain``. A wildcard stands for exactly one label."""
    return name == domain or (name.startswith("*.") and name[2:] == domain.partition(".")[2])


def _chain_errors(certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """Each certificate of the chain has to have issued the one before it: ACM refuses any other order."""
    issued = certificate
    for number, issuer in enumerate(chain, start=1):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            yield (
                f"Certificate {number} of ingress.certificate_chain_file did not issue the one before it; "
                "the order is: issuer of the certificate first, root last."
            )
            return
        issued = issuer
