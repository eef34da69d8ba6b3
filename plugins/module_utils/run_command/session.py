"""A shell on a host, through Run Command: standard input, exit status, and output however long."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import shlex
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ..aws.errors import AWS_ERRORS, code_of
from ..errors import CheckFailedError, NotReachedError
from . import on_host, sealing
from .command import Ended, run_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

PREFIX = "transfer/"
"""Where in the bucket lies what is too long for a command. A rule of the bucket forgets what stays there."""

_INLINE_BYTES = 9_000
_QUICK_SECONDS = 600
"""For what runs no command of Ansible's: making a key, putting a reply into S3."""
_SIGNED_SECONDS = 900

_PROGRAM = Path(on_host.__file__).read_text(encoding="utf-8")
_UNDELIVERED = {"DeliveryTimedOut", "Undeliverable", "Terminated", "InvalidPlatform", "AccessDenied"}


class _Place(TypedDict):
    Bucket: str
    Key: str


@dataclass
class HostKey:
    """The session that a host knows, and the public key that it made for it."""

    session: str
    public_key: str


@dataclass
class HostShell:
    """Runs commands on one instance. ``known`` keeps the host's key, also between processes if it can.

    Whatever is sent or printed is sealed: SSM keeps commands and output for 30 days, and shows them to
    everybody who may list commands.
    """

    ssm: SSMClient
    s3: Callable[[], S3Client]
    instance_id: str
    bucket: str
    timeout_seconds: int
    known: Callable[[HostKey | None], HostKey | None]
    sleep: Callable[[float], None] = field(default=time.sleep)

    def run(self, command: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run ``command`` by the host's shell as root; return its exit status, output and errors.

        A host that was started anew since has lost its key; then nothing has been run, and it makes another.
        Raises ``NotReachedError``, ``CheckFailedError`` for a command that was ended, and what AWS raises.
        """
        for known in (self.known(None), None):
            key = known or self._begin()
            secret, number = sealing.new_secret(), secrets.token_hex(8)
            content = zlib.compress(len(command.encode()).to_bytes(4, "big") + command.encode() + stdin)
            sealed = sealing.seal(secret, content)
            request = {
                "session": key.session,
                "number": number,
                "secret": sealing.wrap(key.public_key, secret),
                "sha256": hashlib.sha256(sealed).hexdigest(),
            }
            with self._sent(sealed, number) as where:
                answer = self._ask("run", {**request, **where}, self.timeout_seconds)
            if "unknown" not in answer:
                return _reply(sealing.unseal(secret, self._received(key, number, answer)))
        raise NotReachedError(f"Instance {self.instance_id} forgets its key.", "Look at /run on the host.")

    def _begin(self) -> HostKey:
        session = secrets.token_hex(8)
        key = HostKey(session, self._ask("begin", {"session": session}, _QUICK_SECONDS)["public_key"])
        self.known(key)
        return key

    @contextlib.contextmanager
    def _sent(self, sealed: bytes, number: str) -> Iterator[Mapping[str, str]]:
        """Say where the host finds what is sealed."""
        if len(sealed) <= _INLINE_BYTES:
            yield {"sealed": base64.b64encode(sealed).decode()}
            return
        s3, where = self.s3(), self._place(number)
        version = s3.put_object(**where, Body=sealed).get("VersionId")
        try:
            yield {"url": s3.generate_presigned_url("get_object", Params=where, ExpiresIn=_SIGNED_SECONDS)}
        finally:
            _remove(s3, where, version)

    def _received(self, key: HostKey, number: str, answer: Mapping[str, str]) -> bytes:
        """Return the sealed reply: the answer shows it, or the host is asked to put it into S3."""
        if "reply" in answer:
            return base64.b64decode(answer["reply"])
        s3, where = self.s3(), self._place(f"{number}-reply")
        url = s3.generate_presigned_url("put_object", Params=where, ExpiresIn=_SIGNED_SECONDS)
        self._ask("push", {"session": key.session, "number": number, "url": url}, _QUICK_SECONDS)
        found = s3.get_object(**where)
        reply = found["Body"].read()
        _remove(s3, where, found.get("VersionId"))
        if hashlib.sha256(reply).hexdigest() != answer["sha256"]:
            raise CheckFailedError(f"What instance {self.instance_id} replied was changed on its way.")
        return reply

    def _place(self, name: str) -> _Place:
        return {"Bucket": self.bucket, "Key": f"{PREFIX}{self.instance_id}/{name}"}

    def _ask(self, verb: str, request: Mapping[str, object], timeout_seconds: int) -> dict[str, Any]:
        asked = shlex.quote(json.dumps({"verb": verb, **request}))
        lines = [f"exec python3 -I - {asked} <<'AIRLIFT'", *_PROGRAM.splitlines(), "AIRLIFT"]
        try:
            ended = run_lines(
                self.ssm, self.instance_id, lines, timeout_seconds, what="a command", sleep=self.sleep
            )
        except AWS_ERRORS as error:
            if code_of(error) != "InvalidInstanceId":
                raise
            raise NotReachedError(
                f"SSM does not know instance {self.instance_id}.",
                "Its agent has not registered yet, or cannot: it needs a way to SSM and the host's role.",
            ) from error
        return self._answer(ended, timeout_seconds)

    def _answer(self, ended: Ended, timeout_seconds: int) -> dict[str, Any]:
        if ended.details in _UNDELIVERED or ended.status in _UNDELIVERED:
            raise NotReachedError(
                f"Instance {self.instance_id} did not take a command of SSM's ({ended.details}).",
                "Is the SSM agent running there, and may the host's role use it?",
            )
        if ended.rc != 0:
            why = (ended.stderr.strip() or ended.stdout.strip() or "it printed nothing").splitlines()[-1]
            raise CheckFailedError(
                f"Failed to run a command on instance {self.instance_id}: {ended.details or ended.status} "
                f"(limit {timeout_seconds} s): {why}. It is not repeated."
            )
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer


def _remove(s3: S3Client, where: _Place, version: str | None) -> None:
    """Remove an object for good: by its version, where the bucket keeps versions."""
    if version:
        s3.delete_object(**where, VersionId=version)
    else:
        s3.delete_object(**where)


def _reply(content: bytes) -> tuple[int, bytes, bytes]:
    head, _, printed = zlib.decompress(content).partition(b"\n")
    rc, length = (int(word) for word in head.split())
    return rc, printed[:length], printed[length:]
