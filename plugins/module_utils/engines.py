"""The engines that there are, and their settings, by the schema in each engine's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .errors import EngineSettingsError
from .option_schema.reading import unknown

FOLDER = Path(__file__).resolve().parents[2] / "inference" / "engines"
SCHEMA_NAME = "settings.json"
_WORDS: Mapping[str, str] = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "object": "a mapping",
}


def names() -> list[str]:
    """Return the engines that there are."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{SCHEMA_NAME}"))


def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of an engine's settings."""
    read: Mapping[str, Any] = json.loads((FOLDER / name / SCHEMA_NAME).read_text(encoding="utf-8"))
    return read


def faults(name: object, settings: object) -> list[str]:
    """Return one sentence for each thing that is wrong with an engine's name and settings."""
    if name not in names():
        return [f"{unknown(str(name), names(), what='There is no engine')} There is: {', '.join(names())}."]
    rules = schema(str(name))
    said = (
        sentence
        for error in Draft202012Validator(rules).iter_errors(settings)
        for sentence in _sentences(str(name), rules, error)
    )
    return list(dict.fromkeys(said))


def completed(name: str, settings: Mapping[str, object]) -> dict[str, object]:
    """Return the settings with the defaults of those that are not given. Raises EngineSettingsError."""
    wrong = faults(name, settings)
    if wrong:
        raise EngineSettingsError(
            f"Failed to release on engine {name}: {' '.join(wrong)}", "Correct airlift_engine."
        )
    rules = schema(name)["properties"]
    defaults = {key: rule["default"] for key, rule in rules.items()}
    # JSON Schema takes 4.0 for an integer.
    given = {
        key: int(value) if isinstance(value, float) and rules[key]["type"] == "integer" else value
        for key, value in settings.items()
    }
    return {**defaults, **given}


def _sentences(engine: str, rules: Mapping[str, Any], error: ValidationError) -> Iterator[str]:
    known = rules["properties"]
    if error.validator == "additionalProperties":
        for key in sorted(set(error.instance) - set(known), key=str):
            yield unknown(str(key), known, what=f"The engine {engine} has no setting")
        return
    where = ".".join(("airlift_engine.settings", *(str(part) for part in error.absolute_path)))
    yield f"{where} must be {_range(error.schema)}, not {error.instance!r}."


def _range(rule: Mapping[str, Any]) -> str:
    """Say what a value has to be: ``a whole number from 1 to 512``, ``0 or a whole number from 128``."""
    if "enum" in rule:
        return " or ".join(str(word) for word in rule["enum"])
    words = _WORDS.get(rule["type"], f"of type {rule['type']}")
    for other in rule.get("anyOf", []):
        rule = {**rule, **other}
    if "minimum" in rule:
        words += f" from {rule['minimum']}"
    words += f" to {rule['maximum']}" if "maximum" in rule else ""
    return f"{rule['const']} or {words}" if "const" in rule else words
