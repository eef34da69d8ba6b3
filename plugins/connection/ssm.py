"""The connection over SSM: tasks on hosts that no port leads to, by Run Command."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ssm
short_description: Run tasks on an instance through SSM Run Command
version_added: 0.1.0
description:
  - Runs each command of Ansible's as one command of SSM Run Command, as root. A host needs the SSM agent,
    python3 and openssl, and a way to SSM and S3; it needs no open port. The Session Manager plugin is not
    needed.
  - A command may take as long as O(timeout_seconds). It is run once, however often its delivery is repeated,
    and is not repeated when it was ended.
  - What is sent and what is printed is sealed for its two ends, as SSM keeps commands and output for 30 days.
    What is too long for a command goes through the bucket, below C(transfer/), and is removed at once.
  - The host is asked for its key once in a run of Ansible's, and again where it was started anew.
options:
  instance_id:
    description: The instance's id. The inventory plugin P(airlift.stack.airlift#inventory) sets it.
    type: str
    required: true
    vars: [{name: airlift_instance_id}]
  bucket_name:
    description: The bucket through which goes what is too long for a command.
    type: str
    required: true
    vars: [{name: ansible_airlift_ssm_bucket_name}]
  region:
    description: The AWS region.
    type: str
    vars: [{name: airlift_region}, {name: ansible_airlift_ssm_region}]
  endpoint_url:
    description: An endpoint in place of AWS itself. The environment's E(AWS_ENDPOINT_URL) wins over it.
    type: str
    vars: [{name: airlift_endpoint_url}, {name: ansible_airlift_ssm_endpoint_url}]
  profile:
    description: A profile of the AWS configuration files. Unset, the usual chain of credentials applies.
    type: str
    vars: [{name: airlift_profile}, {name: ansible_airlift_ssm_profile}]
  access_key:
    description: An access key id, where the usual chain of credentials is not wanted.
    type: str
    vars: [{name: airlift_access_key}, {name: ansible_airlift_ssm_access_key}]
  secret_key:
    description: The secret that belongs to O(access_key).
    type: str
    vars: [{name: airlift_secret_key}, {name: ansible_airlift_ssm_secret_key}]
  session_token:
    description: The session token of temporary credentials.
    type: str
    vars: [{name: airlift_session_token}, {name: ansible_airlift_ssm_session_token}]
  timeout_seconds:
    description: How long one command may run. SSM takes up to 172800.
    type: int
    default: 3600
    vars: [{name: ansible_airlift_ssm_timeout_seconds}]
  remote_user:
    description: Whom commands run as without become. It is always root.
    type: str
    choices: [root]
    default: root
  pipelining:
    description: Whether modules are sent in one command instead of several. They cost a second each.
    type: bool
    default: true
    vars: [{name: ansible_pipelining}]
author: The Airlift authors (@airlift-stack)
"""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.connection import ConnectionBase
from ansible_collections.airlift.stack.plugins.module_utils.aws.errors import wording
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Connection as Reach
from ansible_collections.airlift.stack.plugins.module_utils.aws.session import Session
from ansible_collections.airlift.stack.plugins.module_utils.errors import (
    AirliftError,
    CheckFailedError,
    OverdueError,
)
from ansible_collections.airlift.stack.plugins.module_utils.run_command.session import HostKey, HostShell

REACHED = ("region", "profile", "endpoint_url", "access_key", "secret_key", "session_token")


class Connection(ConnectionBase):
    """Runs commands on one instance."""

    transport = "airlift.stack.ssm"
    has_pipelining = True
    _shell_on_host: HostShell | None = None

    def _connect(self) -> Connection:
        """Make the clients; nothing is asked of AWS before there is a command."""
        if self._shell_on_host is None:
            try:
                session = Session(Reach(**{name: self.get_option(name) or None for name in REACHED}))
            except AirliftError as error:
                raise AnsibleConnectionFailure(str(error)) from None
            self._session = session
            self._shell_on_host = HostShell(
                ssm=session.client("ssm"),
                s3=lambda: session.client("s3"),
                instance_id=self.get_option("instance_id"),
                bucket=self.get_option("bucket_name"),
                timeout_seconds=self.get_option("timeout_seconds"),
                known=remembered(self._memory()),
            )
        self._connected = True
        return self

    def _memory(self) -> Path:
        """Return the file in which the workers of this run of Ansible's share what the host's key is."""
        return Path(constants.DEFAULT_LOCAL_TMP) / f"airlift-ssm-{self.get_option('instance_id')}.json"

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Run ``cmd`` and return its exit status, output and errors."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run(cmd, to_bytes(in_data or b""))

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the host."""
        super().put_file(in_path, out_path)
        if not Path(in_path).is_file():
            raise AnsibleFileNotFound(f"There is no file {in_path}.")
        self._must(f"cat > {shlex.quote(out_path)}", Path(in_path).read_bytes())

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the host."""
        super().fetch_file(in_path, out_path)
        Path(out_path).write_bytes(self._must(f"cat < {shlex.quote(in_path)}"))

    def reset(self) -> None:
        """Forget the host's key, so that the next command makes another."""
        self._memory().unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Leave the host alone; there is nothing open."""
        self._shell_on_host = None
        self._connected = False

    def _must(self, command: str, stdin: bytes = b"") -> bytes:
        rc, out, err = self._run(command, stdin)
        if rc != 0:
            said = err.decode(errors="replace").strip()
            raise AnsibleError(f"Failed to copy a file ({command}): {said}")
        return out

    def _run(self, command: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        self._connect()
        assert self._shell_on_host is not None
        where = f"instance {self.get_option('instance_id')}"
        try:
            with wording("reach", where, self._session.region, endpoint_url=self._session.endpoint_url):
                return self._shell_on_host.run(command, stdin)
        except (CheckFailedError, OverdueError) as error:
            raise AnsibleError(str(error)) from None
        except AirliftError as error:
            raise AnsibleConnectionFailure(str(error)) from None


def remembered(path: Path) -> Callable[[HostKey | None], HostKey | None]:
    """Return what keeps a key in the file ``path``, and gives it back without one."""

    def known(new: HostKey | None) -> HostKey | None:
        if new is not None:
            path.write_text(json.dumps(asdict(new)))
            return new
        try:
            kept: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return HostKey(**kept)

    return known
