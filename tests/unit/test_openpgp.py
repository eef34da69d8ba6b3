"""Whose a repository's key is, read without a program."""

from __future__ import annotations

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.openpgp import fingerprints

# Made by gpg, which calls it E16631EE86B7C790B65FEA02FB7E8C5DB617FE36.
KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawOgbhYJKwYBBAHaRw8BAQdA6/MlfHVMDNpK3Kk570Am5OGCtyjtX/ccaiyw
QmVNdWK0JUFpcmxpZnQncyB0ZXN0IDx0ZXN0QGFpcmxpZnQuaW52YWxpZD6IlgQT
FggAPhYhBOFmMe6Gt8eQtl/qAvt+jF22F/42BQJrA6BuAhsDBQkAAVGABQsJCAcC
BhUKCQgLAgQWAgMBAh4BAheAAAoJEPt+jF22F/42NYQA/2k//KR4ufhJOgcVM2pe
7OcsiY+Ragd4GN7/6nXCOcOxAQDI5MK9KNdAG+2kUXLq9yPYTP+UK+P3KLM8oTLP
QQWsCQ==
=+Mcj
-----END PGP PUBLIC KEY BLOCK-----
"""
FINGERPRINT = "E16631EE86B7C790B65FEA02FB7E8C5DB617FE36"


def test_a_key_has_the_fingerprint_that_gpg_gives_it() -> None:
    assert fingerprints(KEY) == [FINGERPRINT]


def test_headers_and_line_ends_do_not_matter() -> None:
    headed = KEY.replace("BLOCK-----\n\n", "BLOCK-----\nVersion: 1\nComment: x: y\n\n", 1)
    assert fingerprints(headed) == [FINGERPRINT]
    assert fingerprints(KEY.replace("\n", "\r\n")) == [FINGERPRINT]


def test_a_second_key_does_not_hide_beside_the_first() -> None:
    inside = KEY.replace("=+Mcj", "").replace("QQWsCQ==", "QQWsCQ")
    no_header = KEY.replace("BLOCK-----\n\n", "BLOCK-----\nno header\n\n", 1)
    trailing_space = KEY.replace("BLOCK-----\n", "BLOCK----- \n", 1)
    for text in (KEY + KEY, inside, no_header + KEY, KEY + no_header, trailing_space + KEY, f"x\n{KEY}"):
        assert fingerprints(text) == []


@pytest.mark.parametrize(
    "text", ["", "<html>404</html>", KEY.replace("mDMEa", "aDMEa"), KEY[:120] + KEY[-60:]]
)
def test_what_is_no_key_has_none(text: str) -> None:
    assert FINGERPRINT not in fingerprints(text)


def test_a_key_with_one_other_bit_is_another_key() -> None:
    assert fingerprints(KEY.replace("A6/Mlf", "A6/Mlg")) != [FINGERPRINT]
