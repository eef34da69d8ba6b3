"""The command-line tools of docs/clients.md: how each is told of an endpoint, and asked something."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.edge import Edge
from tests.clients.engines import CACHE, ROOT
from tests.clients.scripted_engine import CONTEXT_TOKENS, MODEL

NPM = CACHE / "npm/node_modules/.bin"
NODE = CACHE / "node/bin"

READ_TOOL = """
def read_file(path: str) -> str:
    "Return what a file holds."
    return open(path).read()
"""


@dataclass(frozen=True)
class Home:
    """A throw-away home, and the endpoint that is set up in it."""

    directory: Path
    edge: Edge
    key: str

    def write(self, path: str, content: str | Mapping[str, object]) -> None:
        """Write a file of the home."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content))


@dataclass(frozen=True)
class Program:
    """One tool. ``lacks`` says which scenarios it has no means for, in a word or two."""

    name: str
    package: str
    dialect: str
    command: Callable[[str], Sequence[str]]
    configure: Callable[[Home], Mapping[str, str]]
    """Writes what the tool reads, and returns the environment that it needs besides."""
    streaming: Callable[[str], Sequence[str]] | None = None
    tooled: Callable[[str], Sequence[str]] | None = None
    editing: Callable[[str], Sequence[str]] | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)


def _codex(home: Home) -> Mapping[str, str]:
    home.write(
        ".codex/config.toml",
        f"""
model = "{MODEL}"
model_provider = "airlift"
model_context_window = {CONTEXT_TOKENS}
[model_providers.airlift]
name = "Airlift"
base_url = "{home.edge.url}/v1"
env_key = "AIRLIFT_API_KEY"
wire_api = "responses"
""",
    )
    return {"AIRLIFT_API_KEY": home.key, "CODEX_CA_CERTIFICATE": str(home.edge.authority)}


def _claude(home: Home) -> Mapping[str, str]:
    home.write("key", home.key)
    environment = {
        "ANTHROPIC_BASE_URL": home.edge.url,
        "ANTHROPIC_MODEL": MODEL,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL,
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "4096",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": str(CONTEXT_TOKENS),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "NODE_EXTRA_CA_CERTS": str(home.edge.authority),
    }
    home.write(".claude/settings.json", {"env": {**environment, "ANTHROPIC_AUTH_TOKEN": home.key}})
    # Node reads this one before Claude Code has read its settings.
    return {"NODE_EXTRA_CA_CERTS": str(home.edge.authority)}


def _opencode(home: Home) -> Mapping[str, str]:
    home.write("key", home.key)
    model = {"name": MODEL, "tool_call": True, "limit": {"context": CONTEXT_TOKENS, "output": 4096}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Airlift",
        "options": {"baseURL": f"{home.edge.url}/v1", "apiKey": f"{{file:{home.directory}/key}}"},
        "models": {MODEL: model},
    }
    home.write(
        ".config/opencode/opencode.json",
        {
            "provider": {"airlift": provider},
            "model": f"airlift/{MODEL}",
            "permission": "allow",
            "autoupdate": False,
        },
    )
    return {"NODE_EXTRA_CA_CERTS": str(home.edge.authority)}


def _qwen(home: Home) -> Mapping[str, str]:
    home.write(
        ".qwen/settings.json",
        {
            "security": {"auth": {"selectedType": "openai"}},
            "model": {"name": MODEL},
            "telemetry": {"enabled": False},
        },
    )
    home.write(
        ".qwen/.env", f"OPENAI_API_KEY={home.key}\nOPENAI_BASE_URL={home.edge.url}/v1\nOPENAI_MODEL={MODEL}\n"
    )
    return {"NODE_EXTRA_CA_CERTS": str(home.edge.authority)}


def _aider(home: Home) -> Mapping[str, str]:
    home.write(
        ".aider.model.metadata.json",
        {
            f"openai/{MODEL}": {
                "max_input_tokens": CONTEXT_TOKENS,
                "max_tokens": 4096,
                "litellm_provider": "openai",
                "mode": "chat",
            }
        },
    )
    home.write(
        ".aider.conf.yml",
        f"model: openai/{MODEL}\nopenai-api-base: {home.edge.url}/v1\nopenai-api-key: {home.key}\n"
        "check-update: false\nanalytics: false\nshow-model-warnings: false\ngit: false\n",
    )
    return {"SSL_CERT_FILE": str(home.edge.authority)}


def _sgpt(home: Home) -> Mapping[str, str]:
    home.write(
        ".config/shell_gpt/.sgptrc",
        f"OPENAI_API_KEY={home.key}\nAPI_BASE_URL={home.edge.url}/v1\nDEFAULT_MODEL={MODEL}\n"
        "USE_LITELLM=false\nOPENAI_USE_FUNCTIONS=true\n",
    )
    return {"SSL_CERT_FILE": str(home.edge.authority)}


def _llm(home: Home) -> Mapping[str, str]:
    home.write(
        "llm/extra-openai-models.yaml",
        f"- model_id: {MODEL}\n  model_name: {MODEL}\n  api_base: {home.edge.url}/v1\n"
        "  api_key_name: airlift\n  supports_tools: true\n",
    )
    home.write("llm/keys.json", {"airlift": home.key})
    return {"LLM_USER_PATH": str(home.directory / "llm"), "SSL_CERT_FILE": str(home.edge.authority)}


def _llm_command(*words: str) -> Callable[[str], Sequence[str]]:
    program = str(ROOT / ".venv/bin/llm")
    return lambda prompt: [program, "-m", MODEL, *words, prompt]


def _aider_command(*words: str) -> Callable[[str], Sequence[str]]:
    program = str(CACHE / "aider-chat/bin/aider")
    return lambda prompt: [program, "--yes-always", *words, "--message", prompt]


def _claude_command(*words: str) -> Callable[[str], Sequence[str]]:
    options = ("-p", "--permission-mode", "acceptEdits", "--allowedTools=Read,Edit")
    return lambda prompt: [str(NPM / "claude"), *options, *words, prompt]


PROGRAMS = (
    Program(
        "llm",
        "llm",
        "chat",
        _llm_command("--no-stream"),
        _llm,
        streaming=_llm_command(),
        tooled=_llm_command("--functions", READ_TOOL),
        lacks={"edit": "does not edit files"},
    ),
    Program(
        "Codex CLI",
        "@openai/codex",
        "responses",
        lambda prompt: [
            str(NPM / "codex"),
            *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt),
        ],
        _codex,
    ),
    Program(
        "Claude Code",
        "@anthropic-ai/claude-code",
        "messages",
        _claude_command(),
        _claude,
        streaming=_claude_command(
            "--output-format", "stream-json", "--include-partial-messages", "--verbose"
        ),
    ),
    Program(
        "opencode",
        "opencode-ai",
        "chat",
        lambda prompt: [str(NPM / "opencode"), "run", "-m", f"airlift/{MODEL}", prompt],
        _opencode,
    ),
    Program(
        "Qwen Code",
        "@qwen-code/qwen-code",
        "chat",
        lambda prompt: [str(NODE / "node"), str(NPM / "qwen"), "--approval-mode", "yolo", "-p", prompt],
        _qwen,
    ),
    Program(
        "aider",
        "aider-chat",
        "chat",
        _aider_command("--no-stream"),
        _aider,
        streaming=_aider_command("--stream"),
        editing=_aider_command("--stream", "--file", "fruit.txt"),
        lacks={"tool": "uses no tools"},
    ),
    Program(
        "ShellGPT",
        "shell-gpt",
        "chat",
        lambda prompt: [str(CACHE / "shell-gpt/bin/sgpt"), "--no-cache", prompt],
        _sgpt,
        # Its tools are files that it writes when asked to.
        tooled=lambda prompt: [
            *("bash", "-c", '"$0" --install-functions && "$0" --no-cache "$1"'),
            *(str(CACHE / "shell-gpt/bin/sgpt"), prompt),
        ],
        lacks={"edit": "does not edit files"},
    ),
)
