"""How much context an engine gives: read from the model's file, and from the memory that there is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.llamacpp.airlift_engine.context import (
    LEAST_TOKENS,
    LONGEST_TEXT_TOKENS,
    MOST_TOKENS,
    Shape,
    decide,
    free_bytes,
    shape,
)
from inference.engines.llamacpp.airlift_engine.gguf import Value, read_metadata
from inference.engines.llamacpp.airlift_engine.memory import limit_bytes
from inference.engines.llamacpp.airlift_engine.model import ModelError

KIB, MIB = 2**10, 2**20


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def scalar(key: str, kind: int, form: str, value: float) -> bytes:
    return text(key) + struct.pack(f"<I{form}", kind, value)


def string(key: str, value: str) -> bytes:
    return text(key) + struct.pack("<I", 8) + text(value)


def numbers(key: str, *values: int) -> bytes:
    return text(key) + struct.pack(f"<IIQ{len(values)}i", 9, 5, len(values), *values)


def words(key: str, *values: str) -> bytes:
    return text(key) + struct.pack("<IIQ", 9, 8, len(values)) + b"".join(map(text, values))


def gguf(*entries: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(entries)) + b"".join(entries)


ENTRIES = (
    string("general.architecture", "qwen3"),
    words("tokenizer.ggml.tokens", "a", "bc", ""),
    numbers("tokenizer.ggml.token_type", *range(5000)),
    scalar("qwen3.context_length", 4, "I", 40960),
    scalar("qwen3.rope.freq_base", 6, "f", 0.5),
    scalar("tokenizer.ggml.add_bos_token", 7, "?", True),
    scalar("qwen3.block_count", 10, "Q", 28),
    numbers("qwen3.attention.head_count_kv", 8, 0),
)


def test_the_head_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(*ENTRIES) + b"tensors")
    assert read_metadata(path) == {
        "general.architecture": "qwen3",
        "qwen3.context_length": 40960,
        "qwen3.rope.freq_base": 0.5,
        "tokenizer.ggml.add_bos_token": True,
        "qwen3.block_count": 28,
        "qwen3.attention.head_count_kv": [8, 0],
    }


@pytest.mark.parametrize("cut", [0, 3, 10, 30, 60, 100])
def test_a_file_that_ends_early_is_one_sentence(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(*ENTRIES)[:cut])
    with pytest.raises(ModelError, match=r"model\.gguf is not a whole GGUF file"):
        read_metadata(path)


@pytest.mark.parametrize("head", [b"PK\x03\x04" + bytes(40), gguf(version=1), gguf(scalar("a", 99, "I", 1))])
def test_another_file_is_refused(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(head)
    with pytest.raises(ModelError):
        read_metadata(path)


SMOLLM: dict[str, Value] = {
    "general.architecture": "llama",
    "llama.block_count": 30,
    "llama.context_length": 8192,
    "llama.embedding_length": 576,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (SMOLLM, Shape(8192, 30 * 3 * (64 + 64) * 2, pools=False)),
        ({**SMOLLM, "llama.attention.key_length": 128}, Shape(8192, 30 * 3 * (128 + 64) * 2, pools=False)),
        (
            {**SMOLLM, "llama.attention.head_count_kv": [3, 0, 3]},
            Shape(8192, 6 * (64 + 64) * 2, pools=False),
        ),
        (
            {key: value for key, value in SMOLLM.items() if not key.endswith("_kv")},
            Shape(8192, 30 * 9 * (64 + 64) * 2, pools=False),
        ),
        ({**SMOLLM, "llama.pooling_type": 1}, Shape(8192, 23040, pools=True)),
        ({"general.architecture": "new"}, Shape(0, 0, pools=False)),
        ({}, Shape(0, 0, pools=False)),
    ],
)
def test_a_token_takes_the_memory_of_its_keys_and_values(metadata: dict[str, Value], expected: Shape) -> None:
    assert shape(metadata) == expected


LARGE = Shape(131072, 128 * KIB, pools=False)


@pytest.mark.parametrize(
    ("wanted", "model", "free_mib", "tokens", "word"),
    [
        (4096, LARGE, 1, 4096, "as context_tokens says"),
        (0, Shape(8192, 23040, pools=False), 1000, 8192, "the model's own"),
        (0, LARGE, 33000, 131072, "the model's own"),
        (0, LARGE, 4001, 15872, "fits into 4001 MiB at 128.0 KiB a token; the model's own is 131072"),
        (0, LARGE, 900, 4096, "the least that is served, and more than fits into 900 MiB"),
        (0, Shape(512, 128 * KIB, pools=False), 1, 512, "the least that is served"),
        (0, Shape(0, 0, pools=False), 1, 4096, "does not say"),
        (
            0,
            Shape(10**7, 1, pools=False),
            4096,
            MOST_TOKENS,
            "the most that is served; the model's own is 10000000",
        ),
    ],
)
def test_the_context_is_what_fits(wanted: int, model: Shape, free_mib: int, tokens: int, word: str) -> None:
    context = decide(wanted, 2, model, free_mib * MIB)
    assert context.tokens == tokens
    assert word in context.reason


def test_a_text_to_embed_is_one_step() -> None:
    context = decide(0, 2, LARGE, 2**40, LONGEST_TEXT_TOKENS)
    assert (context.tokens, "the longest text that is one step" in context.reason) == (
        LONGEST_TEXT_TOKENS,
        True,
    )
    assert decide(0, 2, Shape(512, 0, pools=True), 2**40, LONGEST_TEXT_TOKENS).tokens == 512


@given(
    st.integers(1, 256),
    st.builds(Shape, st.integers(1, 2**24), st.integers(0, 2**22), st.booleans()),
    st.integers(0, 2**40),
)
def test_no_more_is_taken_than_there_is_but_for_the_least(slots: int, model: Shape, free: int) -> None:
    tokens = decide(0, slots, model, free).tokens
    assert 0 < tokens <= model.own_tokens
    assert tokens >= min(LEAST_TOKENS, model.own_tokens)
    assert tokens * slots * model.bytes_per_token <= free or tokens <= LEAST_TOKENS


def test_half_of_the_memory_is_for_the_next_release() -> None:
    assert free_bytes(4096 * MIB, 500 * MIB, 256) == (2048 - 500 - 256 - 256) * MIB
    assert free_bytes(512 * MIB, 100 * MIB, 256) == 0


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 1000),
        ({"v2": "max\n"}, 1000),
        ({"v2": "500\n"}, 500),
        ({"v1": "600\n"}, 600),
        ({"v1": "9223372036854771712\n"}, 1000),
    ],
)
def test_the_memory_is_what_the_container_may_use(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    for name, value in files.items():
        (tmp_path / name).write_text(value)
    assert limit_bytes([tmp_path / "v2", tmp_path / "v1"], 1000) == expected
    assert limit_bytes([]) > 2**20
