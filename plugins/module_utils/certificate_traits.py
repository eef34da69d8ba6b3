"""What ACM lets nobody change when a certificate is imported again under its ARN. Pure.

https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import BlueprintError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    HAS_CRYPTOGRAPHY = True
except ImportError:  # said in one sentence by traits
    HAS_CRYPTOGRAPHY = False

_CURVES = {"secp256r1": "prime256v1"}
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign"),
)
_CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
"""The one use that ACM lets go of: browsers no longer trust authorities that give it."""


@dataclass(frozen=True, slots=True)
class Traits:
    """``key_type`` in ACM's words (``RSA_2048``, ``EC_prime256v1``), and what the key may be used for.

    ``usages`` are those of both extensions: names of Key Usage, object identifiers of Extended Key Usage.
    """

    key_type: str
    usages: frozenset[str]


def traits(pem: str) -> Traits:
    """Return the traits of the first certificate in ``pem``.

    Raises ``BlueprintError`` if it is none, or the library cryptography is missing.
    """
    if not HAS_CRYPTOGRAPHY:
        raise BlueprintError("The Python library cryptography is not installed.", "Run `make setup`.")
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        return Traits(_key_type(certificate), frozenset(_usages(certificate)) - {_CLIENT_AUTH})
    except ValueError as error:
        raise BlueprintError(
            f"ingress.certificate_file cannot be read as a certificate: {error}.", "Export it again in PEM."
        ) from error


def _key_type(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA_{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC_{_CURVES.get(key.curve.name, key.curve.name)}"
    return type(key).__name__


def _usages(certificate: x509.Certificate) -> list[str]:
    names: list[str] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.KeyUsage):
            names += [one for one in _USAGES if getattr(extension.value, one)]
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            names += [one.dotted_string for one in extension.value]
    return names
