"""Every error that the engine raises on purpose. Each carries what to do, in words for the owner.

AirliftError
├── BlueprintError    an option that cannot be what it is; nothing has been changed
├── DefectError       Airlift itself is wrong, and says so before it changes anything
└── NeverUsableError  a resource reached a state from which it will not become usable
"""

from __future__ import annotations

REPORT = "This is a defect in Airlift: please report it with this message."


class AirliftError(Exception):
    """The base: ``message`` says what is wrong, ``remedy`` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class BlueprintError(AirliftError):
    """An option is misspelt, out of range, or contradicts another. Raised before any call to AWS."""


class NeverUsableError(AirliftError):
    """A resource will never become usable (its state is failed)."""


class DefectError(AirliftError):
    """Airlift is wrong, not what it was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, REPORT)
