"""How long the package's functions and modules are; `nox -s lint` prints it, and keeps the bounds.

A function's length is its lines from `def` to its end, without its docstring and its decorators.
A module's is all of its lines.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

PACKAGE = Path(__file__).parent.parent / "leadgenius_async"

#: What is printed, and the most that it may be.
BOUNDS = {
    "functions, median of lines": 8.0,
    "functions, 90th percentile": 30.0,
    "modules, median of lines": 200.0,
}
LONG_FUNCTION = 30
LONG_MODULES = (300, 500)


def functions(source: str) -> Iterator[int]:
    """Give the length of each function in a module, nested ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _lines(node) - _docstring(node)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return _lines(node.body[0]) if ast.get_docstring(node, clean=False) is not None else 0


def main() -> int:
    """Print the figures; return 1 if one is above its bound."""
    sources = {path.relative_to(PACKAGE): path.read_text() for path in PACKAGE.rglob("*.py")}
    lengths = [length for source in sources.values() for length in functions(source)]
    modules = {f"{path}": len(source.splitlines()) for path, source in sources.items()}
    figures = (median(lengths), quantiles(lengths, n=10)[-1], median(modules.values()))
    for (name, most), figure in zip(BOUNDS.items(), figures, strict=True):
        print(f"{name}: {figure:g} (at most {most:g})")
    long = sum(length > LONG_FUNCTION for length in lengths)
    print(f"functions over {LONG_FUNCTION} lines: {long} of {len(lengths):,}")
    for most in LONG_MODULES:
        named = sorted(f"{name} ({lines})" for name, lines in modules.items() if lines > most)
        print(f"modules over {most} lines: {len(named)} of {len(modules)}", *named, sep="\n  ")
    return int(any(figure > most for figure, most in zip(figures, BOUNDS.values(), strict=True)))


if __name__ == "__main__":
    sys.exit(main())
