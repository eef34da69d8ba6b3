from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from localcloud.pki import Authority


def _handshake(certificate: Path, trusted: Path, name: str) -> str:
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(certificate)
    client_context = ssl.create_default_context(cafile=str(trusted))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            server_context.wrap_socket(left, server_side=True).close()
        except (ssl.SSLError, OSError):
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_context.wrap_socket(right, server_hostname=name) as wrapped:
            return str(wrapped.version())
    finally:
        right.close()
        thread.join()


def test_certificates_verify_for_their_names_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = authority.issue("registry", ["1.dkr.ecr.us-east-1.amazonaws.com", "127.67.0.1"])
    assert _handshake(file, authority.certificate_file, "1.dkr.ecr.us-east-1.amazonaws.com") == "TLSv1.3"
    assert _handshake(file, authority.certificate_file, "127.67.0.1") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(file, authority.certificate_file, "2.dkr.ecr.us-east-1.amazonaws.com")


def test_authority_cannot_vouch_for_other_domains(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = authority.issue("stolen", ["bank.example"])
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        _handshake(file, authority.certificate_file, "bank.example")


def test_authority_is_loaded_again_and_keys_are_private(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    file = first.issue("a", ["a.amazonaws.com"])
    assert Authority(tmp_path).certificate_pem == first.certificate_pem
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
