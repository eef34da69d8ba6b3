"""Every error that Airlift raises on purpose: a sentence of what is wrong, and what to do about it.

AirliftError
├── BlueprintError            an option that cannot be what it is; nothing has been changed
├── EngineSettingsError       there is no such engine, or it does not take these settings
├── DefectError               Airlift itself is wrong, and says so before it changes anything
├── CallError                 AWS refused or did not answer a call; carries AWS's code
├── NotVisibleYetError        AWS does not show yet what it has just made
├── NeverUsableError          a resource reached a state from which it will not become usable
├── OverdueError              something did not get there in the time that it usually needs by far
├── InterruptedRunError       the run was asked to stop
├── NotReachedError           a command never got to the host; nothing was run there
├── LockedError               another run is at work on the stack
├── CheckFailedError          what was looked at is not as it should be; carries what was seen
├── FileRefusedError          a file of a host cannot be what it shall be
├── UnitError                 systemd has no such unit, or does not do with it what is asked
├── CliConfigError            a file of the CLI cannot be changed safely
└── DeliveryError             a model, an image or a release cannot be published, fetched or started
    ├── BucketMissingError      the stack's bucket does not exist yet
    ├── RepositoryMissingError  the stack's repository of images does not exist yet
    ├── ParameterMissingError   the stack's release parameter does not exist yet
    ├── BusyError               another release agent is at work on the host
    └── GivenUpError            a candidate was put away; carries the end of its log

The release agent carries this file too.
"""

from __future__ import annotations

from collections.abc import Sequence

REPORT = "This is a defect in Airlift: please report it with this message."


class AirliftError(Exception):
    """The base: ``message`` says what is wrong, ``remedy`` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class BlueprintError(AirliftError):
    """An option is misspelt, out of range, or contradicts another. Raised before any call to AWS."""


class EngineSettingsError(AirliftError):
    """There is no such engine, or its settings are not what its schema asks for."""


class DefectError(AirliftError):
    """Airlift is wrong, not what it was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, REPORT)


class CallError(AirliftError):
    """A call to AWS failed. ``code`` is AWS's, or empty where no answer came. ``aws.errors`` words it."""

    def __init__(self, message: str, remedy: str = "", code: str = "") -> None:
        super().__init__(message, remedy)
        self.code = code


class NotVisibleYetError(AirliftError):
    """AWS does not show yet what it has just made: the same call succeeds a little later."""


class NeverUsableError(AirliftError):
    """A resource will never become usable (its state is failed)."""


class OverdueError(AirliftError):
    """Something did not get there in the time that it usually needs by far."""


class InterruptedRunError(AirliftError):
    """The run was asked to stop while this waited."""


class NotReachedError(AirliftError):
    """A command never got to the host: its SSM agent is not there, or not yet. Nothing was run."""


class LockedError(AirliftError):
    """Another run is at work on the stack, or has taken the lock over."""


class CheckFailedError(AirliftError):
    """What was looked at is not as it should be. ``seen`` is returned beside the message."""

    def __init__(self, message: str, remedy: str = "", **seen: object) -> None:
        super().__init__(message, remedy)
        self.seen = seen


class FileRefusedError(AirliftError):
    """A file of a host cannot be what it shall be; nothing was written."""


class UnitError(AirliftError):
    """Systemd has no such unit, or does not do with it what is asked."""


class CliConfigError(AirliftError):
    """A file of the CLI cannot be changed safely; the message says why, its module where."""


class DeliveryError(AirliftError):
    """A model, an image or a release cannot be published, fetched or started."""


class BucketMissingError(DeliveryError):
    """The bucket does not exist yet."""


class RepositoryMissingError(DeliveryError):
    """The repository does not exist yet."""


class ParameterMissingError(DeliveryError):
    """The release parameter does not exist yet."""


class BusyError(DeliveryError):
    """Another release agent is at work."""


class GivenUpError(DeliveryError):
    """A candidate was put away. ``lines`` are the end of its log."""

    def __init__(self, message: str, remedy: str, lines: Sequence[str]) -> None:
        super().__init__(message, remedy)
        self.lines = lines
