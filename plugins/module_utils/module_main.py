"""The main of every module that is only its work: arguments in, result out, errors as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import AirliftError, CheckFailedError

Work = Callable[[AnsibleModule], Mapping[str, Any]]
"""Does what the module is for and returns its result. Raises ``AirliftError`` to fail in words."""


class Needed(AbstractContextManager["Needed"]):
    """Around the imports of what needs a library that may be missing; ``run_module`` then says which one."""

    missing: str | None = None

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        """Remember a module that is not there. One of our own that is not there is raised."""
        if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith(("ansible", "airlift")):
            self.missing = error.name
            return True
        return False


def run_module(
    argument_spec: Mapping[str, Any], work: Work, needed: Needed | None = None, **options: Any
) -> None:
    """Read the arguments, do ``work`` and end the module with its result.

    ``options`` are further ones of ``AnsibleModule``, such as ``required_if``.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **options)
    if needed is not None and needed.missing is not None:
        module.fail_json(msg=f"{needed.missing} is not installed for {sys.executable}. Run `make setup`.")
    try:
        result = work(module)
    except CheckFailedError as error:
        module.fail_json(msg=str(error), **error.seen)
    except AirliftError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Failed to run {module._name}: {error}. Check what it names.")
    module.exit_json(**result)
