"""Commands through SSM, with the real program on the host's side: only SSM and S3 are not AWS's."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.airlift.stack.plugins.module_utils.errors import (
    CheckFailedError,
    NotReachedError,
    OverdueError,
)
from ansible_collections.airlift.stack.plugins.module_utils.run_command import command, sealing, session
from ansible_collections.airlift.stack.plugins.module_utils.run_command.session import HostKey, HostShell
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

SECRET = "a-password-in-the-arguments-of-a-task"


class Ssm:
    """Runs what it is sent in this machine's shell, and keeps commands and output as AWS does."""

    class exceptions:  # noqa: N801  # botocore's name
        InvocationDoesNotExist = KeyError

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.printed: list[str] = []
        self.cancelled: list[str] = []
        self.deliveries = 1
        self.end: Mapping[str, Any] = {}

    def send_command(self, **request: Any) -> Mapping[str, Any]:
        script = "\n".join(request["Parameters"]["commands"])
        self.sent.append(script)
        for _ in range(self.deliveries):
            done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        self.printed.append(done.stdout)
        self.answer = {
            "Status": "Success" if done.returncode == 0 else "Failed",
            "StatusDetails": "Success" if done.returncode == 0 else "Failed",
            "ResponseCode": done.returncode,
            "StandardOutputContent": done.stdout[:24_000],
            "StandardErrorContent": done.stderr[:8_000],
            **self.end,
        }
        return {"Command": {"CommandId": f"c-{len(self.sent)}"}}

    def get_command_invocation(self, **_: str) -> Mapping[str, Any]:
        return self.answer

    def cancel_command(self, **request: Any) -> None:
        self.cancelled.append(request["CommandId"])


class S3:
    """A bucket with versions, in a folder: addresses are those of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bodies: list[bytes] = []
        self.requests: list[str] = []

    def _file(self, key: str) -> Path:
        return self.folder / key.replace("/", "_")

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> Mapping[str, str]:  # noqa: N803
        self.requests.append("put")
        self.bodies.append(Body)
        self._file(Key).write_bytes(Body)
        return {"VersionId": "v1"}

    def get_object(self, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803
        body = self._file(Key).read_bytes()
        self.bodies.append(body)
        return {"Body": io.BytesIO(body), "VersionId": "v2"}

    def generate_presigned_url(self, name: str, Params: Mapping[str, str], ExpiresIn: int) -> str:  # noqa: N803
        assert ExpiresIn <= 900
        return self._file(Params["Key"]).as_uri()

    def delete_object(self, Bucket: str, Key: str, VersionId: str) -> None:  # noqa: N803
        self.requests.append(f"delete {VersionId}")
        self._file(Key).unlink()


@pytest.fixture
def ssm() -> Ssm:
    return Ssm()


@pytest.fixture
def s3(tmp_path: Path) -> S3:
    (tmp_path / "bucket").mkdir()
    return S3(tmp_path / "bucket")


@pytest.fixture
def shell(ssm: Ssm, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostShell:
    memory: list[HostKey | None] = [None]

    def known(new: HostKey | None) -> HostKey | None:
        memory[0] = new or memory[0]
        return memory[0]

    here = session._PROGRAM.replace("/run/airlift-ssm", str(tmp_path / "run"))
    # A file is put by writing it, where S3 has an address to put to.
    here = here.replace("urllib.request.urlopen(request, timeout=300)", "opened(request)")
    opened = (
        "def opened(request):\n"
        "    url = request if isinstance(request, str) else request.full_url\n"
        "    path = Path(urllib.parse.urlsplit(url).path)\n"
        "    if not isinstance(request, str):\n"
        "        path.write_bytes(request.data)\n"
        "    return path.open('rb')\n\n\n"
    )
    assert "opened(request)" in here
    monkeypatch.setattr(session, "_PROGRAM", here.replace("if __name__", f"{opened}if __name__"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return HostShell(
        cast("Any", ssm), lambda: cast("Any", s3), "i-1", "bucket", 60, known, sleep=lambda _: None
    )


def test_status_output_errors_and_input_are_those_of_the_command(shell: HostShell) -> None:
    assert shell.run("cat; echo why >&2; exit 7", b"in \x00\xff") == (7, b"in \x00\xff", b"why\n")
    assert shell.run("kill -9 $$")[0] == 137


def test_the_host_makes_its_key_once(shell: HostShell, ssm: Ssm) -> None:
    shell.run("true")
    shell.run("true")
    assert len(ssm.sent) == 3


def test_a_host_that_was_started_anew_makes_another_key_and_runs_the_command_once(
    shell: HostShell, ssm: Ssm, tmp_path: Path
) -> None:
    shell.run("true")
    (tmp_path / "run").rename(tmp_path / "before")
    assert shell.run(f"echo ran >> {tmp_path}/ran")[0] == 0
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_command_that_is_delivered_twice_is_run_once_and_answered_twice(
    shell: HostShell, ssm: Ssm, tmp_path: Path
) -> None:
    ssm.deliveries = 2
    assert shell.run(f"echo ran | tee -a {tmp_path}/ran") == (0, b"ran\n", b"")
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_what_is_long_goes_through_the_bucket_and_is_gone_with_its_version(shell: HostShell, s3: S3) -> None:
    content = os.urandom(100_000)
    rc, out, _err = shell.run("cat", content)
    assert (rc, out) == (0, content)
    assert s3.requests == ["put", "delete v1", "delete v2"]
    assert list(s3.folder.iterdir()) == []


def test_it_is_gone_where_the_command_failed_too(shell: HostShell, ssm: Ssm, s3: S3) -> None:
    shell.run("true")
    ssm.end = {"Status": "TimedOut", "StatusDetails": "ExecutionTimedOut", "ResponseCode": -1}
    with pytest.raises(CheckFailedError, match=r"ExecutionTimedOut \(limit 60 s\).* It is not repeated"):
        shell.run("cat", os.urandom(100_000))
    assert len(ssm.sent) == 3, "a key, a command, and that one once"
    assert list(s3.folder.iterdir()) == []


def test_neither_commands_nor_output_nor_the_bucket_show_what_was_said(
    shell: HostShell, ssm: Ssm, s3: S3
) -> None:
    shell.run(f"echo {SECRET}", SECRET.encode())
    shell.run("cat", SECRET.encode() + os.urandom(100_000))
    kept = "\n".join(ssm.sent + ssm.printed).encode() + b"".join(s3.bodies)
    assert b"password" not in kept
    assert len(s3.bodies) == 2


def test_what_the_bucket_has_instead_is_not_run(
    shell: HostShell, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("true")
    put = s3.put_object

    def changed(Bucket: str, Key: str, Body: bytes) -> Mapping[str, str]:  # noqa: N803
        return put(Bucket, Key, Body[:-1] + b"\x00")

    monkeypatch.setattr(s3, "put_object", changed)
    with pytest.raises(CheckFailedError, match="what was fetched is not what was sent"):
        shell.run(f"touch {tmp_path}/ran", os.urandom(100_000))
    assert not (tmp_path / "ran").exists()


def test_an_instance_that_ssm_does_not_know_was_not_reached(shell: HostShell, ssm: Ssm) -> None:
    def refuse(**_: Any) -> Mapping[str, Any]:
        raise ClientError({"Error": {"Code": "InvalidInstanceId", "Message": "no"}}, "SendCommand")

    ssm.send_command = refuse  # type: ignore[method-assign]
    with pytest.raises(NotReachedError, match="SSM does not know instance i-1"):
        shell.run("true")


@pytest.mark.parametrize(
    "end",
    [
        {"Status": "TimedOut", "StatusDetails": "DeliveryTimedOut", "ResponseCode": -1},
        {"Status": "Failed", "StatusDetails": "Undeliverable", "ResponseCode": -1},
    ],
)
def test_a_command_that_was_never_delivered_was_not_reached(
    shell: HostShell, ssm: Ssm, end: Mapping[str, Any]
) -> None:
    ssm.end = end
    with pytest.raises(NotReachedError, match="did not take a command"):
        shell.run("true")


def test_who_is_interrupted_cancels(ssm: Ssm) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.run_lines(cast("Any", ssm), "i-1", ["true"], 60, what="it", sleep=interrupted)
    assert ssm.cancelled == ["c-1"]


def test_a_command_without_an_end_is_overdue(ssm: Ssm) -> None:
    ssm.end = {"Status": "InProgress"}
    with pytest.raises(OverdueError, match="has not ended after -60 s"):
        command.run_lines(cast("Any", ssm), "i-1", ["true"], -60, what="it", sleep=lambda _: None)


@given(st.binary(max_size=200))
def test_what_is_sealed_is_unsealed_by_its_secret_and_by_no_other(content: bytes) -> None:
    secret = sealing.new_secret()
    sealed = sealing.seal(secret, content)
    assert sealing.unseal(secret, sealed) == content
    assert sealing.seal(secret, content) != sealed
    with contextlib.suppress(ValueError):
        assert sealing.unseal(sealing.new_secret(), sealed) != content


def test_a_command_stays_far_below_what_ssm_takes(shell: HostShell, ssm: Ssm) -> None:
    """AWS names no limit but that of documents, 64 KB."""
    shell.run("cat", os.urandom(8_500))
    shell.run("cat", os.urandom(100_000))
    assert max(len(json.dumps(script)) for script in ssm.sent) < 24_000
    assert all(len(printed) < 24_000 for printed in ssm.printed)
