"""What a host does with one request. Its text goes along with each command, so it imports nothing of ours."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path("/run/airlift-ssm")
SESSION_SECONDS = 2 * 86_400
REPLY_SECONDS = 3_600
SHOWN_BYTES = 15_000  # SSM keeps 24,000 characters, and base64 makes four of three
CIPHER = ("-aes-256-cbc", "-pbkdf2", "-iter", "1000", "-pass", "env:AIRLIFT_SECRET")
OAEP = (
    "-pkeyopt",
    "rsa_padding_mode:oaep",
    "-pkeyopt",
    "rsa_oaep_md:sha256",
    "-pkeyopt",
    "rsa_mgf1_md:sha256",
)


def openssl(*arguments: str, content: bytes = b"", secret: str = "") -> bytes:
    """Have openssl do it; secrets are neither in its arguments nor in files."""
    environment = {**os.environ, "AIRLIFT_SECRET": secret}
    return subprocess.run(
        ["openssl", *arguments], input=content, capture_output=True, check=True, env=environment
    ).stdout


def forget(directory: Path, seconds: float) -> None:
    """Remove what nobody asks for any more."""
    for entry in list(directory.iterdir()):
        if entry.is_dir() and time.time() - entry.stat().st_mtime > seconds:
            shutil.rmtree(entry, ignore_errors=True)


def keep(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)


def kept(path: Path) -> bytes:
    """Read a file that another delivery of the same command may be about to write."""
    while not path.exists():
        time.sleep(0.1)
    return path.read_bytes()


def begin(request: Mapping[str, Any]) -> dict[str, Any]:
    """Make the key of a session, and show its public half."""
    ROOT.mkdir(mode=0o700, exist_ok=True)
    forget(ROOT, SESSION_SECONDS)
    key = ROOT / request["session"] / "key"
    with contextlib.suppress(FileExistsError):
        key.parent.mkdir(mode=0o700)
        keep(key, openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))
    return {"public_key": openssl("pkey", "-pubout", content=kept(key)).decode()}


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a command once, however often it is delivered."""
    session = ROOT / request["session"]
    if not (session / "key").exists():
        return {"unknown": True}  # the host was started anew: nothing has been run
    place = session / request["number"]
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        return answer(request)
    forget(session, REPLY_SECONDS)
    reply = b""
    try:
        reply = perform(request, session / "key")
    finally:
        keep(place / "reply", reply)
    return answer(request)


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the reply is, and show it if it is short enough for SSM."""
    reply = kept(ROOT / request["session"] / request["number"] / "reply")
    shown = {"reply": base64.b64encode(reply).decode()} if len(reply) <= SHOWN_BYTES else {}
    return {"sha256": hashlib.sha256(reply).hexdigest(), **shown}


def push(request: Mapping[str, Any]) -> dict[str, Any]:
    """Put a reply where the address says."""
    reply = kept(ROOT / request["session"] / request["number"] / "reply")
    headers = {"Content-Type": "application/octet-stream"}
    transfer(urllib.request.Request(here(request["url"]), reply, headers, method="PUT"))  # noqa: S310  # as below
    return {}


def perform(request: Mapping[str, Any], key: Path) -> bytes:
    """Return the sealed reply: exit status, standard output and errors."""
    wrapped = base64.b64decode(request["secret"])
    secret = openssl("pkeyutl", "-decrypt", "-inkey", str(key), *OAEP, content=wrapped).decode()
    content = zlib.decompress(openssl("enc", "-d", *CIPHER, content=fetch(request), secret=secret))
    length = int.from_bytes(content[:4], "big")
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(content[4 + length :])
        stdin.seek(0)
        rc = execute(content[4 : 4 + length].decode(), stdin.fileno(), out.fileno(), err.fileno())
        out.seek(0)
        err.seek(0)
        printed = out.read()
        reply = b"%d %d\n" % (rc, len(printed)) + printed + err.read()
    return openssl("enc", *CIPHER, content=zlib.compress(reply), secret=secret)


def execute(command: str, stdin: int, stdout: int, stderr: int) -> int:
    """Run the command as a login would; return its exit status. What it leaves running is not waited for."""
    user = pwd.getpwuid(os.getuid())
    environment = {**os.environ, "HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
    rc = subprocess.run(
        ["/bin/sh", "-c", command],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=user.pw_dir,
        env=environment,
        umask=0o022,
        check=False,
    ).returncode
    return rc if rc >= 0 else 128 - rc


def fetch(request: Mapping[str, Any]) -> bytes:
    """Return what was sealed for us: it came along, or lies where the address says, and is no other."""
    sealed = base64.b64decode(request["sealed"]) if "sealed" in request else transfer(here(request["url"]))
    if hashlib.sha256(sealed).hexdigest() != request["sha256"]:
        raise SystemExit("what was fetched is not what was sent")
    return sealed


def here(url: str) -> str:
    """Return an address in S3 as this host has it: an embedded AWS is elsewhere for its operator."""
    endpoint = urllib.parse.urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if not endpoint.netloc:
        return url
    return urllib.parse.urlsplit(url)._replace(scheme=endpoint.scheme, netloc=endpoint.netloc).geturl()


def transfer(request: str | urllib.request.Request) -> bytes:
    """Ask S3."""
    with urllib.request.urlopen(request, timeout=300) as done:  # noqa: S310  # signed by who operates us
        content: bytes = done.read()
    return content


if __name__ == "__main__":
    os.umask(0o077)
    asked = json.loads(sys.argv[1])
    print(json.dumps({"begin": begin, "run": run, "push": push}[asked["verb"]](asked)))
