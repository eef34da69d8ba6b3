"""The llm CLI's files: what is ours changes, what is the user's never does."""

import json
from textwrap import indent

import pytest
import yaml
from ansible_collections.airlift.stack.plugins.module_utils import llm_config
from ansible_collections.airlift.stack.plugins.module_utils.errors import CliConfigError
from hypothesis import given
from hypothesis import strategies as st

OURS: llm_config.Model = {"model_id": "airlift", "model_name": "smollm2", "api_base": "https://a.test/v1"}
ENTRY = '- model_id: "airlift"\n  model_name: "smollm2"\n  api_base: "https://a.test/v1"\n'
OWN_WORDS = "- api_base: https://a.test/v1\n  model_id: airlift\n  model_name: smollm2\n"
THEIRS = """\
# my models
- model_id: lab   # the old one
  model_name: llama
  api_base: http://lab:8000

# a note on the next one
- model_id: other
  aliases: [o1, o2]
  model_name: "x"
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", ENTRY, id="no file yet"),
        pytest.param("[]\n", ENTRY, id="an empty list"),
        pytest.param("# mine\n", "# mine\n" + ENTRY, id="only a comment"),
        pytest.param(THEIRS, THEIRS + ENTRY, id="beside others"),
        pytest.param(THEIRS.rstrip("\n"), THEIRS + ENTRY, id="no newline at the end"),
        pytest.param(ENTRY, ENTRY, id="already so"),
        pytest.param(OWN_WORDS, OWN_WORDS, id="already so, in the user's own words"),
        pytest.param("- model_id: airlift\n  model_name: old\n# end\n", ENTRY + "# end\n", id="an older one"),
        pytest.param("  - model_id: a\n", "  - model_id: a\n" + indent(ENTRY, "  "), id="an indented list"),
        pytest.param("-\n  model_id: airlift\n- model_id: b\n", ENTRY + "- model_id: b\n", id="a dash alone"),
        pytest.param("- {model_id: airlift}\n- model_id: b\n", ENTRY + "- model_id: b\n", id="in braces"),
        pytest.param(ENTRY + "- model_id: b\n" + ENTRY, ENTRY + "- model_id: b\n", id="twice"),
    ],
)
def test_put_model(before: str, after: str) -> None:
    assert llm_config.put_model(before, OURS) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="no file"),
        pytest.param(THEIRS, THEIRS, id="not there"),
        pytest.param(ENTRY, "", id="the only one"),
        pytest.param("# mine\n" + ENTRY, "# mine\n[]\n", id="comments stay, and llm can still read the file"),
        pytest.param(THEIRS + ENTRY + "- model_id: z\n", THEIRS + "- model_id: z\n", id="amid others"),
    ],
)
def test_drop_model(before: str, after: str) -> None:
    assert llm_config.drop_model(before, "airlift") == after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("model_id: a\n", "not hold a list", id="a mapping"),
        pytest.param("[{model_id: a}]\n", "brackets", id="a list in brackets"),
        pytest.param("- {", "not valid YAML", id="broken"),
        pytest.param("- model_id: a\n...\n", "line by line", id="a document's end"),
        pytest.param("--- []\n", "line of its own", id="an empty list beside a mark"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CliConfigError, match=reason):
        llm_config.put_model(text, OURS)


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12)
models = st.fixed_dictionaries({"model_id": words, "model_name": words, "vision": st.booleans()})
files = st.lists(models, max_size=4, unique_by=lambda entry: str(entry["model_id"])).map(
    lambda entries: yaml.safe_dump(entries, allow_unicode=True, sort_keys=False) if entries else ""
)


@given(files, models)
def test_putting_converges_and_dropping_undoes_it(text: str, model: dict[str, str | bool]) -> None:
    before = yaml.safe_load(text) or []
    others = [entry for entry in before if entry["model_id"] != model["model_id"]]
    once = llm_config.put_model(text, model)
    assert [entry for entry in yaml.safe_load(once) if entry["model_id"] != model["model_id"]] == others
    assert model in yaml.safe_load(once)
    assert llm_config.put_model(once, model) == once
    if others == before:
        assert llm_config.drop_model(once, str(model["model_id"])) == text


def test_keys_beside_others() -> None:
    before = json.dumps({"openai": "sk-1"})
    after = llm_config.put_key(before, "airlift", "al-2")
    assert json.loads(after) == {"openai": "sk-1", "airlift": "al-2"}
    assert llm_config.put_key(after, "airlift", "al-2") == after
    assert json.loads(llm_config.drop_key(after, "airlift")) == {"openai": "sk-1"}


def test_the_only_key_leaves_no_file() -> None:
    after = llm_config.put_key("", "airlift", "al-2")
    assert "// Note" in json.loads(after)
    assert llm_config.drop_key(after, "airlift") == ""
    assert llm_config.drop_key("", "airlift") == ""


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_keys_file_is_refused(text: str) -> None:
    with pytest.raises(CliConfigError):
        llm_config.put_key(text, "airlift", "al-2")
