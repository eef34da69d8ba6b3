"""What a user does with a stack that is up."""

from __future__ import annotations

import json
import re
import ssl
import stat
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from openai import AuthenticationError, NotFoundError, OpenAI

from tests.e2e.conftest import BIN, ENDPOINT, MODEL, Run, in_instance, instances, run


@pytest.fixture
def client(api_key: str, monkeypatch: pytest.MonkeyPatch) -> OpenAI:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return OpenAI(base_url=ENDPOINT, api_key=api_key, max_retries=0, timeout=120)


def ask(
    path: str, *, key: str | None, body: dict[str, object] | None = None
) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{ENDPOINT}{path}", data=data, headers=headers)
    trust = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
    try:
        with urllib.request.urlopen(request, timeout=120, context=trust) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def prompt(model: str = MODEL, **more: object) -> dict[str, object]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Name a colour."}],
        "max_tokens": 8,
        **more,
    }


def test_up_ends_with_an_answer_and_how_to_go_on(up: Run) -> None:
    assert up.seconds < 15 * 60
    for expected in (ENDPOINT, "llm -m airlift", "openai", "curl", "per month", "make down"):
        assert expected in up.output, f"the end of `make up` does not speak of {expected!r}"


def test_llm_answers_without_further_settings(up: Run) -> None:
    answer = run(str(BIN / "llm"), "-m", "airlift", "-o", "max_tokens", "16", "Say hello.")
    assert answer.output.strip()


def test_openai_sdk_streams_before_the_answer_is_complete(client: OpenAI) -> None:
    start = time.monotonic()
    moments = [
        time.monotonic() - start
        for chunk in client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Write a long story about a sea captain."}],
            max_tokens=200,
            stream=True,
            extra_body={"ignore_eos": True},
        )
        if chunk.choices and chunk.choices[0].delta.content
    ]
    assert len(moments) > 30
    assert moments[0] < moments[-1] / 2, (
        f"first chunk after {moments[0]:.2f} s, last after {moments[-1]:.2f} s: buffered"
    )


def test_the_sdk_names_wrong_keys_and_unknown_models(client: OpenAI) -> None:
    with pytest.raises(AuthenticationError):
        client.with_options(api_key="al-wrong").chat.completions.create(**prompt())
    with pytest.raises(NotFoundError):
        client.chat.completions.create(**prompt(model="no-such-model"))


def test_the_sdk_retrieves_what_it_lists(client: OpenAI) -> None:
    listed = [model.id for model in client.models.list()]
    assert listed == [MODEL]
    found = client.models.retrieve(MODEL)
    assert (found.id, found.object) == (MODEL, "model")
    assert found.owned_by
    for unknown in ("no-such-model", "org/No-Such-Model"):
        with pytest.raises(NotFoundError) as refused:
            client.models.retrieve(unknown)
        assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
LARGE_IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 200_000}"}}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"messages": []}, "empty_array"),
        ({"messages": [{"role": "user", "content": None}]}, "invalid_type"),
        ({"messages": [{"role": "user"}]}, None),
        ({"messages": [{"content": "no role"}]}, None),
        ({"messages": [{"content": "no role " * 9_000}]}, None),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, None),
        ({"messages": [{"role": "user", "content": [LARGE_IMAGE]}]}, None),
        ({"tools": "none"}, None),
        ({"max_tokens": "many"}, None),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, "context_length_exceeded"),
    ],
    ids=[
        "empty",
        "null",
        "no content",
        "no role",
        "no role, long",
        "image",
        "large image",
        "tools",
        "type",
        "too long",
    ],
)
def test_what_cannot_be_answered_is_a_bad_request_in_one_shape(
    api_key: str, more: dict[str, object], code: str | None
) -> None:
    status, document = ask("/chat/completions", key=api_key, body=prompt(**more))
    assert status == 400, document
    error = document["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert error["message"]


@pytest.mark.parametrize(
    ("path", "keyed", "body", "status"),
    [
        ("/chat/completions", False, prompt(), 401),
        ("/models", False, None, 401),
        ("/no/such/path", True, None, 404),
        ("/chat/completions", True, prompt(model="no-such-model"), 404),
        ("/chat/completions", True, prompt(), 200),
        ("/models", True, None, 200),
    ],
)
def test_status_and_shape(
    api_key: str, path: str, keyed: bool, body: dict[str, object] | None, status: int
) -> None:
    got, document = ask(path, key=api_key if keyed else None, body=body)
    assert got == status, document
    if status >= 400:
        error = document["error"]
        assert isinstance(error, dict)
        assert {"message", "type", "param", "code"} <= error.keys()


def test_a_wrong_key_is_refused_and_says_so_in_openais_shape(api_key: str) -> None:
    status, document = ask("/models", key=api_key[:-1] + ("A" if api_key[-1] != "A" else "B"))
    assert status == 401
    assert document["error"]["code"] == "invalid_api_key"  # type: ignore[index]


def test_plain_http_only_redirects(up: Run) -> None:
    reply = run("curl", "--silent", "--include", "--max-time", "10", "http://airlift.test/v1/models").output
    assert re.match(r"HTTP/1.1 301", reply)
    assert "https://airlift.test" in reply


def files_with(secret: str, name: str) -> str:
    """Name the instance's files that hold ``secret``, which goes in by standard input."""
    places = ("/etc", "/var/lib/airlift", "/var/log", "/run", "/tmp", "/root", "/home")
    command = ("docker", "exec", "-i", name, "grep", "-rlsF", "--devices=skip", "-f", "-", *places)
    return subprocess.run(
        command, input=secret, capture_output=True, text=True, timeout=120, check=False
    ).stdout


def test_the_key_is_in_no_log_no_process_and_no_file_for_others(api_key: str) -> None:
    for name in instances():
        logs = (
            in_instance(name, "journalctl", "--no-pager", "--quiet").output
            + run("docker", "logs", name).output
        )
        assert api_key not in logs, f"the key is in the logs of {name}"
        assert api_key not in in_instance(name, "ps", "axww").output
        found = files_with(api_key, name)
        assert not found, f"the key is in a file of {name}: {found}"
    assert api_key not in run("ps", "axww").output
    for log in (Path("/var/lib/localcloud"), Path(__file__).resolve().parents[2] / ".airlift"):
        for file in log.rglob("*"):
            with suppress(FileNotFoundError):  # the embedded AWS goes on meanwhile
                seen = file.lstat()
                if stat.S_ISREG(seen.st_mode) and seen.st_mode & stat.S_IROTH and seen.st_size < 50_000_000:
                    assert api_key.encode() not in file.read_bytes(), f"the key is in {file}"


def test_the_clis_key_file_is_its_owners_alone(api_key: str) -> None:
    path = Path(run(str(BIN / "llm"), "keys", "path").output.strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
