"""The figures that `nox -s lint` prints count what they say."""

from __future__ import annotations

from sizes import functions

SOURCE = '''
@decorated
def outer(
    one: int,
) -> int:
    """One sentence.

    And more.
    """

    async def inner() -> None:
        return None

    return one
'''


def test_a_function_is_its_lines_without_docstring_and_decorators() -> None:
    """From `def` to its end; a nested function counts in its own right too."""
    assert sorted(functions(SOURCE)) == [2, 8]
