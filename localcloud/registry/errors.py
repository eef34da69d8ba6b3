"""ECR's errors beside those that moto has."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class RegistryError(ServiceException):
    """An error of ECR's API: its code, and a message."""
