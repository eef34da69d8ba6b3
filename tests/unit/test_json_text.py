"""An entry in somebody else's JSON: what is ours comes and goes, what is the user's never changes."""

import json

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import CliConfigError
from ansible_collections.airlift.stack.plugins.module_utils.json_spans import read
from ansible_collections.airlift.stack.plugins.module_utils.json_text import Entry, drop, put
from hypothesis import given
from hypothesis import strategies as st

OURS = Entry(("provider", "airlift"), {"url": "u"})
ITEM = Entry(("providers", "openai"), {"id": "m", "key": "OURS"}, by="key")
COMMENTED = """\
{
    // mine
    "theme": "dark", // not light
    "provider": {
        "lab": {"url": "x"}, /* the old one */
    },
    "list": [1, 2]
}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "provider": {\n    "airlift": {\n      "url": "u"\n    }\n  }\n}\n'),
        ('{"a": 1}', '{"a": 1, "provider": {"airlift": {"url": "u"}}}'),
        ('{"a": 1,}', '{"a": 1, "provider": {"airlift": {"url": "u"}},}'),
        (
            '{\n\t"a": 1 // one\n}\n',
            '{\n\t"a": 1, // one\n\t"provider": {\n\t  "airlift": {\n\t    "url": "u"\n\t  }\n\t}\n}\n',
        ),
        ('{"provider": {"b": 1}}', '{"provider": {"b": 1, "airlift": {"url": "u"}}}'),
        (
            COMMENTED,
            COMMENTED.replace(
                "/* the old one */",
                '/* the old one */\n        "airlift": {\n          "url": "u"\n        },',
            ),
        ),
    ],
)
def test_an_entry_joins_what_is_there_and_leaves_it_as_it_was(before: str, after: str) -> None:
    assert put(before, OURS) == after
    assert put(after, OURS) == after
    assert drop(after, OURS) == before


def test_an_older_entry_is_replaced_where_it_stands() -> None:
    before = '{\n  "provider": {\n    "airlift": 1, // ours\n    "b": 2\n  }\n}\n'
    after = put(before, OURS)
    assert after == before.replace("1,", '{\n      "url": "u"\n    },')
    assert drop(after, OURS) == '{\n  "provider": { // ours\n    "b": 2\n  }\n}\n'


def test_an_item_of_a_list_is_known_by_one_of_its_members() -> None:
    before = '{"providers": {"openai": [{"id": "m", "key": "THEIRS"}]}}'
    after = put(before, ITEM)
    assert json.loads(after)["providers"]["openai"][1] == ITEM.value
    newer = Entry(ITEM.path, {"id": "n", "key": "OURS"}, by="key")
    assert json.loads(put(after, newer))["providers"]["openai"] == [
        {"id": "m", "key": "THEIRS"},
        newer.value,
    ]
    assert drop(put(after, newer), Entry(ITEM.path, {"key": "OURS"}, by="key")) == before


def test_two_stacks_do_not_take_each_other_away() -> None:
    other = Entry(("provider", "second"), {"url": "v"})
    both = put(put(COMMENTED, OURS), other)
    assert drop(both, OURS) == put(COMMENTED, other)
    assert drop(drop(both, OURS), other) == COMMENTED
    assert drop(drop(both, other), OURS) == COMMENTED


def test_what_is_not_there_is_not_taken_out() -> None:
    for text in ("", COMMENTED, '{"provider": {"b": {}}}', '{"provider": 7}'):
        assert drop(text, OURS) == text


def test_a_comment_keeps_what_it_stands_in() -> None:
    before = '{\n  "provider": {\n    // nothing yet\n  }\n}\n'
    after = put(before, OURS)
    assert read(after).value == {"provider": {"airlift": {"url": "u"}}}
    assert "// nothing yet" in drop(after, OURS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1"),
        ('{"a": 1 "b": 2}', "a comma is missing"),
        ('{\n"a" 1}', "line 2: a colon is missing"),
        ("{} {}", "something follows its end"),
        ('{"a": nil}', "nil is no value"),
        ("[]", "does not hold a JSON object"),
        ('{"provider": []}', "provider in it is no object"),
    ],
)
def test_a_file_that_cannot_be_changed_is_refused(text: str, said: str) -> None:
    with pytest.raises(CliConfigError, match=said):
        put(text, OURS)


keys = st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=1, max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, min_size=1, max_size=4)


@given(objects, st.sampled_from([None, 1, 2, "\t"]), values)
def test_putting_and_dropping_gives_the_text_that_was_there(
    data: dict[str, object], indent: int | str | None, value: object
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    entry = Entry(("provider", "airlift"), value)
    if "provider" in data:
        return
    after = put(text, entry)
    assert read(after).value == {**data, "provider": {"airlift": value}}
    assert put(after, entry) == after
    assert drop(after, entry) == text
