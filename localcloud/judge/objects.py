"""What S3 asks of IAM: bucket and key are in the path, the keys of DeleteObjects in the body."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from localcloud.actions import Action
from localcloud.judge.catalogue import action_name, exists
from localcloud.judge.parameters import body
from localcloud.judge.policy import Ask, Context
from localcloud.judge.scope import Scope

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

QUERY_KEYS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys",
              "versionId": "s3:versionid"}  # fmt: skip
HEADER_KEYS = {
    "HTTP_X_AMZ_ACL": "s3:x-amz-acl",
    "HTTP_X_AMZ_COPY_SOURCE": "s3:x-amz-copy-source",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": "s3:x-amz-server-side-encryption",
    "HTTP_X_AMZ_STORAGE_CLASS": "s3:x-amz-storage-class",
    "HTTP_X_AMZ_CONTENT_SHA256": "s3:x-amz-content-sha256",
}


def asks(environ: WSGIEnvironment, action: Action, common: Context, scope: Scope) -> list[Ask]:
    """One question for each action and object."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    bucket, _, key = environ.get("PATH_INFO", "/").strip("/").partition("/")
    context = {**common}
    context.update({name: (query[one],) for one, name in QUERY_KEYS.items() if one in query})
    context.update({name: (environ[one],) for one, name in HEADER_KEYS.items() if one in environ})
    name = action_name("s3", action.name)
    if "versionId" in query and exists(f"{name}Version"):
        name += "Version"
    arn = f"arn:{scope.partition}:s3:::"
    if not bucket:
        return [Ask(name, "*", context)]
    if action.name == "DeleteObjects":
        return [
            Ask(f"{name}Version" if version else name, f"{arn}{bucket}/{one}", context)
            for one, version in _listed(body(environ))
        ]
    found = [Ask(name, f"{arn}{bucket}/{key}" if key else f"{arn}{bucket}", context)]
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        found.append(Ask("s3:GetObject", arn + unquote(source.partition("?")[0]).lstrip("/"), common))
    if "HTTP_X_AMZ_TAGGING" in environ:
        found.append(Ask("s3:PutObjectTagging", found[0].resource, context))
    if action.name == "CreateBucket" and "HTTP_X_AMZ_OBJECT_OWNERSHIP" in environ:
        found.append(Ask("s3:PutBucketOwnershipControls", found[0].resource, context))
    return found


def _listed(content: bytes) -> list[tuple[str, bool]]:
    """Key, and whether a version of it is named, for each object of DeleteObjects."""
    objects = re.findall(r"<Object>(.*?)</Object>", content.decode("utf-8", "replace"), re.DOTALL)
    found = [(re.search(r"<Key>(.*?)</Key>", one, re.DOTALL), "<VersionId>" in one) for one in objects]
    return [(unescape(key.group(1)), version) for key, version in found if key]
