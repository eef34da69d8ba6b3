"""``hf:``: files of a repository on a Hugging Face hub, at one commit, by huggingface_hub.

The library's own environment is honoured: HF_ENDPOINT, HF_TOKEN (or its token file), HF_HUB_OFFLINE, proxies.
https://huggingface.co/docs/huggingface_hub/guides/download
"""

from __future__ import annotations

import fcntl
import fnmatch
import functools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..delivery.hashing import sha256_of
from ..errors import DeliveryError
from . import hub_errors
from .formats import HEADER_BYTES, Preview
from .source import Progress

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoSibling

_TEXT = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<pattern>[^:]+))?$")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
_NO_MODEL = ["README.md"]
_THREADS = 4
_SECONDS = 60


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
        """Ask the hub for the commit, and whether anything matches. Offline, a commit is believed."""
        if self.pinned and hub_errors.is_offline():
            return self
        commit, _ = self._listing()
        return replace(self, revision=commit)

    def preview(self) -> Preview | None:
        """List the files; their first bytes are asked for where somebody wants them."""
        if hub_errors.is_offline():
            return None
        _, files = self._listing()
        return {path: functools.partial(self._first_bytes, path) for path in files}

    def size(self) -> int | None:
        """Add up what the hub says of each file."""
        if hub_errors.is_offline():
            return None
        return sum(file.size or 0 for file in self._listing()[1].values())

    def fetch(self, cache: Path, progress: Progress) -> Mapping[str, Path]:
        """Fetch the matching files side by side, each verified where the hub tells its digest.

        Files that came whole are kept for the next run; offline, all of them must have.
        """
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415

        files = {} if hub_errors.is_offline() else self._listing()[1]
        disable_progress_bars()
        with _alone(cache), hub_errors.worded(self.text, _endpoint()):
            missing = [path for path in files if not (cache / path).exists()]
            if missing:
                size = sum(files[path].size or 0 for path in missing)
                _check_space(cache, size, self.text)
                progress(f"fetching {self.text}: {len(missing)} files, {size / 1e9:.2f} GB")
            snapshot_download(
                self.repository,
                revision=self.revision,
                local_dir=cache,
                allow_patterns=self.pattern,
                ignore_patterns=[*_NO_MODEL, ".*", "*/.*"],
                endpoint=_endpoint(),
                library_name="airlift",
                max_workers=_THREADS,
            )
        local = {path.relative_to(cache).as_posix(): path for path in cache.rglob("*") if path.is_file()}
        fetched = {path: local[path] for path in sorted(local) if self._wants(path)}
        for path, file in files.items():
            _verify(f"{self.text} {path}", fetched[path], file.lfs.sha256 if file.lfs else None)
        return fetched

    def _listing(self) -> tuple[str, Mapping[str, RepoSibling]]:
        """Return the commit, and path → what the hub knows of each matching file."""
        with hub_errors.worded(self.text, _endpoint()):
            info = _client().model_info(
                self.repository, revision=self.revision, files_metadata=True, timeout=_SECONDS
            )
        if info.sha is None or not _COMMIT.match(info.sha):
            raise DeliveryError(f"The hub did not say which commit {self.text} is.", "Check HF_ENDPOINT.")
        files = {file.rfilename: file for file in info.siblings or [] if self._wants(file.rfilename)}
        if not files:
            raise DeliveryError(
                f"No file of hf:{self.repository}@{self.revision} matches {self.pattern}.",
                "Correct the pattern.",
            )
        return info.sha, files

    def _wants(self, path: str) -> bool:
        hidden = any(part.startswith(".") for part in path.split("/"))
        return not hidden and path not in _NO_MODEL and fnmatch.fnmatchcase(path, self.pattern)

    def _first_bytes(self, path: str) -> bytes:
        from huggingface_hub import get_session, get_token, hf_hub_url, hf_raise_for_status  # noqa: PLC0415

        url = hf_hub_url(self.repository, path, revision=self.revision, endpoint=_endpoint())
        headers = {"Range": f"bytes=0-{HEADER_BYTES - 1}"}
        if token := get_token():
            headers["Authorization"] = f"Bearer {token}"
        with (
            hub_errors.worded(f"{self.text} {path}", _endpoint()),
            get_session().stream("GET", url, headers=headers, timeout=_SECONDS) as answer,
        ):
            hf_raise_for_status(answer)
            return next(answer.iter_bytes(HEADER_BYTES), b"")


def parse_hub(text: str) -> Hub:
    """Read ``organisation/repository[@revision][:pattern]``."""
    match = _TEXT.match(text)
    if match is None:
        raise DeliveryError(
            f"hf:{text} names no repository.", "Give hf:organisation/repository@commit[:pattern]."
        )
    return Hub(match["repository"], match["revision"] or "main", match["pattern"] or "*")


def _client() -> HfApi:
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

    return HfApi(endpoint=_endpoint(), library_name="airlift")


def _endpoint() -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise DeliveryError(f"HF_ENDPOINT {endpoint} is not encrypted.", "Give an https: address.")
    return endpoint


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Have the cache to oneself, and free of what a killed run left: the library begins a file anew."""
    cache.mkdir(parents=True, exist_ok=True)
    with cache.with_name(f"{cache.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for partial in (cache / ".cache").rglob("*.incomplete"):
            partial.unlink()
        yield


def _check_space(cache: Path, size: int, text: str) -> None:
    free = shutil.disk_usage(cache).free
    if free < size:
        raise DeliveryError(
            f"Failed to fetch model {text}: {cache} "
            f"has room for {free / 1e9:.1f} of its {size / 1e9:.1f} GB.",
            "Make room, or set airlift_state_directory to a larger disk.",
        )


def _verify(text: str, path: Path, sha256: str | None) -> None:
    if sha256 is not None and (actual := sha256_of(path)) != sha256:
        path.unlink()
        raise DeliveryError(
            f"{text} has the digest {actual} instead of {sha256}.",
            "It is not what the hub lists. Run it again; if it stays so, check HF_ENDPOINT.",
        )
