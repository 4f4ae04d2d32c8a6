"""The emulator's switches, described so that a page can offer them."""

from __future__ import annotations

import inspect
import re
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from leadgenius_async.emulator.choices import GROUPS, PLANS
from leadgenius_async.emulator.config import EmulatorConfig

Kind = Literal["flag", "choice", "number", "text", "plan"]
_NAMED_RATES = (*PLANS, "off")


class Switch(msgspec.Struct, frozen=True):
    """One switch.

    Attributes:
        name: Its name in `EmulatorConfig`.
        group: Its subject.
        kind: What its value is; a `"plan"` is a number, or one of `choices`.
        choices: The values that it may have, where they are few.
        empty: Whether it may be None.
        default: Its value where nobody says another.
        says: What it does.
    """

    name: str
    group: str
    kind: Kind
    choices: tuple[str | int, ...]
    empty: bool
    default: object
    says: str


def _described(name: str, group: str, type_: Any, says: str) -> Switch:
    members = get_args(type_) if get_origin(type_) in {Union, UnionType} else (type_,)
    choices = [value for each in members if get_origin(each) is Literal for value in get_args(each)]
    if members == (str, int):
        choices = [*_NAMED_RATES]
    return Switch(
        name=name,
        group=group,
        kind=_kind(members, choices),
        choices=tuple(choices),
        empty=type(None) in members,
        default=EmulatorConfig.__dataclass_fields__[name].default,
        says=says,
    )


def _kind(members: tuple[Any, ...], choices: list[Any]) -> Kind:
    if bool in members:
        return "flag"
    if choices:
        return "plan" if int in members else "choice"
    return "text" if str in members else "number"


def _documented() -> dict[str, str]:
    """What the docstring of the options says of each; nothing under `python -OO`."""
    _, _, attributes = (inspect.getdoc(EmulatorConfig) or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
    return {name: " ".join(says.replace("`", "").split()) for name, says in entries}


def _all() -> tuple[Switch, ...]:
    types, says = get_type_hints(EmulatorConfig), _documented()
    return tuple(
        _described(name, group, types[name], says.get(name, ""))
        for group, names in GROUPS.items()
        for name in names
    )


SWITCHES = _all()
