"""The three settings: one pattern, three documents of a company."""

from __future__ import annotations

from typing import Any

import msgspec

from leadgenius_async._fields import SETTINGS
from leadgenius_async.emulator.errors import already_exists, no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, Endpoint, NoQuery, call
from leadgenius_async.emulator.settings import Settings, write


class SettingsAnswer(msgspec.Struct):
    """What is set; null where nothing ever was."""

    settings: dict[str, str | None] | None
    success: bool = True


def _calls(name: str, title: str) -> tuple[Endpoint, ...]:
    """The calls of one of the settings; its fields are the struct of their bodies."""
    path = f"/api/settings/{name}"
    form: Any = msgspec.defstruct(
        f"{title}Settings",
        [(field, str | msgspec.UnsetType | None, msgspec.UNSET) for field in SETTINGS[name]],
        module=__name__,
        namespace={"__doc__": "What is set; in an update null clears a field."},
    )

    async def get(ask: Ask[NoQuery, None]) -> SettingsAnswer:
        """What the company has set."""
        return _answer(_kept(ask, name))

    async def create(ask: Ask[NoQuery, Any]) -> SettingsAnswer:
        """Make the settings; one of a kind is all that a company has."""
        if ask.service.config.settings_strict and _kept(ask, name):
            raise already_exists("Settings", f"settings={name!r}")
        return _write(ask, name)

    async def update(ask: Ask[NoQuery, Any]) -> SettingsAnswer:
        """Change the settings; what is absent stays."""
        if ask.service.config.settings_strict and not _kept(ask, name):
            raise no_such("Settings", name)
        return _write(ask, name)

    for handler in (create, update):
        handler.__annotations__["ask"] = Ask[NoQuery, form]
    for handler in (get, create, update):
        handler.__name__ = f"{handler.__name__}_{title.lower()}"
    return (
        call("GET", path, Credentials.JWT)(get),
        call("POST", path, Credentials.JWT, status=201, refuses=(409,))(create),
        call("PUT", path, Credentials.JWT, refuses=(404,))(update),
    )


def _kept(ask: Ask[Any, Any], name: str) -> Settings | None:
    return ask.service.documents.get(Settings, ask.company_id, name)


def _write(ask: Ask[Any, Any], name: str) -> SettingsAnswer:
    changes: dict[str, str | None] = msgspec.to_builtins(ask.body)  # without what is unset
    return _answer(write(ask.service.documents, ask.company_id, name, changes, ask.now))


def _answer(kept: Settings | None) -> SettingsAnswer:
    if kept is None:
        return SettingsAnswer(None)
    own = {"id": kept.id, "createdAt": kept.createdAt, "updatedAt": kept.updatedAt}
    return SettingsAnswer({**own, **kept.fields})


ENDPOINTS = (*_calls("url", "Url"), *_calls("agent", "Agent"), *_calls("sdr-ai", "Sdr"))
