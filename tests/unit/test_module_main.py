"""How a module ends: with its result, or with one sentence and no traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.airlift.stack.plugins.module_utils.errors import AirliftError, CheckFailedError
from ansible_collections.airlift.stack.plugins.module_utils.module_main import Needed, Work, run_module


def ended(capsys: pytest.CaptureFixture[str], work: Work, needed: Needed | None = None) -> dict[str, Any]:
    with patch_module_args({"name": "x"}), pytest.raises(SystemExit):
        run_module({"name": {"type": "str"}}, work, needed)
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_what_the_work_returns_is_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    result = ended(capsys, lambda module: {"changed": True, "said": module.params["name"]})
    assert (result["changed"], result["said"]) == (True, "x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AirliftError("It is cold.", "Wear a coat."), "It is cold. Wear a coat."),
        (CheckFailedError("It is cold.", "Wear a coat.", degrees=3), "It is cold. Wear a coat."),
        (PermissionError(13, "Permission denied", "/root/x"), "[Errno 13] Permission denied: '/root/x'."),
    ],
)
def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str], error: Exception, said: str) -> None:
    def work(_module: AnsibleModule) -> dict[str, Any]:
        raise error

    result = ended(capsys, work)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "Traceback" not in str(result)
    assert result.get("degrees") == getattr(error, "seen", {}).get("degrees")


def test_a_library_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Needed() as needed:
        import a_library_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401, PLC0415
    result = ended(capsys, lambda _module: {"changed": False}, needed)
    assert result["msg"].startswith("a_library_that_nobody_has is not installed for ")
    assert result["msg"].endswith("Run `make setup`.")


def test_a_mistake_of_our_own_is_no_missing_library() -> None:
    with pytest.raises(ImportError), Needed():
        raise ModuleNotFoundError("no module", name="ansible_collections.airlift.stack.plugins.nothing")
