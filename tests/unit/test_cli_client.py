"""What each CLI is told about a stack: its table, rendered as the role does, and its files in a home."""

from __future__ import annotations

import json
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.client import Endpoint
from ansible_collections.airlift.stack.plugins.module_utils.endpoint.model_facts import ModelFacts, facts_of
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError
from ansible_collections.airlift.stack.plugins.module_utils.variables import Cli
from ansible_collections.airlift.stack.plugins.modules import cli_files

ROLE = Path(__file__).parents[2] / "roles/cli_client"
CLIS = sorted(path.stem for path in (ROLE / "vars/clis").glob("*.yml"))
KEY = "al-a-key-that-opens-nothing-but-this-test"
pytestmark = pytest.mark.usefixtures("ansible_plugins")
KNOWN = ModelFacts(context_tokens=40000, tools=True, vision=False)


def table(cli: str, facts: ModelFacts = KNOWN, **options: Any) -> Any:
    """Return the CLI's table as the role renders it."""
    loader = DataLoader()
    variables: dict[str, Any] = {"role_path": str(ROLE)}
    for name in ("defaults/main.yml", "vars/main.yml", f"vars/clis/{cli}.yml"):
        variables |= loader.load_from_file(str(ROLE / name), trusted_as_template=True)
    given = {
        "cli_client_endpoint_url": "https://airlift.test/v1",
        "cli_client_model_name": "org/Demo-7B",
        "cli_client_api_key": KEY,
        "cli_client_question": "why?",
        "__cli_client_asked": {"model": facts.as_dict()},
    }
    return Templar(loader=loader, variables=variables | given | options).template(
        variables["__cli_client_cli"]
    )


def keep(files: Any, state: str = "present", check_mode: bool = False) -> dict[str, Any]:
    """Run the module on the files."""
    filled = [{"text": None, "key": False, "mode": "0600", "entries": None, **one} for one in files]
    for one in filled:
        one["entries"] = one["entries"] and [{"by": None, **entry} for entry in one["entries"]]
    params = {"state": state, "key": KEY, "files": filled}
    return cli_files.keep(cast("Any", SimpleNamespace(params=params, check_mode=check_mode)))


def content(home: Path) -> dict[str, str]:
    return {str(path.relative_to(home)): path.read_text() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_clis_are_the_same_everywhere() -> None:
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    assert sorted(specs["options"]["cli_client_clis"]["choices"]) == CLIS
    assert sorted(get_args(Cli)) == CLIS
    assert len(CLIS) == 9


@pytest.mark.parametrize("cli", CLIS)
def test_each_cli_is_asked_installed_and_gone_on_with(cli: str) -> None:
    found = table(cli)
    assert len(found["go_on"]) == 3
    assert found["install"].startswith(("npm install --global ", "uv tool install "))
    assert ("why?" in found["ask"]) == (cli != "oterm")


@pytest.mark.parametrize("facts", [KNOWN, ModelFacts()], ids=["known", "unknown"])
@pytest.mark.parametrize("cli", CLIS)
def test_connecting_and_disconnecting_leaves_a_home_as_it_was(
    cli: str, facts: ModelFacts, home: Path
) -> None:
    files = table(cli, facts)["files"]
    own = '{\n    // mine\n    "theme": "dark"\n}\n'
    for one in files:
        if one.get("entries"):
            path = Path(one["path"]).expanduser()
            path.parent.mkdir(parents=True)
            path.write_text(own)
            path.chmod(0o640)
    before = content(home)
    assert keep(files, check_mode=True)["changed"] == bool(files)
    assert content(home) == before
    keep(files)
    assert not keep(files)["changed"]
    for path in (Path(one["path"]).expanduser() for one in files):
        assert KEY not in path.read_text(), "the key is in its own file only"
        assert path.stat().st_mode & 0o777 in {0o600, 0o640, 0o700}
    if files:
        assert content(home) != before
    second = table(cli, facts, cli_client_model_id="lab")["files"]
    first = content(home)
    keep(second)
    keep(second, "absent")
    assert content(home) == first, "a second stack took something of the first"
    keep(table(cli, ModelFacts(), cli_client_endpoint_url="", cli_client_model_name="")["files"], "absent")
    assert content(home) == before
    assert not keep(files, "absent")["changed"]


def test_codex_gets_a_profile() -> None:
    (file,) = table("codex")["files"]
    profile = tomllib.loads(file["text"])
    assert profile["model"] == "org/Demo-7B"
    assert profile["model_context_window"] == 40000
    provider = profile["model_providers"][profile["model_provider"]]
    assert provider["base_url"] == "https://airlift.test/v1"
    assert provider["wire_api"] == "responses"
    unknown = tomllib.loads(table("codex", ModelFacts())["files"][0]["text"])
    assert "model_context_window" not in unknown


def test_claude_gets_the_url_without_v1_and_one_model_for_every_name() -> None:
    (file,) = table("claude")["files"]
    told = json.loads(file["text"])["env"]
    assert told["ANTHROPIC_BASE_URL"] == "https://airlift.test"
    assert {value for name, value in told.items() if name.endswith("_MODEL")} == {"org/Demo-7B"}
    assert told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "40000"


def test_opencode_gets_abilities_as_they_are_and_no_guesses() -> None:
    def model(facts: ModelFacts) -> Any:
        return table("opencode", facts)["files"][0]["entries"][0]["value"]["models"]["org/Demo-7B"]

    assert model(KNOWN) == {
        "name": "org/Demo-7B",
        "limit": {"context": 40000, "output": 8192},
        "tool_call": True,
        "attachment": False,
    }
    assert model(ModelFacts()) == {"name": "org/Demo-7B"}
    assert model(ModelFacts(context_tokens=4096))["limit"]["output"] == 1024
    assert model(ModelFacts(context_tokens=4096, max_output_tokens=99))["limit"]["output"] == 99


@pytest.mark.parametrize("cli", ["qwen", "aider", "sgpt", "oterm"])
def test_a_private_authority_reaches_programs_with_a_trust_of_their_own(cli: str) -> None:
    def wrapper(**options: Any) -> str:
        return str(next(one["text"] for one in table(cli, **options)["files"] if "/bin/" in one["path"]))

    names = (
        "SSL_CERT_FILE=/etc/ssl/certs/",
        "NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/airlift.crt",
    )
    assert any(name in wrapper(cli_client_ca_certificate="ca.pem") for name in names)
    assert not any(name in wrapper() for name in names)


def test_a_file_that_cannot_be_changed_changes_no_other(home: Path) -> None:
    files = [
        {"path": "~/a", "text": "x\n"},
        {"path": "~/b.json", "entries": [{"path": ["a"], "value": 1}]},
    ]
    (home / "b.json").write_text("{ no json")
    with pytest.raises(AirliftError, match=r"Failed to change .*/b\.json: it is not valid JSON \(line 1"):
        keep(files)
    assert content(home) == {"b.json": "{ no json"}


def test_the_key_is_its_owners_alone_also_where_it_was_not(home: Path) -> None:
    files = [{"path": "~/.config/airlift/airlift/key", "key": True}]
    keep(files)
    key = home / ".config/airlift/airlift/key"
    key.chmod(0o644)
    assert keep(files)["changed"]
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text() == f"{KEY}\n"
    keep(files, "absent")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "facts"),
    [
        ({}, ModelFacts()),
        (
            {"context_length": 8192, "capabilities": {"tools": True, "vision": "?"}},
            ModelFacts(8192, tools=True),
        ),
        ({"max_model_len": 4096, "capabilities": []}, ModelFacts(4096)),
        ({"meta": {"n_ctx": 512}, "context_length": None}, ModelFacts(512)),
        ({"context_length": True, "max_output_tokens": 100}, ModelFacts(None, 100)),
    ],
)
def test_what_an_endpoint_says_of_a_model(model: dict[str, object], facts: ModelFacts) -> None:
    assert facts_of({"data": [{"id": "other"}, {"id": "demo", **model}]}, "demo") == facts


@pytest.mark.parametrize("listed", [None, [], {"error": {}}, {"data": [{"id": "other"}, 7]}])
def test_a_model_that_is_not_listed_is_not_made_up(listed: object) -> None:
    assert facts_of(listed, "demo") is None


def test_an_endpoint_without_tls_is_asked_too() -> None:
    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"data": [{"id": "demo", "context_length": 8192}]}'
            self.send_response(200 if self.headers["Authorization"] == f"Bearer {KEY}" else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Models) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        answer = Endpoint(f"http://127.0.0.1:{server.server_port}/v1", timeout_seconds=10).get("/models", KEY)
        server.shutdown()
    assert answer.status == 200
    assert facts_of(answer.json(), "demo") == ModelFacts(8192)
