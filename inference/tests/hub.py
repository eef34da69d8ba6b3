"""The API of a Hugging Face hub, as far as huggingface_hub asks it: a model, its tree, and its files.

https://huggingface.co/docs/hub/api, and the headers that huggingface_hub/file_download.py reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from .webserver import Refusal, Site

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".gguf", ".safetensors")


def add_repository(site: Site, repository: str, files: Mapping[str, bytes], branch: str = "main") -> None:
    """Serve ``files`` at ``COMMIT``. Large ones are on another host, which must not see a token."""
    site.files.update(dict.fromkeys(_revisions(repository, branch), _model(repository, files)))
    site.files[f"/api/models/{repository}/tree/{COMMIT}"] = json.dumps(
        [{"type": "file", "path": path, **_entry(path, data)} for path, data in files.items()]
    ).encode()
    cdn = site.url.replace("127.0.0.1", "localhost")
    for path, data in files.items():
        resolve = f"/{repository}/resolve/{COMMIT}/{path}"
        headers = {"X-Repo-Commit": COMMIT}
        if path.endswith(_LARGE):
            site.redirects[resolve] = f"{cdn}/cdn/{path}"
            site.files[f"/cdn/{path}"] = data
            headers |= {"X-Linked-Etag": f'"{_sha256(data)}"', "X-Linked-Size": str(len(data))}
        else:
            site.files[resolve] = data
        site.headers[resolve] = headers
    site.refusals |= {
        "/api/models/": Refusal(404, {"X-Error-Code": "RepoNotFound"}),
        f"/api/models/{repository}/revision/": Refusal(404, {"X-Error-Code": "RevisionNotFound"}),
        f"/{repository}/resolve/": Refusal(404, {"X-Error-Code": "EntryNotFound"}),
    }


def gate(site: Site, repository: str) -> None:
    """Let nobody without a token read the files: the listing of a gated repository is public."""
    site.refusals[f"/{repository}/resolve/{COMMIT}"] = Refusal(
        401, {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {repository} is restricted."}, True
    )


def _revisions(repository: str, branch: str) -> list[str]:
    return [f"/api/models/{repository}/revision/{revision}" for revision in (COMMIT, branch)]


def _model(repository: str, files: Mapping[str, bytes]) -> bytes:
    siblings = [
        {"rfilename": path, "blobId": _git_id(data), **_large(path, data, "sha256")}
        for path, data in files.items()
    ]
    return json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode()


def _entry(path: str, data: bytes) -> Mapping[str, object]:
    return {"oid": _git_id(data), **_large(path, data, "oid")}


def _large(path: str, data: bytes, name: str) -> Mapping[str, object]:
    lfs = {name: _sha256(data), "size": len(data), "pointerSize": 134}
    return {"size": len(data), **({"lfs": lfs} if path.endswith(_LARGE) else {})}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
