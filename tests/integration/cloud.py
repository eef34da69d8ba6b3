"""The embedded AWS's control plane in a thread, and whole stacks in it as the task aws_stack makes them."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.airlift.stack.plugins.module_utils.arguments import STACK, STACK_INFO
from ansible_collections.airlift.stack.plugins.module_utils.execution import results
from ansible_collections.airlift.stack.plugins.module_utils.execution.progress import Messages
from werkzeug.serving import make_server

from localcloud.app import create_app
from tests.integration.counting_moto import forget
from tests.pki import issue

REGION = "us-east-1"
ACCESS_KEY = "LKIALOCALCLOUDEXAMPLE"
SECRET_KEY = "localcloud-secret-access-key-that-opens-nothing"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDGqTIY6FePpBi8CzZ5fAGZJzGnkq9hhYdOiFiDknOqW tests"


@dataclass
class Cloud:
    """One account behind ``url``, and the directory where the stack's certificate is."""

    url: str
    directory: Path
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return the task's arguments; ``changes`` lay single options over the layers."""
        given: dict[str, Any] = {
            "name": "demo",
            "region": REGION,
            "endpoint_url": self.url,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "tags": {"environment": "test"},
            "compute": {
                "image_name": "airlift-debian-13",
                "image_owners": ["self"],
                "ssh_public_key": PUBLIC_KEY,
            },
            "ingress": {
                "domain": "demo.test",
                "certificate_file": str(self.directory / "cert.pem"),
                "private_key_file": str(self.directory / "key.pem"),
            },
        }
        for name, value in changes.items():
            given[name] = {**given.get(name, {}), **value} if isinstance(value, dict) else value
        return given

    def provision(self, check: bool = False, **changes: Any) -> dict[str, Any]:
        """Run the task in this process and return its result."""
        arguments = validated(STACK, self.options(**changes))
        work = results.present if arguments["state"] == "present" else results.absent
        return work(arguments, check, Messages(self.said.append, self.warned.append, self.said.append))

    def info(self, **changes: Any) -> dict[str, Any]:
        given = self.options(**changes)
        kept = ("name", "region", "endpoint_url", "access_key", "secret_key")
        return results.info(validated(STACK_INFO, {name: given[name] for name in kept}))

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of somebody else's: drift, foreign resources, a second look."""
        return botocore.session.Session().create_client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def requests(self) -> Mapping[str, Any]:
        return self._ask("GET", "requests")

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until nobody has asked anything for so long."""
        asked = -1
        while asked != (now := self.requests()["total"]):
            asked = now
            time.sleep(seconds)

    def forget_requests(self) -> None:
        self._ask("DELETE", "requests")

    def misbehave(self, *faults: Mapping[str, object]) -> None:
        self._ask("POST", "faults", {"faults": list(faults)})

    def fill(self, *zones: str) -> None:
        """Have no room for new instances in ``zones``, and in these only."""
        self._ask("POST", "full-zones", {"zones": [{"zone": zone} for zone in zones]})

    def silence(self, *instances: str) -> None:
        """Have the SSM agents of ``instances``, and of these only, not answer; ``*`` is all."""
        self._ask("POST", "silent-agents", {"instance_ids": list(instances)})

    def begin_anew(self) -> None:
        """Empty the account, end what was asked to misbehave, and forget what was asked and said."""
        forget()
        self.misbehave()
        self.forget_requests()
        self.said.clear()
        self.warned.clear()

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_localcloud/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def validated(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` as Ansible hands it on, with its defaults."""
    result = ArgumentSpecValidator(spec).validate(dict(given))
    assert result.error_messages == []
    arguments: dict[str, Any] = result.validated_parameters
    return arguments


@contextmanager
def served(directory: Path) -> Iterator[Cloud]:
    """Serve an account until the block ends."""
    pair = issue("demo.test")
    (directory / "cert.pem").write_text(pair.pem, encoding="ascii")
    (directory / "key.pem").write_text(pair.key_pem, encoding="ascii")
    app = create_app()
    # A test before, without this app, may have left an account that has no machine image yet.
    forget()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Cloud(f"http://127.0.0.1:{server.server_port}", directory)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        forget()
