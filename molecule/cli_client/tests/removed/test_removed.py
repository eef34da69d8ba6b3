"""After state absent everything is as it was before the role first ran."""

import pytest
from testinfra.host import Host

DIRECTORY = "/root/.config/io.datasette.llm"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hosts",
        "/etc/ssl/certs/ca-certificates.crt",
        f"{DIRECTORY}/extra-openai-models.yaml",
    ],
)
def test_files_are_as_they_were(host: Host, path: str) -> None:
    name = path.rpartition("/")[2]
    assert host.file(path).content_string == host.file(f"/opt/before/{name}").content_string


def test_only_the_users_keys_are_left(host: Host) -> None:
    assert host.file(f"{DIRECTORY}/keys.json").content_string.split() == [
        "{",
        '"lab":',
        '"a-key-of-the-users-own"',
        "}",
    ]


def test_the_cli_no_longer_knows_the_model(host: Host) -> None:
    assert "airlift" not in host.check_output("llm models list -q airlift")


def test_no_certificate_is_left(host: Host) -> None:
    assert host.run("find /usr/local/share/ca-certificates /etc/ssl/certs -name '*airlift*'").stdout == ""
