#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""What the hosts shall run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Release an image with a model, or roll back
version_added: 0.1.0
description:
  - Writes the release document into the stack's parameter in SSM when it differs from what is there. The
    agent on each host makes it true. The parameter's versions are the history.
  - The image and the model must have been published; otherwise nothing is written.
  - The images of this release and of the one before get a tag, by which the lifecycle policy spares them.
options:
  stack:
    description: The stack's name. Its parameter is C(/<stack>/release).
    type: str
    required: true
  state:
    description:
      - C(present) releases what the other options say.
      - C(rolled_back) releases again what was released before and differs from the current release, with the
        keys that are current now.
    type: str
    choices: [present, rolled_back]
    default: present
  image:
    description: The image by digest, as M(airlift.stack.container_image) returns it.
    type: str
  model:
    description: The model, as M(airlift.stack.model_artifact) returns it.
    type: dict
    suboptions:
      name: {description: The name that clients give., type: str, required: true}
      digest: {description: Its digest., type: str, required: true}
      bucket: {description: The bucket that holds it., type: str, required: true}
  engine:
    description: The engine.
    type: dict
    suboptions:
      name: {description: The engine's name., type: str, default: llamacpp}
      settings:
        description:
          - Its settings, such as C(threads), C(slots) and C(context_tokens). The schema in
            C(inference/engines/<name>/settings.json) says what there is, and is held to.
          - The document gets the defaults of those that are not given.
        type: dict
        default: {}
  keys:
    description: The API keys.
    type: dict
    suboptions:
      secret: {description: "The secret's name. Default: C(<stack>/api-keys).", type: str}
      version: {description: "The id of the secret's version. Default: the current one.", type: str}
extends_documentation_fragment: airlift.stack.aws
attributes:
  check_mode:
    description: Says what would be released.
    support: full
  diff_mode:
    description: Shows the document.
    support: full
author: The Airlift authors (@airlift-stack)
"""

EXAMPLES = r"""
- name: Release
  airlift.stack.release:
    stack: airlift
    image: "{{ image.image }}"
    model:
      name: "{{ model.name }}"
      digest: "{{ model.digest }}"
      bucket: "{{ outputs.bucket }}"
    engine:
      settings: {threads: 1}

- name: Roll back
  airlift.stack.release:
    stack: airlift
    state: rolled_back
"""

RETURN = r"""
release:
  description: The release's id. In check mode it may be C((known after apply)).
  returned: always
  type: str
document:
  description: The release document.
  returned: always
  type: dict
version:
  description: The parameter's version; in check mode, the one that is there.
  returned: always
  type: int
previous:
  description: The id of the release that was current before, if there was one.
  returned: always
  type: str
"""

from dataclasses import replace
from typing import Any

from ..module_utils import audit, release_history
from ..module_utils.arguments import CONNECTION, connection
from ..module_utils.aws.errors import wording
from ..module_utils.aws.session import Session
from ..module_utils.delivery import key_ring
from ..module_utils.delivery.model_name import check_model_name
from ..module_utils.delivery.release import Release, image_of
from ..module_utils.errors import DeliveryError, ParameterMissingError
from ..module_utils.images import released
from ..module_utils.images.registry import Repository
from ..module_utils.module_main import Needed, run_module

with Needed() as needed:
    from ..module_utils.delivery.upload import Store

UNKNOWN = "(known after apply)"


def release(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Release or roll back, or in check mode look; return the module's result."""
    session = Session(connection(params))
    history = release_history.History(session.client("ssm"), f"/{params['stack']}/release")
    try:
        current = history.current()
    except ParameterMissingError:
        if not check_mode:
            raise
        return _unknown(0, None)
    if params["state"] == "present" and UNKNOWN in f"{params['image']}{params['model']['digest']}":
        return _unknown(current.number, current.release)
    wanted = _wanted(params, session, history, current)
    previous, warning = (current.release.id if current.release else None), None
    changed, number = wanted != current.release, current.number
    repository = Repository(session.client("ecr"), wanted.image.name)
    if changed:
        _must_exist(session, wanted)
    if not check_mode:
        released.keep(repository, wanted, current.release, history.before(current))
        if changed:
            number = history.put(wanted)
            warning = audit.record(session, params["stack"], *_action(params, wanted, previous))
        released.let_go(repository, wanted, history.before(release_history.Version(number, wanted)))
    before, after = current.document, wanted.document()
    return {
        "changed": changed,
        "release": wanted.id,
        "document": after,
        "version": number,
        "previous": previous,
        "warnings": [warning] if warning else [],
        "diff": {"before": release_history.as_text(before), "after": release_history.as_text(after)},
    }


def _action(params: dict[str, Any], wanted: Any, previous: str | None) -> tuple[str, str]:
    """Return in words what was done."""
    what = (
        f"{wanted.id} ({wanted.model_name} {wanted.model_digest[:19]} on {wanted.engine}, "
        f"image {wanted.image.digest[:19]}) after {previous or 'nothing'}"
    )
    return "rollback" if params["state"] == "rolled_back" else "release", what


def _wanted(params: dict[str, Any], session: Any, history: Any, current: Any) -> Any:
    keys = params["keys"] or {}
    secret = keys.get("secret") or f"{params['stack']}/api-keys"
    version = keys.get("version") or release_history.current_version(session.client("secretsmanager"), secret)
    if params["state"] == "rolled_back":
        before = history.before(current)
        if before is None:
            raise DeliveryError(
                f"There is no release before this one in {history.name}.", "There is nothing to do."
            )
        return replace(before, secret=secret, secret_version=version)
    model, engine = params["model"], params["engine"] or {"name": "llamacpp", "settings": {}}
    check_model_name(model["name"])
    return Release(
        image=image_of(params["image"]),
        model_name=model["name"],
        model_digest=model["digest"],
        bucket=model["bucket"],
        engine=engine["name"],
        settings=engine["settings"],
        secret=secret,
        secret_version=version,
    )


def _must_exist(session: Any, wanted: Any) -> None:
    """Raise DeliveryError unless image and model were published, and clients can send the keys."""
    secrets = session.client("secretsmanager")
    with wording("read", f"secret {wanted.secret}", session.region, endpoint_url=session.endpoint_url):
        value = secrets.get_secret_value(SecretId=wanted.secret, VersionId=wanted.secret_version)[
            "SecretString"
        ]
    key_ring.parse(value, wanted.secret)
    if not Repository(session.client("ecr"), wanted.image.name).holds(wanted.image.digest):
        raise DeliveryError(f"There is no image {wanted.image}.", "Publish it first (playbooks/publish.yml).")
    store = Store(session.client("s3"), wanted.bucket)
    missing = store.missing(store.manifest(wanted.model_digest))
    if missing:
        raise DeliveryError(f"The model {wanted.model_digest} lacks {missing[0]}.", "Publish it again.")


def _unknown(number: int, current: Any) -> dict[str, Any]:
    previous = current.id if current else None
    return {"changed": True, "release": UNKNOWN, "document": {}, "version": number, "previous": previous}


def main() -> None:
    def text(**more: Any) -> dict[str, Any]:
        return {"type": "str", **more}

    argument_spec: dict[str, Any] = {
        "stack": text(required=True),
        "state": text(choices=["present", "rolled_back"], default="present"),
        "image": text(),
        "model": {
            "type": "dict",
            "options": {name: text(required=True) for name in ("name", "digest", "bucket")},
        },
        "engine": {
            "type": "dict",
            "options": {"name": text(default="llamacpp"), "settings": {"type": "dict", "default": {}}},
        },
        "keys": {
            "type": "dict",
            "no_log": False,
            "options": {"secret": text(no_log=False), "version": text()},
        },
        **CONNECTION,
    }
    run_module(
        argument_spec,
        lambda module: release(module.params, module.check_mode),
        needed,
        required_if=[("state", "present", ("image", "model"))],
    )


if __name__ == "__main__":
    main()
