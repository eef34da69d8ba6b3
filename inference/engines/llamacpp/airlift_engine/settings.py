"""What the engine is told by its environment, checked before anything is loaded.

``settings.json`` is the settings' schema: preflight and the release read the same file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jsonschema import Draft202012Validator

SCHEMA_PATH = Path(__file__).parents[1] / "settings.json"
PORT = 8000
SPARE_HTTP_THREADS = 16
"""Beyond one per slot: for requests that wait, and so that the health check is always answered."""
NAME_VARIABLE = "AIRLIFT_MODEL_NAME"
SETTINGS_VARIABLE = "AIRLIFT_ENGINE_SETTINGS"
NAMESPACE_VARIABLE = "AIRLIFT_METRICS_NAMESPACE"


class SettingsError(ValueError):
    """A setting is unknown, of the wrong type or out of range."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine runs: the settings of ``settings.json``, which says what each means.

    With a ``metrics_namespace`` the engine's figures are also written to its log, for CloudWatch.
    """

    model_name: str
    task: str
    context_tokens: int
    default_max_tokens: int
    threads: int
    slots: int
    batch_tokens: int
    prompt_cache_mib: int
    sse_ping_seconds: int
    drain_seconds: int
    metrics_seconds: int
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
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    wrong = [
        f"{'.'.join(map(str, ('settings', *error.absolute_path)))}: {error.message}."
        for error in Draft202012Validator(schema).iter_errors(given)
    ]
    if wrong:
        raise SettingsError(f"{SETTINGS_VARIABLE} cannot be used: {' '.join(wrong)}")
    defaults = {key: setting["default"] for key, setting in schema["properties"].items()}
    # JSON Schema takes 4.0 for an integer.
    whole = {key: int(value) for key, value in {**defaults, **given}.items() if key != "task"}
    task = given.get("task", defaults["task"])
    namespace = environment.get(NAMESPACE_VARIABLE, "")
    return Settings(model_name=name, task=task, metrics_namespace=namespace, **whole)
