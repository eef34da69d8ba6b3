"""What travels can be read by its two ends only, while AWS keeps commands and their output for 30 days.

A secret is made for each command, wrapped for the host's RSA key, which lives in the host's memory. What it
seals is in the form of ``openssl enc -aes-256-cbc -pbkdf2``, as that is what a host has.
"""

from __future__ import annotations

import base64
import os
import secrets

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_MAGIC = b"Salted__"
_BLOCK_BITS = 128
_ITERATIONS = 1000
"""As on the host. The secret is 256 random bits, so more of them would guard nothing."""


def new_secret() -> str:
    """Return a secret, good for one command and its reply."""
    return secrets.token_hex(32)


def wrap(public_key: str, secret: str) -> str:
    """Return ``secret`` for the holder of ``public_key`` (PEM). Raises ValueError for what is no RSA key."""
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("no RSA key")
    oaep = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return base64.b64encode(key.encrypt(secret.encode(), oaep)).decode()


def seal(secret: str, content: bytes) -> bytes:
    """Return ``content`` for who has ``secret``."""
    salt = os.urandom(8)
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = _cipher(secret, salt).encryptor()
    padded = padder.update(content) + padder.finalize()
    return _MAGIC + salt + encryptor.update(padded) + encryptor.finalize()


def unseal(secret: str, sealed: bytes) -> bytes:
    """Return what was sealed. Raises ValueError if that was not with ``secret``, or if it is not whole."""
    if not sealed.startswith(_MAGIC):
        raise ValueError("not sealed")
    decryptor = _cipher(secret, sealed[8:16]).decryptor()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    padded = decryptor.update(sealed[16:]) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _cipher(secret: str, salt: bytes) -> Cipher[modes.CBC]:
    derived = PBKDF2HMAC(hashes.SHA256(), 48, salt, _ITERATIONS).derive(secret.encode())
    return Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:]))
