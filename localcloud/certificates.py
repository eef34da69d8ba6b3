"""What ACM refuses and moto does not: another key type under an old ARN, deleting what a listener serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from moto.acm.exceptions import AWSValidationException
from moto.acm.models import AWSCertificateManagerBackend as Backend
from moto.core.exceptions import AWSError
from moto.elbv2.models import elbv2_backends

type Method = Callable[..., Any]

_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign"),
)


class _InUseError(AWSError):
    TYPE = "ResourceInUseException"


def imported_again_as_acm_does(original: Method) -> Method:
    """ImportCertificate with an ARN refuses another type or size of key, and uses that are gone.

    https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html has the rules, nobody has the words.
    """

    def import_certificate(self: Backend, certificate: bytes, *rest: Any, **named: Any) -> str:
        arn = named["arn"] if "arn" in named else rest[2]
        if arn in self._certificates:
            _refuse(self._certificates[arn]._cert, x509.load_pem_x509_certificate(certificate))
        reply: str = original(self, certificate, *rest, **named)
        return reply

    return import_certificate


def _refuse(old: x509.Certificate, new: x509.Certificate) -> None:
    if _key(old) != _key(new):
        raise AWSValidationException(f"Key type and size cannot be changed: {_key(old)} to {_key(new)}.")
    if gone := _uses(old) - _uses(new) - {ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string}:
        raise AWSValidationException(f"Key usages cannot be removed: {', '.join(sorted(gone))}.")


def kept_while_in_use(original: Method) -> Method:
    """DeleteCertificate refuses what a listener serves.

    https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html
    """

    def delete_certificate(self: Backend, arn: str) -> None:
        balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
        if any(arn in one.certificates for each in balancers for one in each.listeners.values()):
            raise _InUseError(f"Certificate {arn} in account {self.account_id} is in use.")
        original(self, arn)

    return delete_certificate


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__


def _uses(certificate: x509.Certificate) -> set[str]:
    uses: set[str] = set()
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.KeyUsage):
            uses |= {one for one in _USAGES if getattr(extension.value, one)}
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            uses |= {one.dotted_string for one in extension.value}
    return uses
