"""From a source to the bucket: the least work that ends with the model published."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..delivery import manifest as manifests
from ..delivery.hashing import files_of
from ..delivery.manifest import Manifest
from ..delivery.model_name import check_model_name
from ..delivery.upload import Store
from ..errors import BucketMissingError, DeliveryError
from .formats import check_weights, check_weights_by_name, preview_of
from .source import Progress, Source

_QUANTISATION = re.compile(r"[.-](?:i?q\d\w*|bf16|f16|f32)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Published:
    """A model in the bucket; in check mode, one that would be, whose manifest may not be known yet."""

    manifest: Manifest | None
    source: str
    changed: bool
    uploaded_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes into ``store`` what ``engine`` can load, keeping what it fetches in ``cache``."""

    store: Store
    cache: Path
    progress: Progress
    engine: str | None = None

    def publish(self, source: Source, name: str | None) -> Published:
        """Have the model published. For a pinned source that was before, that is two calls, no fetching."""
        pinned = source if source.pinned else source.pin()
        identity = _identity(pinned, name)
        if identity is not None and (known := self.store.recorded(identity)) is not None:
            check_weights_by_name(self.engine, pinned.text, [file.path for file in known.files])
            return Published(known, pinned.text, changed=False)
        inspect(pinned, self.engine)
        key = hashlib.sha256(pinned.text.encode()).hexdigest()[:16]
        local = pinned.fetch(self.cache / key, self.progress)
        check_weights(self.engine, pinned.text, preview_of(local))
        self.progress(f"hashing {len(local)} files")
        manifest = manifests.make(name or name_of(local), pinned.text, files_of(local))
        missing = self.store.missing(manifest)
        sent = self.store.publish(manifest, local, identity, self.progress) if missing or identity else 0
        return Published(manifest, pinned.text, changed=bool(missing), uploaded_bytes=sent)

    def check(self, source: Source, name: str | None) -> Published:
        """Say whether ``publish`` would change anything; what would have to be fetched counts as a change.

        Raises DeliveryError where the source does not exist, or the engine cannot load it.
        """
        pinned = source.pin()
        inspect(pinned, self.engine)
        identity = _identity(pinned, name)
        try:
            if identity is not None:
                known = self.store.recorded(identity)
                return Published(known, pinned.text, changed=known is None)
            if not pinned.here:
                return Published(None, pinned.text, changed=True)
            local = pinned.fetch(self.cache, self.progress)
            manifest = manifests.make(name or name_of(local), pinned.text, files_of(local))
            return Published(manifest, pinned.text, changed=bool(self.store.missing(manifest)))
        except BucketMissingError:
            return Published(None, pinned.text, changed=True)


def inspect(pinned: Source, engine: str | None) -> None:
    """Raise DeliveryError where ``engine`` cannot load what the source holds, as far as that is known yet."""
    if engine is not None and (preview := pinned.preview()) is not None:
        check_weights(engine, pinned.text, preview)


def name_of(files: Mapping[str, Path]) -> str:
    """Return a model's name by its largest file: without suffix and quantisation, in lower case."""
    largest = max(files, key=lambda path: files[path].stat().st_size)
    stem = _QUANTISATION.sub("", PurePosixPath(largest).stem).lower()
    try:
        check_model_name(stem)
    except DeliveryError as error:
        raise DeliveryError(
            f"No model name can be made of {largest}.", "Give one in airlift_model.name."
        ) from error
    return stem


def _identity(source: Source, name: str | None) -> str | None:
    return f"{source.text} as {name or ''}" if source.pinned else None
