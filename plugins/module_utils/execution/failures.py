"""What went wrong with one resource, in one sentence and with what to do."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from ..errors import AirliftError
from .remedies import remedy


class InterruptedRunError(Exception):
    """The run was asked to stop while this waited."""


class OverdueError(AirliftError):
    """AWS did not get there in the time that it usually needs by far."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One operation that failed: what was done to which resource, where, and what AWS said to it."""

    verb: str
    kind: str
    name: str
    region: str
    code: str
    message: str
    what_to_do: str

    def __str__(self) -> str:
        said = " ".join(part for part in (self.code, self.message.strip().rstrip(".")) if part)
        text = f"Failed to {self.verb} {self.kind} {self.name} in {self.region}: {said}. {self.what_to_do}"
        return text.strip()


def failure(error: Exception, verb: str, kind: str, name: str, region: str) -> Failure:
    """Word ``error``, which ``verb`` on the resource ``name`` of ``kind`` raised."""
    code, message, what_to_do = _words(error)
    return Failure(verb, kind, name, region, code, message, what_to_do)


def code_of(error: Exception) -> str:
    """Return the code that AWS answered with, or nothing."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def _words(error: Exception) -> tuple[str, str, str]:
    if isinstance(error, ClientError):
        code = code_of(error)
        message = error.response.get("Error", {}).get("Message", "")
        return code, message, remedy(code, message, error.operation_name)
    if isinstance(error, AirliftError):
        return "", error.message, error.remedy or "Run the same command again; it goes on from here."
    if isinstance(error, HTTPClientError):
        what_to_do = "Check the network. Run the same command again; it goes on from here."
        return type(error).__name__, str(error), what_to_do
    if isinstance(error, BotoCoreError):
        return type(error).__name__, str(error), "Check the option that this comes from."
    return (
        type(error).__name__,
        str(error),
        "This is a defect in Airlift: please report it with this message.",
    )
