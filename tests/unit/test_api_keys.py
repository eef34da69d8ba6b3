"""API keys: rotation keeps clients working for the grace and no longer; none is live that nobody can send."""

from __future__ import annotations

import datetime
import json
import string

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.airlift.stack.plugins.filter.api_key import api_key
from ansible_collections.airlift.stack.plugins.module_utils import api_keys
from ansible_collections.airlift.stack.plugins.module_utils.delivery import key_ring
from ansible_collections.airlift.stack.plugins.module_utils.delivery.key_ring import Key
from ansible_collections.airlift.stack.plugins.module_utils.errors import DeliveryError
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


@given(st.lists(keys, min_size=1, max_size=5, unique_by=lambda key: key.key))
def test_the_secret_reads_back(before: list[Key]) -> None:
    assert key_ring.parse(api_keys.text(before)) == tuple(before)


def test_a_fresh_key_can_be_sent() -> None:
    assert key_ring.parse(api_keys.text([api_keys.fresh(NOW)]))


@pytest.mark.parametrize("value", ["", "{}", "[]", '{"keys": [{"id": "a"}]}', '{"keys": 3}', '"al-key"'])
def test_what_is_no_key_ring_is_one_sentence_without_the_value(value: str) -> None:
    with pytest.raises(DeliveryError, match="does not hold API keys") as raised:
        key_ring.parse(value)
    assert "al-key" not in str(raised.value)


GOOD = "al-SecretSecretSecretSecret"
STRAY = {
    f"{GOOD}\n": "key 2 (b) ends with a line break",
    f"{GOOD}\r\n": "key 2 (b) ends with a line break",
    f"{GOOD} ": "key 2 (b) ends with a space",
    f"{GOOD}\t": "key 2 (b) ends with a tab",
    f" {GOOD}": "key 2 (b) begins with a space",
    f"\ufeff{GOOD}": "key 2 (b) begins with a character that is not ASCII",
    f"al-Secret\n{GOOD}": "key 2 (b) has, as character 10, a line break",
    f"al-Secret\x00{GOOD}": "key 2 (b) has, as character 10, a control character",
    f"al-Secret\x7f{GOOD}": "key 2 (b) has, as character 10, a control character",
    f"al-Secrét{GOOD}": "key 2 (b) has, as character 8, a character that is not ASCII",
    GOOD.swapcase() * 20: "key 2 (b) is longer than 512 characters",
    GOOD[:19]: "key 2 (b) is shorter than 20 characters",
    "": "key 2 (b) is shorter than 20 characters",
    GOOD: "key 2 (b) is the same as key 1",
}


def ring(**second: object) -> str:
    return json.dumps({"keys": [{"id": "a", "key": GOOD}, {"id": "b", "key": "al-" + "z" * 40, **second}]})


def fault(value: str) -> str:
    with pytest.raises(DeliveryError) as raised:
        key_ring.parse(value, "demo/api-keys")
    assert "ecret" not in raised.value.message.removeprefix("The secret demo/api-keys"), "no key is shown"
    return raised.value.message


@pytest.mark.parametrize(("key", "said"), STRAY.items(), ids=range(len(STRAY)))
def test_a_key_that_nobody_can_send_is_named_and_not_shown(key: str, said: str) -> None:
    assert fault(ring(key=key)) == f"The secret demo/api-keys cannot be used: {said}."


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"key": 12345678901234567890}, "key 2 (b) is no text"),
        ({"key": None}, "key 2 (b) is no text"),
        ({"id": "b\n"}, "key 2 has a bad id: 1 to 64 of the characters A-Z a-z 0-9 . _ -"),
        ({"id": "b c"}, "key 2 has a bad id: 1 to 64 of the characters A-Z a-z 0-9 . _ -"),
        ({"id": 3}, "key 2 has a bad id: 1 to 64 of the characters A-Z a-z 0-9 . _ -"),
        ({"id": "al-Secret" * 3, "key": "b"}, "key 2 has an id that looks like a key"),
        ({"ends": "tomorrow"}, "key 2 (b) has an end that is no date"),
        ({"ends": 1795348800}, "key 2 (b) has an end that is no date"),
        ({"ends": "2026-11-22T12:00:00"}, "key 2 (b) has an end without a time zone"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(entry: dict[str, object], said: str) -> None:
    assert fault(ring(**entry)) == f"The secret demo/api-keys cannot be used: {said}."


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = json.dumps({"keys": [{"id": "a", "key": f"{GOOD}\n"}, {"id": "b c", "key": GOOD}]})
    assert fault(wrong).count("key ") == 2
    assert fault('{"keys": []}') == "The secret demo/api-keys holds no key."


@given(st.text(st.sampled_from(string.printable + "é\u200b"), min_size=20, max_size=40))
def test_what_is_accepted_can_be_sent_in_a_header(key: str) -> None:
    try:
        (parsed,) = key_ring.parse(json.dumps({"keys": [{"id": "a", "key": key}]}))
    except DeliveryError:
        assert not key.isascii() or not key.isprintable() or " " in key
    else:
        assert f"Bearer {parsed.key}".split() == ["Bearer", key]


def test_the_cli_gets_the_first_key_or_the_same_sentence() -> None:
    assert api_key(ring(), "demo/api-keys") == GOOD
    with pytest.raises(
        AnsibleFilterError, match=r"secret s cannot be used: key 2 \(b\) ends with a line break"
    ) as raised:
        api_key(ring(key=f"{GOOD}\n"), "s")
    assert GOOD not in str(raised.value)


ALICE = Key("alice", "al-the-key-of-alice-and-of-nobody-else", client=True)
OWNER = Key("default", "al-the-key-of-the-owner-of-the-stack")


def test_a_client_gets_one_key_at_the_end_and_it_reads_back() -> None:
    after = api_keys.with_client((OWNER,), "alice")
    assert after[0] == OWNER
    assert (after[1].id, after[1].client) == ("alice", True)
    assert api_keys.with_client(after, "alice") == after
    assert key_ring.parse(api_keys.text(after)) == after


def test_a_client_cannot_have_the_id_of_the_owners_key() -> None:
    with pytest.raises(DeliveryError, match="The owner's key has the id default"):
        api_keys.with_client((OWNER,), "default")


def test_rotation_leaves_a_clients_key_as_it_is() -> None:
    new = api_keys.fresh(NOW)
    assert api_keys.rotated((OWNER, ALICE), new, NOW, 0 * HOUR) == (new, ALICE)


def test_revoking_takes_the_clients_key_and_no_other() -> None:
    owner_of_that_name = Key("alice", "al-a-key-of-the-owner-called-alice-too")
    assert api_keys.without_client((OWNER, ALICE), "alice") == (OWNER,)
    assert api_keys.without_client((owner_of_that_name,), "alice") == (owner_of_that_name,)


def test_the_owner_and_the_client_are_given_their_own_key() -> None:
    text = api_keys.text((ALICE, OWNER))
    assert api_key(text, "demo/api-keys") == OWNER.key
    assert api_key(text, "demo/api-keys", "alice") == ALICE.key
    with pytest.raises(AnsibleFilterError, match="The secret demo/api-keys has no key of bob"):
        api_key(text, "demo/api-keys", "bob")
    with pytest.raises(AnsibleFilterError, match="has no key of its owner"):
        api_key(api_keys.text((ALICE,)), "demo/api-keys")
