"""The vendors' signing keys that the roles carry are those that the vendors publish."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

ROLES = Path(__file__).parents[2] / "roles"
PRIMARY_KEY = 0x99  # tag 6 with two bytes of length, which is also what a fingerprint is made of
BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
# Published by Docker (docs.docker.com) and NVIDIA (the key files of its repositories).
FINGERPRINTS = {
    "docker_engine/files/docker.asc": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "nvidia_container_toolkit/files/nvidia-container-toolkit.asc": "C95B321B61E88C1809C4F759DDCAE044F796ECB0",
    "nvidia_driver/files/cuda-debian12.asc": "EB693B3035CD5710E231E123A4B469963BF863CC",
    "nvidia_driver/files/cuda-debian13.asc": "02182E60104FCDC26EAE1B8597A5D4CB8793F200",
}


def fingerprints(armored: str) -> list[str]:
    """Return those of the primary keys in an armored file: RFC 9580, 4.2.2 and 5.5.4, version 4."""
    body = "".join(armored.removeprefix(BEGIN).partition(END)[0].split("\n\n", 1)[1].split())
    data = base64.b64decode(body[:-5] if body[-5] == "=" else body, validate=True)
    found, at = [], 0
    while at < len(data):
        # The old format, whose head ends in the width of the length.
        assert data[at] & 0xC0 == 0x80
        start = at + 1 + (1, 2, 4)[data[at] & 0x03]
        end = start + int.from_bytes(data[at + 1 : start], "big")
        if data[at] == PRIMARY_KEY:
            assert data[start] == 4
            found.append(hashlib.sha1(data[at:end], usedforsecurity=False).hexdigest().upper())
        at = end
    return found


def test_every_key_is_held_to_a_fingerprint() -> None:
    assert {str(path.relative_to(ROLES)) for path in ROLES.glob("*/files/**/*.asc")} == set(FINGERPRINTS)


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_file_has_the_one_published_key(name: str) -> None:
    text = (ROLES / name).read_text()
    assert fingerprints(text) == [FINGERPRINTS[name]]


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_file_holds_one_block_and_nothing_else(name: str) -> None:
    text = (ROLES / name).read_text().strip()
    assert text.startswith(BEGIN)
    assert text.endswith(END)
    assert text.count(BEGIN) == text.count(END) == 1
