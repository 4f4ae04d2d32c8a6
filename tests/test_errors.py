"""The tree of errors."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from leadgenius_async import errors

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, errors.LeadGeniusError)
]


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring names every class, below the class that it derives from."""
    assert errors.__doc__ is not None
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in re.findall(r"^((?:[│├└─ ]*)[A-Z]\w+)\s{2,}", errors.__doc__, re.MULTILINE):
        name = line.lstrip("│├└─ ")
        depth = (len(line) - len(name)) // 4
        path[depth:] = [name]
        drawn[name] = path[depth - 1] if depth else "Exception"
    assert drawn == {class_.__name__: class_.__bases__[0].__name__ for class_ in CLASSES}


@pytest.mark.parametrize("class_", CLASSES)
def test_every_error_pickles(class_: type[errors.LeadGeniusError]) -> None:
    """An error that crosses a process keeps its message and its facts."""
    error = class_("what happened")
    error.request_id = "r-1"
    error.attempts = 3
    error.retry_after = 1.5
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is class_
    assert str(again) == "what happened"
    assert vars(again) == vars(error)
    assert again.outcome == class_.outcome


@pytest.mark.parametrize(
    ("status", "class_"),
    [
        (400, errors.BadRequest),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDenied),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.PayloadTooLarge),
        (418, errors.BadRequest),
        (422, errors.BadRequest),
        (429, errors.RateLimited),
        (500, errors.ServerError),
        (504, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_each_status_has_its_class(status: int, class_: type[errors.APIStatusError]) -> None:
    """One class per status that means something, and one for the rest of its hundred."""
    assert errors.class_for_status(status) is class_
