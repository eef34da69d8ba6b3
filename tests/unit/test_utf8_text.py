"""What the edge repeats of others' texts (utf8_text.lua), in the Lua of HAProxy on Debian 12 and 13."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import lua53, lua54

SOURCE = (Path(__file__).parents[2] / "roles/edge_proxy/files/utf8_text.lua").read_text()
RUNTIMES = [runtime.LuaRuntime(encoding=None) for runtime in (lua53, lua54)]
SHOWN = [lua.execute(SOURCE.encode()) for lua in RUNTIMES]
SURROGATE = "\ud800".encode(errors="surrogatepass")


@given(st.text(max_size=40), st.integers(0, 8))
def test_text_is_left_as_it_is_or_cut_between_characters(text: str, less: int) -> None:
    raw = text.encode()
    longest = max(0, len(raw) - less)
    for shown in SHOWN:
        assert shown(raw, len(raw)) == raw
        assert raw.startswith(shown(raw, longest))
        assert longest - 4 <= len(shown(raw, longest)) <= longest
        shown(raw, longest).decode()


@given(st.lists(st.binary(max_size=6) | st.sampled_from([SURROGATE, "é€😀".encode()])), st.integers(0, 60))
def test_any_bytes_become_text(pieces: list[bytes], longest: int) -> None:
    raw = b"".join(pieces)
    for shown in SHOWN:
        assert len(shown(raw, longest).decode()) <= longest


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", ""),
        (b"a\xffb", "a\ufffdb"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("é".encode()[:1], "\ufffd"),
        (b"x" + SURROGATE, "x\ufffd"),
    ],
)
def test_what_is_no_text_is_marked(raw: bytes, wanted: str) -> None:
    assert [shown(raw, 100).decode() for shown in SHOWN] == [wanted, wanted]
