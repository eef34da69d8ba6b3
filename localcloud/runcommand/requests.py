"""Reading SendCommand's parameters, and finding the instances that it means: pure but for the errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from moto.ssm.exceptions import InvalidDocument, SSMException

from localcloud.backends import InstanceView
from localcloud.runcommand.commands import DEFAULT_TIMEOUT_SECONDS, DOCUMENT, Request

UNAVAILABLE = "not available on the embedded AWS"


def read_request(parameter: Callable[[str], Any]) -> Request:
    """SendCommand's parameters, as `parameter(name)` gives them. Raises SSM's own errors."""
    document = str(parameter("DocumentName") or "")
    if document != DOCUMENT:
        raise InvalidDocument(f"Document {document} is {UNAVAILABLE}; {DOCUMENT} is.")
    if parameter("OutputS3BucketName"):
        raise SSMException("InvalidOutputFolder", f"Command output in S3 is {UNAVAILABLE}.")
    parameters: Mapping[str, Sequence[str]] = parameter("Parameters") or {}
    unknown = sorted(set(parameters) - {"commands", "workingDirectory", "executionTimeout"})
    if unknown or not parameters.get("commands"):
        problem = (
            f"unknown parameters {', '.join(unknown)}" if unknown else "the parameter commands is missing"
        )
        raise SSMException("InvalidParameters", f"{DOCUMENT}: {problem}.")
    try:
        execution = float((parameters.get("executionTimeout") or [str(DEFAULT_TIMEOUT_SECONDS)])[0])
    except ValueError as error:
        raise SSMException("InvalidParameters", f"{DOCUMENT}: executionTimeout is not a number.") from error
    return Request(
        commands=tuple(parameters["commands"]),
        directory=(parameters.get("workingDirectory") or [""])[0],
        execution_seconds=execution,
        delivery_seconds=float(parameter("TimeoutSeconds") or DEFAULT_TIMEOUT_SECONDS),
        comment=str(parameter("Comment") or ""),
        parameters=parameters,
        targets=parameter("Targets") or (),
        max_concurrency=str(parameter("MaxConcurrency") or "50"),
        max_errors=str(parameter("MaxErrors") or "0"),
    )


def choose_instances(
    wanted: Sequence[str],
    targets: Iterable[Mapping[str, Any]],
    running: Sequence[InstanceView],
    tags_of: Callable[[InstanceView], Mapping[str, str]],
) -> list[str]:
    """Ids of the instances meant: by id, or by all of the targets. Raises InvalidInstanceId."""
    known = [view.id for view in running]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise SSMException(
            "InvalidInstanceId", f"Instances [[{', '.join(unknown)}]] not in a valid state for account"
        )
    targets = list(targets)
    if wanted or not targets:
        return list(dict.fromkeys(wanted))
    return [view.id for view in running if all(_matches(target, view, tags_of) for target in targets)]


def _matches(
    target: Mapping[str, Any], view: InstanceView, tags_of: Callable[[InstanceView], Mapping[str, str]]
) -> bool:
    key, values = str(target.get("Key", "")), list(target.get("Values") or [])
    if key == "InstanceIds":
        return view.id in values
    if key.startswith("tag:"):
        return tags_of(view).get(key.removeprefix("tag:")) in values
    if key == "tag-key":
        return bool(set(tags_of(view)) & set(values))
    raise SSMException("InvalidTarget", f"The target key {key} is {UNAVAILABLE}.")
