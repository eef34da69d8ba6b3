"""The edge's reader of large bodies (json_scan.lua), in the Lua of HAProxy on Debian 12 and 13."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import lua53, lua54

SOURCE = (Path(__file__).parents[2] / "roles/edge_proxy/files/json_scan.lua").read_text()
WANTED = ("model", "previous_response_id")
# What decides in the text: quotes, backslashes, brackets, and the names that are looked for.
TEXTS = st.text(alphabet='"\\{}[]:,mx\n é', max_size=8) | st.sampled_from(WANTED)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def scan_with(runtime: type) -> Callable[[list[bytes]], tuple[dict[str, str], bool]]:
    """Return what feeds pieces to a new reader: it says what was found, and whether the object ended."""
    lua = runtime(encoding="latin-1")
    reader = lua.execute(SOURCE)
    new = lua.eval("function(reader, model, response) return reader.new({[model]=true, [response]=true}) end")

    def scan(pieces: list[bytes]) -> tuple[dict[str, str], bool]:
        one = new(reader, *WANTED)
        for piece in pieces:
            one.feed(one, piece.decode("latin-1"))
        found = {key: value.encode("latin-1").decode() for key, value in one.found.items()}
        return found, bool(one.ended(one))

    return scan


SCANS = {"5.3": scan_with(lua53.LuaRuntime), "5.4": scan_with(lua54.LuaRuntime)}


@pytest.mark.parametrize("version", SCANS)
@given(
    body=st.dictionaries(TEXTS, VALUES, max_size=5),
    places=st.lists(st.integers(0, 200), max_size=6),
    ascii_only=st.booleans(),
)
def test_strings_at_the_top_are_found_wherever_the_body_is_cut(
    version: str, body: dict[str, Any], places: list[int], ascii_only: bool
) -> None:
    data = json.dumps(body, ensure_ascii=ascii_only).encode()
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    found, ended = SCANS[version]([data[start:end] for start, end in pairwise(cuts)])
    wanted = {key: body[key] for key in WANTED if isinstance(body.get(key), str)}
    assert {key: json.loads(f'"{value}"') for key, value in found.items()} == wanted
    assert ended
    assert not SCANS[version]([data[:-1]])[1]


@pytest.mark.parametrize("version", SCANS)
def test_a_list_and_what_is_no_json_have_no_model(version: str) -> None:
    for text in ('[{"model": "m"}]', '["model", "m"]', '"model"', "model", "", '}{"model"', "]]]"):
        assert SCANS[version]([text.encode()])[0] == {}


@pytest.mark.parametrize("version", SCANS)
def test_of_a_long_string_the_beginning_is_kept(version: str) -> None:
    pieces = [b'{"model": "', *([b"x" * 1000] * 5), b'"}']
    assert SCANS[version](pieces) == ({"model": "x" * 1024}, True)
