"""``hf:``: files of a repository on a Hugging Face hub, at one commit.

API: GET /api/models/{repository}/revision/{revision}?blobs=true, and /{repository}/resolve/{commit}/{path}.
The environment's HF_ENDPOINT and HF_TOKEN are honoured.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from ..errors import DeliveryError
from .download import Wanted, download, get
from .source import Progress

_TEXT = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<pattern>[^:]+))?$")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
_NO_MODEL = {".gitattributes", "README.md"}
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository, a revision (a commit, or a branch or tag that is resolved to one), and a pattern."""

    repository: str
    revision: str
    pattern: str

    @property
    def text(self) -> str:
        """``hf:organisation/repository@revision[:pattern]``."""
        return f"hf:{self.repository}@{self.revision}" + (f":{self.pattern}" if self.pattern != "*" else "")

    @property
    def pinned(self) -> bool:
        """A commit's files never change; a branch's do."""
        return bool(_COMMIT.match(self.revision))

    @property
    def here(self) -> bool:
        """It is not."""
        return False

    def pin(self) -> Hub:
        """Ask the hub for the commit, and whether anything matches."""
        listing = self._listing()
        self._matching(listing)
        return replace(self, revision=str(listing["sha"]))

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Fetch the matching files side by side, each verified where the hub tells its digest."""
        matching = self._matching(self._listing())
        wanted = {
            path: Wanted(
                f"{_endpoint()}/{self.repository}/resolve/{self.revision}/{quote(path)}",
                cache / f"{number:04}",
                sha256,
                _authorization(),
            )
            for number, (path, sha256) in enumerate(sorted(matching.items()))
        }
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda one: download(one, progress), wanted.values()))
        return {path: one.path for path, one in wanted.items()}

    def _listing(self) -> Mapping[str, object]:
        url = (
            f"{_endpoint()}/api/models/{self.repository}/revision/{quote(self.revision, safe='')}?blobs=true"
        )
        try:
            answer = json.loads(get(url, _authorization()))
        except (OSError, ValueError) as error:
            raise DeliveryError(
                f"Failed to read {self.text}: {error}.", "Check the network and HF_ENDPOINT."
            ) from error
        if not isinstance(answer, dict) or not _COMMIT.match(str(answer.get("sha"))):
            raise DeliveryError(f"The hub did not say which commit {self.text} is.", "Check HF_ENDPOINT.")
        return answer

    def _matching(self, listing: Mapping[str, object]) -> Mapping[str, str | None]:
        """Return path → SHA-256, which the hub knows for large files only."""
        siblings = listing.get("siblings")
        found: dict[str, str | None] = {}
        for entry in siblings if isinstance(siblings, list) else []:
            path = str(entry["rfilename"])
            if path not in _NO_MODEL and fnmatch.fnmatchcase(path, self.pattern):
                found[path] = (entry.get("lfs") or {}).get("sha256")
        if not found:
            raise DeliveryError(
                f"No file of hf:{self.repository}@{self.revision} matches {self.pattern}.",
                "Correct the pattern.",
            )
        return found


def parse_hub(text: str) -> Hub:
    """Read ``organisation/repository[@revision][:pattern]``."""
    match = _TEXT.match(text)
    if match is None:
        raise DeliveryError(
            f"hf:{text} names no repository.", "Give hf:organisation/repository@commit[:pattern]."
        )
    return Hub(match["repository"], match["revision"] or "main", match["pattern"] or "*")


def _endpoint() -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise DeliveryError(f"HF_ENDPOINT {endpoint} is not encrypted.", "Give an https: address.")
    return endpoint


def _authorization() -> Mapping[str, str]:
    token = os.environ.get("HF_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
