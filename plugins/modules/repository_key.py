#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""The key of a package repository, trusted by its fingerprint."""

from __future__ import annotations

DOCUMENTATION = r"""
module: repository_key
short_description: Trust the key of a package repository if it has the pinned fingerprint
version_added: 0.1.0
description:
  - Fetches an armored OpenPGP key and writes it where a package source names it in C(Signed-By), if it is the
    one key with O(fingerprint). Nothing else is written.
  - A file that holds this key is left as it is, and nothing is fetched.
options:
  url:
    description: Where the key is.
    type: str
    required: true
  fingerprint:
    description: The primary key's fingerprint, in hexadecimal digits; spaces are left out.
    type: str
    required: true
  path:
    description: Where it is kept.
    type: path
    required: true
  timeout_seconds:
    description: How long the server may take to answer.
    type: int
    default: 30
author:
  - The Airlift authors (@airlift-stack)
attributes:
  check_mode:
    description: Fetches the key and compares its fingerprint, and writes nothing.
    support: full
  diff_mode:
    description: A key says nothing to a reader.
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Trust Docker's key
  airlift.stack.repository_key:
    url: https://download.docker.com/linux/debian/gpg
    fingerprint: 9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88
    path: /etc/apt/keyrings/docker.asc
"""

RETURN = r"""
fetched:
  description: Whether the key was fetched.
  returned: always
  type: bool
"""

from http.client import HTTPException
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url
from ansible_collections.airlift.stack.plugins.module_utils.openpgp import fingerprints
from ansible_collections.airlift.stack.plugins.module_utils.text_file import replace

FILE_MODE, DIRECTORY_MODE = 0o644, 0o755


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "fingerprint": {"type": "str", "required": True, "no_log": False},
            "path": {"type": "path", "required": True},
            "timeout_seconds": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    url, path = module.params["url"], Path(module.params["path"])
    wanted = module.params["fingerprint"].replace(" ", "").upper()
    try:
        if is_trusted(path, wanted):
            module.exit_json(changed=False, fetched=False)
        key = fetch(module, url)
        offered = fingerprints(key)
        if offered != [wanted]:
            module.fail_json(
                msg=f"Failed to trust the key at {url}: its fingerprint is {', '.join(offered) or 'none'} "
                f"and not {wanted}. Find out who changed it before you change the pin."
            )
        if not module.check_mode:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True)
                path.parent.chmod(DIRECTORY_MODE)
            replace(path, key, FILE_MODE)
    except OSError as error:
        module.fail_json(msg=f"Failed to write {path}: {error}. Check the directory and the disk.")
    module.exit_json(changed=True, fetched=True)


def is_trusted(path: Path, fingerprint: str) -> bool:
    """Whether the file holds this key alone, and everybody can read it, as apt has to."""
    if path.is_symlink() or not path.is_file() or path.stat().st_mode & 0o777 != FILE_MODE:
        return False
    return fingerprints(path.read_bytes().decode(errors="replace")) == [fingerprint]


def fetch(module: AnsibleModule, url: str) -> str:
    """Return the armored key. A server that does not give it ends the module."""
    response, info = fetch_url(module, url, timeout=module.params["timeout_seconds"])
    if info["status"] != 200 or response is None:
        module.fail_json(
            msg=f"Failed to fetch the key at {url}: {info['msg']} (status {info['status']}). Check the URL, "
            "and that the host reaches it."
        )
    try:
        key: bytes = response.read()
    except (OSError, HTTPException) as error:
        module.fail_json(msg=f"Failed to fetch the key at {url}: {error}. Try again.")
    return key.decode(errors="replace")


if __name__ == "__main__":
    main()
