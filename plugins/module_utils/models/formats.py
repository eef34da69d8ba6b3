"""Which files an engine can load, told by their names and first bytes: known before anything costs money.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

from ..errors import DeliveryError

ENGINE_WEIGHTS: Mapping[str, tuple[str, ...]] = {"llamacpp": ("gguf",)}
"""The formats of weights that each engine loads. Nothing is known of an engine that is not here."""

HEADER_BYTES = 24
Preview = Mapping[str, Callable[[], bytes]]
"""Path in the model → what reads the file's first ``HEADER_BYTES``; less where the file is shorter."""

_MOST_SHOWN = 3
_LATER_SHARD = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_VERSIONS = (2, 3)
_MOST_ENTRIES = 2**31


def check_weights(engine: str | None, source: str, files: Preview) -> None:
    """Raise DeliveryError unless ``engine`` can load the model of these files. Only weights are read."""
    _check(engine, source, files, lambda path: gguf_header_fault(files[path]()))


def check_weights_by_name(engine: str | None, source: str, paths: Iterable[str]) -> None:
    """Raise DeliveryError where the files' names tell that ``engine`` cannot load them."""
    _check(engine, source, paths, lambda _: None)


def preview_of(local: Mapping[str, Path]) -> Preview:
    """Return the preview of files of this machine."""
    return {path: functools.partial(_first_bytes, file) for path, file in local.items()}


def gguf_header_fault(header: bytes) -> str | None:
    """Return why a file with this beginning is no GGUF file, or None where it can be one."""
    if header[:4] != b"GGUF":
        return f"it begins with {header[:8]!r} instead of b'GGUF'"
    if len(header) < HEADER_BYTES:
        return f"it ends after {len(header)} bytes"
    version, tensors, entries = struct.unpack("<IQQ", header[4:HEADER_BYTES])
    if version not in _VERSIONS:
        return f"it says version {version}, where {' and '.join(map(str, _VERSIONS))} are known"
    if tensors >= _MOST_ENTRIES or not 0 < entries < _MOST_ENTRIES:
        return f"it says that it has {tensors} tensors and {entries} entries"
    return None


def _check(
    engine: str | None, source: str, paths: Iterable[str], header_fault: Callable[[str], str | None]
) -> None:
    if engine is None or engine not in ENGINE_WEIGHTS:
        return
    faults = [_FAULTS[weights](list(paths), header_fault) for weights in ENGINE_WEIGHTS[engine]]
    if None not in faults:
        raise DeliveryError(
            f"The engine {engine} cannot load the model {source}: {'; '.join(map(str, faults))}.",
            "Give a source that holds what it loads, in airlift_model.source.",
        )


def _gguf_fault(paths: list[str], header_fault: Callable[[str], str | None]) -> str | None:
    """Return why these are not one GGUF file, or the shards of one, or None where they are."""
    files = [path for path in paths if path.lower().endswith(".gguf")]
    weights = [path for path in files if "mmproj" not in PurePosixPath(path).name]
    variants = [path for path in weights if not _LATER_SHARD.search(path)]
    if not variants:
        return f"it loads a .gguf file, and there is {_shown(paths)}"
    if len(variants) > 1:
        return f"it loads one .gguf file, and there are {_shown(variants)}; a pattern can pick one of a hub's"
    for path in files:
        if fault := header_fault(path):
            return f"{path} is not a GGUF file ({fault})"
    return None


_FAULTS = {"gguf": _gguf_fault}


def _shown(paths: list[str]) -> str:
    rest = len(paths) - _MOST_SHOWN
    return ", ".join(sorted(paths)[:_MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEADER_BYTES)
