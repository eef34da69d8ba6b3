"""What the engine is told by its environment, checked before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

PORT = 8000
NAME_VARIABLE = "AIRLIFT_MODEL_NAME"
SETTINGS_VARIABLE = "AIRLIFT_ENGINE_SETTINGS"
NAMESPACE_VARIABLE = "AIRLIFT_METRICS_NAMESPACE"

LIMITS: Mapping[str, tuple[int, int]] = {
    "context_tokens": (128, 1_048_576),
    "threads": (1, 512),
    "slots": (1, 256),
    "batch_tokens": (32, 16_384),
    "prompt_cache_mib": (0, 262_144),
    "drain_seconds": (0, 3_600),
    "metrics_seconds": (1, 3_600),
}


class SettingsError(ValueError):
    """A setting is unknown, of the wrong type or out of range."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine runs.

    ``context_tokens`` is per request: a prompt and its answer share it. ``slots`` requests run side by
    side and the rest wait. ``threads`` is one by default, since the threads of one step wait for each other
    by spinning: where a second program wants a core, more threads are many times slower.
    With a ``metrics_namespace`` the engine's figures are also written to its log, for CloudWatch.
    """

    model_name: str
    context_tokens: int = 4096
    threads: int = 1
    slots: int = 2
    batch_tokens: int = 512
    prompt_cache_mib: int = 256
    drain_seconds: int = 120
    metrics_seconds: int = 60
    metrics_namespace: str = ""


def parse(environment: Mapping[str, str]) -> Settings:
    """Read the settings from the environment; raise SettingsError with the name of what is wrong."""
    name = environment.get(NAME_VARIABLE, "")
    if not name:
        raise SettingsError(f"{NAME_VARIABLE} is not set. Set it to the name that requests give as `model`.")
    try:
        given = json.loads(environment.get(SETTINGS_VARIABLE) or "{}")
    except ValueError as error:
        raise SettingsError(f"{SETTINGS_VARIABLE} is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise SettingsError(f"{SETTINGS_VARIABLE} must be a JSON object.")
    known = {field.name for field in fields(Settings)} - {"model_name", "metrics_namespace"}
    for key, value in given.items():
        if key not in known:
            raise SettingsError(f"There is no engine setting {key!r}. Known: {', '.join(sorted(known))}.")
        low, high = LIMITS[key]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise SettingsError(
                f"The engine setting {key} must be a whole number from {low} to {high}, not {value!r}."
            )
    return Settings(model_name=name, metrics_namespace=environment.get(NAMESPACE_VARIABLE, ""), **given)
