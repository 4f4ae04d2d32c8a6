"""API keys in what is printed, and in what is written on the command line."""

from __future__ import annotations

from typing import Any

import msgspec


def without_keys(value: Any) -> tuple[Any, list[str]]:
    """Return a value without the API keys in it, and the names of those.

    A member whose name ends in `apikey`, in any case, is one, unless it is None. What is nested
    is looked through, as an object or as JSON text (a webhook's `platformConfig`).
    """
    if isinstance(value, dict):
        return _of_members(value)
    if isinstance(value, list):
        found = [without_keys(each) for each in value]
        return [kept for kept, _ in found], [name for _, keys in found for name in keys]
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return _of_text(value)
    return value, []


def _of_members(members: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    kept: dict[str, Any] = {}
    keys: list[str] = []
    for name, value in members.items():
        if _is_key(name) and value is not None:
            keys.append(name)
            continue
        kept[name], inside = without_keys(value)
        keys += [f"{name}.{key}" for key in inside]
    return kept, keys


def _is_key(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower().endswith("apikey")


def _of_text(text: str) -> tuple[str, list[str]]:
    try:
        kept, keys = without_keys(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return text, []  # no JSON after all
    return (msgspec.json.encode(kept).decode() if keys else text), keys
