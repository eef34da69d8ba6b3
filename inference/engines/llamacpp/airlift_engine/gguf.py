"""What a GGUF file says of its model, read from its head: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

PyPI's ``gguf`` reads it too, and brings numpy into the image.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from .model import ModelError

Value = int | float | bool | str | list[int]

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS: Mapping[int, str] = {
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?"},
    **{10: "Q", 11: "q", 12: "d"},
}
_WHOLE_NUMBERS = {0, 1, 2, 3, 4, 5, 10, 11}
_LONGEST_LIST = 4096
"""Elements. A list of numbers is one for each layer; longer ones are of the vocabulary."""


def read_metadata(path: Path) -> dict[str, Value]:
    """Return the metadata by key, less the long lists. Raises ModelError where the file is no GGUF file."""
    try:
        with path.open("rb") as stream:
            return dict(_entries(stream))
    except (struct.error, KeyError, UnicodeDecodeError, EOFError, OverflowError) as error:
        raise ModelError(f"{path.name} is not a whole GGUF file: {error}.") from error


def _entries(stream: BinaryIO) -> Iterator[tuple[str, Value]]:
    magic, version = stream.read(4), _number(stream, "I")
    if magic != _MAGIC or version not in _VERSIONS:
        raise EOFError(f"it begins with {magic!r}, version {version}")
    _number(stream, "Q")  # how many tensors
    for _ in range(int(_number(stream, "Q"))):
        key, kind = _string(stream), int(_number(stream, "I"))
        value = _list(stream) if kind == _ARRAY else _scalar(stream, kind)
        if value is not None:
            yield key, value


def _scalar(stream: BinaryIO, kind: int) -> Value:
    return _string(stream) if kind == _STRING else _number(stream, _FORMATS[kind])


def _list(stream: BinaryIO) -> list[int] | None:
    """Read a list; return it where it is a short one of whole numbers."""
    kind, length = int(_number(stream, "I")), int(_number(stream, "Q"))
    if kind == _STRING:
        for _ in range(length):
            stream.seek(int(_number(stream, "Q")), 1)
        return None
    size = struct.calcsize(f"<{_FORMATS[kind]}")
    if kind not in _WHOLE_NUMBERS or length > _LONGEST_LIST:
        stream.seek(length * size, 1)
        return None
    return list(struct.unpack(f"<{length}{_FORMATS[kind]}", stream.read(length * size)))


def _number(stream: BinaryIO, form: str) -> int | float:
    value: int | float = struct.unpack(f"<{form}", stream.read(struct.calcsize(f"<{form}")))[0]
    return value


def _string(stream: BinaryIO) -> str:
    return stream.read(int(_number(stream, "Q"))).decode()
