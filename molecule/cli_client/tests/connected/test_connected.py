"""What the user has after the role cli_client: a CLI that answers, and everything else as it was."""

import json

from testinfra.host import Host

KEY = "al-molecule-key-that-opens-nothing-but-this-test"
DIRECTORY = "/root/.config/io.datasette.llm"


def test_the_cli_streams_an_answer_over_verified_https(host: Host) -> None:
    answer = host.run("llm -m airlift 'say words'")
    assert answer.rc == 0, answer.stderr
    assert answer.stdout.split() == ["word0", "word1", "word2"]


def test_the_endpoint_is_verified_and_not_just_believed(host: Host) -> None:
    answer = host.run("SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nonexistent llm -m airlift 'say words'")
    assert answer.rc != 0


def test_the_key_is_readable_by_its_owner_only(host: Host) -> None:
    keys = host.file(f"{DIRECTORY}/keys.json")
    assert json.loads(keys.content_string)["airlift"] == KEY
    assert keys.mode == 0o600


def test_the_users_own_entries_are_untouched(host: Host) -> None:
    before = host.file("/opt/before/extra-openai-models.yaml").content_string
    after = host.file(f"{DIRECTORY}/extra-openai-models.yaml").content_string
    assert after.startswith(before)
    assert json.loads(host.file(f"{DIRECTORY}/keys.json").content_string)["lab"] == "a-key-of-the-users-own"
    assert "lab" in host.check_output("llm models list -q lab")


def test_the_key_is_nowhere_else(host: Host) -> None:
    found = host.run(f"grep -rlF {KEY} /etc /root /var/log /tmp /run/log").stdout.split()
    assert found == [f"{DIRECTORY}/keys.json"]
    assert KEY not in host.check_output("journalctl --no-pager")
