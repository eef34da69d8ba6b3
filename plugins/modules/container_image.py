#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""An image in ECR, by what it is built from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_image
short_description: Have an image in an ECR repository, built only when its context changed
version_added: 0.1.0
description:
  - Names the image C(sha-<digest of its context and arguments>). Where the repository has that tag, nothing
    is built or pushed; one call to AWS tells.
  - Pushes through Docker's API. The login goes with that one request and is stored nowhere.
options:
  context:
    description: The directory that the image is built from. Its C(.dockerignore) is honoured.
    type: path
    required: true
  dockerfile:
    description: The Dockerfile, relative to O(context).
    type: str
    default: Dockerfile
  repository:
    description: The URI of the ECR repository.
    type: str
    required: true
  build_args:
    description: The build's arguments. They are part of the image's name.
    type: dict
    default: {}
  architecture:
    description: The architecture of the hosts that run it. It is part of the image's name.
    type: str
    choices: [amd64, arm64]
    default: amd64
  wheels:
    description: Python packages that this machine fetches into the context before a build.
    type: dict
    suboptions:
      lock:
        description: The lock file with hashes, relative to O(context).
        type: str
        default: requirements.lock
      directory:
        description: Where they go, relative to O(context). The lock file stands for them in the digest.
        type: str
        default: wheels
      python_version:
        description: The Python of the image.
        type: str
        default: "3.13"
extends_documentation_fragment: airlift.stack.aws
attributes:
  check_mode:
    description: Says whether the image would be built.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Have the engine's image in the registry
  airlift.stack.container_image:
    context: "{{ playbook_dir }}/../inference/engines/llamacpp"
    repository: "{{ outputs.repository_uri }}"
    build_args:
      BASE_IMAGE: debian:13-slim
    wheels: {}
  register: image
"""

RETURN = r"""
image:
  description: The image by digest. In check mode, ending in C((known after apply)) where it is not there yet.
  returned: always
  type: str
  sample: 123456789012.dkr.ecr.us-east-1.amazonaws.com/airlift/inference@sha256:6c36ae7da8695be67e3cd9f7d8…
digest:
  description: The image's digest.
  returned: always
  type: str
tag:
  description: The image's tag, by what it is built from.
  returned: always
  type: str
built:
  description: Whether it was built here and now; false where an earlier run had built it and not pushed it.
  returned: always
  type: bool
"""

from pathlib import Path
from typing import Any

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.session import Session
from ..module_utils.errors import RepositoryMissingError
from ..module_utils.module_main import Needed, run_module
from ..module_utils.progress_file import Reporter

with Needed() as needed:
    from ..module_utils.images.build import Builder
    from ..module_utils.images.context import Context
    from ..module_utils.images.registry import Repository
    from ..module_utils.images.wheels import Wheels

UNKNOWN = "(known after apply)"


def ensure(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Have the image in the repository, or in check mode look; return the module's result."""
    wheels, directory = params["wheels"], Path(params["context"]).resolve()
    arguments = {str(name): str(value) for name, value in params["build_args"].items()}
    derived = wheels["directory"] if wheels is not None else None
    context = Context(directory, params["dockerfile"], arguments, derived, params["architecture"])
    tag = context.tag
    repository = Repository(Session(connection(params)).client("ecr"), params["repository"])
    try:
        digest = repository.digest_of_tag(tag)
    except RepositoryMissingError:
        if not check_mode:
            raise
        digest = None
    if digest is not None:
        return _result(repository.uri, digest, tag, changed=False, built=False)
    if check_mode:
        return _result(repository.uri, UNKNOWN, tag, changed=True, built=True)
    built, digest = _build_and_push(params, context, repository, tag)
    return _result(repository.uri, digest, tag, changed=True, built=built)


def _build_and_push(params: dict[str, Any], context: Any, repository: Any, tag: str) -> tuple[bool, str]:
    reporter, wheels = Reporter(params["_progress_file"]), params["wheels"]

    def progress(text: str) -> None:
        reporter.send({"type": "note", "text": text})

    builder, reference = Builder(), f"{repository.uri}:{tag}"
    built = not builder.has(reference)
    if built:
        builder.check_runs(context.architecture)
        if wheels is not None:
            progress("fetching wheels")
            base = context.directory
            lock, directory = base / wheels["lock"], base / wheels["directory"]
            Wheels(lock, directory, wheels["python_version"], context.architecture).ensure()
        builder.build(context, reference, progress)
    return built, builder.push(repository.uri, tag, repository.login(), progress)


def _result(uri: str, digest: str, tag: str, *, changed: bool, built: bool) -> dict[str, Any]:
    return {"changed": changed, "image": f"{uri}@{digest}", "digest": digest, "tag": tag, "built": built}


def main() -> None:
    wheels = {
        "lock": {"type": "str", "default": "requirements.lock"},
        "directory": {"type": "str", "default": "wheels"},
        "python_version": {"type": "str", "default": "3.13"},
    }
    argument_spec: dict[str, Any] = {
        "context": {"type": "path", "required": True},
        "dockerfile": {"type": "str", "default": "Dockerfile"},
        "repository": {"type": "str", "required": True},
        "build_args": {"type": "dict", "default": {}},
        "architecture": {"type": "str", "choices": ["amd64", "arm64"], "default": "amd64"},
        "wheels": {"type": "dict", "options": wheels},
        "_progress_file": {"type": "path"},
        **CONNECTION,
    }
    run_module(argument_spec, lambda module: ensure(module.params, module.check_mode), needed)


if __name__ == "__main__":
    main()
