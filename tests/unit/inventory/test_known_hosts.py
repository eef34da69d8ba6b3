"""Pinned host keys: what a console announces, and the file they are kept in."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.inventory import known_hosts
from hypothesis import given
from hypothesis import strategies as st

OWNER, OTHER = "airlift:demo:us-east-1", "airlift:other:us-east-1"


def key(kind: str = "ssh-ed25519", seed: bytes = b"k") -> str:
    name = kind.encode()
    blob = len(name).to_bytes(4, "big") + name + (32).to_bytes(4, "big") + seed * 32
    return f"{kind} {base64.b64encode(blob).decode()}"


def console(*lines: str) -> str:
    block = "\r\n".join(lines)
    return (
        "[    1.2] systemd[1]: Reached target\r\n-----BEGIN SSH HOST KEY KEYS-----\r\n"
        f"{block}\r\n-----END SSH HOST KEY KEYS-----\r\nDebian GNU/Linux 13 login: "
    )


def test_keys_are_read_from_the_block_and_stripped_of_comments() -> None:
    output = console(f"{key()} root@host", f"{key('ecdsa-sha2-nistp256')} root@host")
    assert known_hosts.host_keys(output) == [key(), key("ecdsa-sha2-nistp256")]


def test_a_prefix_of_the_console_does_not_hide_a_key() -> None:
    assert known_hosts.host_keys(console(f"[   9.1] cloud-init[412]: {key()} root@host")) == [key()]


@pytest.mark.parametrize(
    "output",
    [
        "",
        "still booting",
        f"{key()} root@host",
        f"-----BEGIN SSH HOST KEY KEYS-----\n{key()}\n",
        console("ssh-ed25519 not-base64!"),
        console(key().replace("ssh-ed25519", "ssh-rsa", 1)),
        console(key()[:40]),
    ],
    ids=["empty", "no block", "no markers", "cut off", "no base64", "wrong type", "half a key"],
)
def test_what_is_not_a_whole_key_in_a_whole_block_is_no_key(output: str) -> None:
    assert known_hosts.host_keys(output) == []


def test_the_last_block_counts() -> None:
    output = console(key(seed=b"a")) + console(key(seed=b"b"))
    assert known_hosts.host_keys(output) == [key(seed=b"b")]


def rsa() -> str:
    name = b"ssh-rsa"
    blob = len(name).to_bytes(4, "big") + name + (385).to_bytes(4, "big") + b"n" * 385
    return f"ssh-rsa {base64.b64encode(blob).decode()}"


def ecdsa() -> str:
    name = b"ecdsa-sha2-nistp256"
    blob = len(name).to_bytes(4, "big") + name + b"\x00\x00\x00\x08nistp256\x00\x00\x00\x41" + b"p" * 65
    return f"ecdsa-sha2-nistp256 {base64.b64encode(blob).decode()}"


INSTANCE = "i-0123456789abcdef0"


def test_a_tag_keeps_the_keys_that_fit_in_it_and_gives_them_back() -> None:
    value = known_hosts.as_tag(INSTANCE, [rsa(), ecdsa(), key()])
    assert len(value) <= 256
    assert known_hosts.from_tag(INSTANCE, value) == [key(), ecdsa()]


def test_a_host_whose_keys_do_not_fit_has_no_tag() -> None:
    assert known_hosts.as_tag(INSTANCE, [rsa()]) == ""
    assert known_hosts.as_tag(INSTANCE, []) == ""


def test_a_tag_that_was_copied_to_another_instance_is_worth_nothing() -> None:
    assert known_hosts.from_tag("i-0fedcba9876543210", known_hosts.as_tag(INSTANCE, [key()])) == []


@pytest.mark.parametrize(
    "value",
    ["", " ", INSTANCE, f"{INSTANCE} AAAA", f"{INSTANCE} {key().split()[1]} AAAA", f"{INSTANCE} ssh-ed25519"],
)
def test_a_tag_that_is_not_whole_has_no_keys(value: str) -> None:
    assert known_hosts.from_tag(INSTANCE, value) == []


@given(st.text(max_size=256))
def test_whatever_somebody_writes_into_the_tag_pins_nothing_but_keys(value: str) -> None:
    assert known_hosts.from_tag(INSTANCE, f"{INSTANCE} {value}") == []


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "known_hosts"
    assert known_hosts.update(path, OWNER, {"i-1": [key()]}, {"i-1"})
    assert path.read_text() == f"i-1 {key()} {OWNER}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_pinned_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    known_hosts.update(path, OWNER, {"i-1": [key(seed=b"a")]}, {"i-1"})
    assert not known_hosts.update(path, OWNER, {"i-1": [key(seed=b"b")]}, {"i-1"})
    assert key(seed=b"b") not in path.read_text()


def test_entries_of_this_stacks_gone_instances_go_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("# a comment\nbastion.example.com ssh-ed25519 AAAA\n")
    known_hosts.update(path, OWNER, {"i-1": [key()], "i-2": [key()]}, {"i-1", "i-2"})
    known_hosts.update(path, OTHER, {"i-3": [key()]}, {"i-3"})
    assert known_hosts.update(path, OWNER, {}, {"i-2"})
    assert known_hosts.pins(path).keys() == {"bastion.example.com", "i-2", "i-3"}
    assert path.read_text().startswith("# a comment\n")


def test_nothing_to_do_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state" / "known_hosts"
    assert not known_hosts.update(path, OWNER, {}, {"i-1"})
    assert not path.parent.exists()


@given(
    st.dictionaries(st.from_regex(r"i-[0-9a-f]{4}", fullmatch=True), st.just([key()]), max_size=6),
    st.sets(st.from_regex(r"i-[0-9a-f]{4}", fullmatch=True), max_size=6),
)
def test_after_an_update_only_existing_instances_are_pinned(
    tmp_path_factory: pytest.TempPathFactory, new: dict[str, list[str]], later: set[str]
) -> None:
    path = tmp_path_factory.mktemp("pins") / "known_hosts"
    known_hosts.update(path, OWNER, new, set(new))
    assert known_hosts.pins(path).keys() == set(new)
    known_hosts.update(path, OWNER, {}, later)
    assert known_hosts.pins(path).keys() == set(new) & later
    assert not known_hosts.update(path, OWNER, {}, later)
