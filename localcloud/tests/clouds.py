"""What localcloud's tests share: clients, and a localcloud of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[2]
ACCESS_KEY = "LKIALOCALCLOUDEXAMPLE"
SECRET_KEY = "localcloud-secret-access-key-that-opens-nothing"


def client(service: str, endpoint: str, **options: Any) -> Any:
    """A boto3 client that never retries, so that a test sees the first answer."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # a name only known at run time
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}, **options),
    )


def wait_for[T](look: Callable[[], T], seconds: float, what: str) -> T:
    """Look until there is something true, and return it."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if found := look():
            return found
        sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass(frozen=True)
class Cloud:
    """A localcloud beside the developer's own."""

    state_dir: Path
    port: int = 4866
    prefix: str = "lctest"
    loopback: str = "127.69.0"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m localcloud …`."""
        environment = os.environ | {
            "LOCALCLOUD_STATE_DIR": str(self.state_dir),
            "LOCALCLOUD_PORT": str(self.port),
            "LOCALCLOUD_PREFIX": self.prefix,
            "LOCALCLOUD_LOOPBACK": self.loopback,
        }
        return subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def must(self, *arguments: str) -> str:
        """The same, which must succeed; its output."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr + self.log()
        return done.stdout

    def log(self) -> str:
        file = self.state_dir / "localcloud.log"
        return file.read_text() if file.exists() else ""

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)
