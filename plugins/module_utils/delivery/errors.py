"""The errors of publishing and releasing: one sentence, and what to do."""

from __future__ import annotations


class DeliveryError(Exception):
    """The base: ``message`` says what is wrong, ``remedy`` what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


def aws_error(error: Exception, verb: str, what: str, region: str, remedy: str) -> DeliveryError:
    """Word botocore's ``error`` as: Failed to <verb> <what> in <region>: <code> <message>. <remedy>."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        details = response.get("Error", {})
        reason = f"{details.get('Code', '')} {details.get('Message', '')}".strip()
    else:
        reason = str(error)
    return DeliveryError(f"Failed to {verb} {what} in {region}: {reason.rstrip('.')}.", remedy)


def error_code(error: Exception) -> str:
    """Return the AWS error code of botocore's ClientError, or the empty string."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
