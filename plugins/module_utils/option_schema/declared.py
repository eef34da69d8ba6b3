"""How an option is declared: ``count: Annotated[int, Option("How many.", minimum=0)] = 2``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Option:
    """What the annotation of a field says beyond its type; a layer is described by its own docstring.

    ``description`` has Ansible's markup. ``file`` means that the owner names a file (as ``<field>_file``) and
    the field holds its text. ``secret`` is what no log may show.
    """

    description: str
    minimum: int | None = None
    maximum: int | None = None
    file: bool = False
    secret: bool = False

    def holds(self, value: int) -> bool:
        """Whether ``value`` is in the range, where there is one."""
        return self.minimum is None or self.maximum is None or self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True)
class Declared:
    """One field of a dataclass of options. ``default`` is ``MISSING`` where the owner has to set it."""

    field: str
    hint: Any
    default: Any
    option: Option | None

    @property
    def argument(self) -> str:
        """What the owner calls it."""
        return f"{self.field}_file" if self.option is not None and self.option.file else self.field

    @property
    def required(self) -> bool:
        """Whether the owner has to set it."""
        return self.default is MISSING

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that there are, where they can be listed; of a list: those of its items."""
        hint = get_args(self.hint)[0] if get_origin(self.hint) is tuple else self.hint
        return get_args(hint) if get_origin(hint) is Literal else ()

    @property
    def layer(self) -> type[object] | None:
        """The dataclass of options below this one."""
        return self.hint if isinstance(self.hint, type) and is_dataclass(self.hint) else None


def declared(cls: type[object]) -> tuple[Declared, ...]:
    """Return the fields of the dataclass ``cls``, in order."""
    return tuple(_declared(cls))


def defaults(cls: type[object]) -> dict[str, Any]:
    """Return the default of every option of ``cls`` that has one, by the owner's names, layer by layer."""
    found: dict[str, Any] = {}
    for one in declared(cls):
        if one.layer is not None:
            found[one.argument] = defaults(one.layer)
        elif not one.required and one.default is not None:
            found[one.argument] = list(one.default) if isinstance(one.default, tuple) else one.default
    return found


def made[T](cls: type[T], values: Mapping[str, Any]) -> T:
    """Return the dataclass ``cls`` of what ``reading.read`` has returned, layer by layer."""
    layers = {one.field: one.layer for one in declared(cls) if one.layer is not None}
    return cls(
        **{name: made(layers[name], value) if name in layers else value for name, value in values.items()}
    )


def _declared(cls: type[object]) -> Iterator[Declared]:
    hints = get_type_hints(cls, include_extras=True)
    of_class: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]
    for field in of_class:
        hint, option = hints[field.name], None
        if get_origin(hint) is Annotated:
            hint, option = get_args(hint)
        alternatives = [one for one in get_args(hint) if one is not type(None)]
        if type(None) in get_args(hint):
            (hint,) = alternatives
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if option is None and is_dataclass(hint):
            option = Option((hint.__doc__ or "").strip())
        yield Declared(field.name, hint, default, option)


def is_mapping(hint: object) -> bool:
    """Whether the option is a dictionary of the owner's own keys."""
    return get_origin(hint) is Mapping
