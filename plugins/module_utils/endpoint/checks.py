"""What an endpoint must do for its clients, each as one check with what was seen instead."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import quote

from .client import Answer, Chat, Endpoint

PROMPT = "Count from one to ten, in words."
COMPLETION_TOKENS = 24

BUFFERED_SECONDS = 0.0005
"""Pieces closer together than this on average were lying ready: a proxy held the stream back."""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check: what was expected, what was seen, in how many seconds."""

    name: str
    passed: bool
    seen: str
    seconds: float


def run(endpoint: Endpoint, key: str, model: str) -> Iterator[Check]:
    """Yield the outcome of every check, one by one. A connection that fails is an outcome, no exception."""
    wrong = f"al-{secrets.token_urlsafe(32)}"
    chat = Chat(
        model=model,
        messages=[{"role": "user", "content": PROMPT}],
        max_tokens=COMPLETION_TOKENS,
        temperature=0,
        stream=False,
    )
    yield _check("no key is refused with 401", lambda: _refusal(endpoint.chat(chat), 401))
    yield _check("a wrong key is refused with 401", lambda: _refusal(endpoint.chat(chat, wrong), 401))
    yield _check(
        "an unknown path is a 404", lambda: _refusal(endpoint.get("/airlift-no-such-path", key), 404)
    )
    yield _check(
        "an unknown model is a 404",
        lambda: _refusal(endpoint.chat({**chat, "model": "airlift-no-such-model"}, key), 404),
    )
    yield _check("the model is listed", lambda: _listed(endpoint.get("/models", key), model))
    # As the SDKs' models.retrieve asks.
    one = f"/models/{quote(model, safe='')}"
    yield _check("the model can be retrieved", lambda: _retrieved(endpoint.get(one, key), model))
    yield _check("the model completes a prompt", lambda: _completion(endpoint.chat(chat, key)))
    yield _check(
        "a stream's first piece comes before its last",
        lambda: _stream(endpoint.chat({**chat, "stream": True}, key)),
    )
    yield _check("plain HTTP is redirected to HTTPS", lambda: _redirect(endpoint.plain()))


def _check(name: str, look: Callable[[], tuple[bool, str, float]]) -> Check:
    try:
        return Check(name, *look())
    except (OSError, HTTPException) as error:
        return Check(name, False, f"{type(error).__name__}: {error}", 0.0)


def _refusal(answer: Answer, status: int) -> tuple[bool, str, float]:
    error = _at(answer.json(), "error")
    shaped = isinstance(_at(error, "message"), str) and isinstance(_at(error, "type"), str)
    seen = f"{answer.status}, {'in' if shaped else 'not in'} OpenAI's error shape"
    return answer.status == status and shaped, seen, answer.seconds


def _listed(answer: Answer, model: str) -> tuple[bool, str, float]:
    listed = _at(answer.json(), "data")
    ids = [str(_at(item, "id")) for item in listed] if isinstance(listed, list) else []
    return answer.status == 200 and model in ids, f"{answer.status} {', '.join(ids)}".strip(), answer.seconds


def _retrieved(answer: Answer, model: str) -> tuple[bool, str, float]:
    name, kind = _at(answer.json(), "id"), _at(answer.json(), "object")
    return (
        answer.status == 200 and (name, kind) == (model, "model"),
        f"{answer.status} {name}",
        answer.seconds,
    )


def _completion(answer: Answer) -> tuple[bool, str, float]:
    text = _content(answer.json(), "message")
    return answer.status == 200 and bool(text), f"{answer.status}, {len(text)} characters", answer.seconds


def _stream(answer: Answer) -> tuple[bool, str, float]:
    arrived = [
        at
        for line, at in zip(answer.lines, answer.arrivals, strict=True)
        if line.startswith("data: {") and _content(_parsed(line.removeprefix("data: ")), "delta")
    ]
    ended = "data: [DONE]" in answer.lines
    if answer.status != 200 or len(arrived) < 2 or not ended:
        return (
            False,
            f"{answer.status}, {len(arrived)} pieces, {'ended' if ended else 'not ended'}",
            answer.seconds,
        )
    first, last = arrived[0], arrived[-1]
    streamed = last - first > BUFFERED_SECONDS * (len(arrived) - 1)
    return (
        streamed,
        f"{len(arrived)} pieces, the first after {first:.2f} s, the last after {last:.2f} s",
        answer.seconds,
    )


def _redirect(answer: Answer) -> tuple[bool, str, float]:
    target = answer.headers.get("location", "")
    return (
        answer.status in {301, 308} and target.startswith("https://"),
        f"{answer.status} {target}",
        answer.seconds,
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _content(body: object, part: str) -> str:
    choices = _at(body, "choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    content = _at(_at(first, part), "content")
    return content if isinstance(content, str) else ""


def _at(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
