"""API keys: rotation keeps clients working for the grace and not longer."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.airlift.stack.plugins.module_utils import api_keys
from ansible_collections.airlift.stack.plugins.module_utils.api_keys import Key
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)

keys = st.builds(
    Key,
    st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
    st.from_regex(r"al-[A-Za-z0-9_-]{43}", fullmatch=True),
    st.none() | st.integers(-48, 48).map(lambda hours: NOW + hours * HOUR),
)


def test_the_first_rotation_keeps_the_old_key_for_the_grace() -> None:
    new = api_keys.fresh(NOW)
    after = api_keys.rotated([Key("default", "al-old")], new, NOW, 24 * HOUR)
    assert after == (new, Key("default", "al-old", NOW + 24 * HOUR))


def test_without_grace_the_old_key_goes_at_once() -> None:
    new = api_keys.fresh(NOW)
    assert api_keys.rotated([Key("default", "al-old")], new, NOW, 0 * HOUR) == (new,)


def test_keys_are_never_the_same_and_never_shown() -> None:
    one, other = api_keys.fresh(NOW), api_keys.fresh(NOW)
    assert one.key != other.key
    assert len(one.key) == 46
    assert one.key not in repr(one)


@given(st.lists(keys, max_size=5), st.integers(0, 72))
def test_rotation_only_shortens_lives(before: list[Key], grace: int) -> None:
    new = api_keys.fresh(NOW)
    after = api_keys.rotated(before, new, NOW, grace * HOUR)
    assert after[0] == new
    assert all(key.ends is not None and NOW < key.ends <= NOW + grace * HOUR for key in after[1:])


@given(st.lists(keys, max_size=5))
def test_the_secret_reads_back(before: list[Key]) -> None:
    assert api_keys.parse(api_keys.text(before)) == tuple(before)


@pytest.mark.parametrize("value", ["", "{}", "[]", '{"keys": [{"id": "a"}]}', '{"keys": 3}', '"al-key"'])
def test_what_is_no_key_ring_is_one_sentence_without_the_value(value: str) -> None:
    with pytest.raises(AirliftError, match="does not hold API keys") as raised:
        api_keys.parse(value)
    assert "al-key" not in str(raised.value)
