"""The code blocks of README and documentation, and which test executes each of them."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md")),
]

#: Blocks that need a tool, by page, language and heading (None for any): the tests of the tools.
_ELSEWHERE: dict[tuple[str, str, str | None], str] = {
    ("arrow", "python", "PostgreSQL"): "integrations/test_arrow.py::test_the_page_with_postgresql",
    ("arrow", "console", "PostgreSQL"): "integrations/test_arrow.py::test_the_page_with_postgresql",
    ("arrow", "python", None): "integrations/test_arrow.py::test_the_page_runs",
    ("dlt", "python", None): "integrations/test_dlt.py::test_the_page_runs",
    ("dlt", "toml", None): "integrations/test_dlt.py::test_the_page_runs",
    ("mcp", "python", None): "integrations/test_mcp.py::test_what_the_page_says",
    ("mcp", "json", None): "integrations/test_mcp.py::test_what_the_page_says",
    ("otel", "python", None): "integrations/test_otel.py::test_the_page_runs",
    ("ray", "python", "A Dataset"): "integrations/test_ray_data.py::test_the_page_runs",
    ("ray", "python", None): "integrations/test_ray.py::test_the_page_runs",
    ("recipes", "sh", "cron"): "recipes/test_recipes.py::test_cron",
    ("recipes", "python", "Airflow"): "recipes/test_recipes.py::test_airflow",
    ("recipes", "python", "Dagster"): "recipes/test_recipes.py::test_dagster",
    ("recipes", "python", "Prefect"): "recipes/test_recipes.py::test_prefect",
    ("recipes", "python", "Spark"): "recipes/test_recipes.py::test_spark",
}
CI = ".ci/run"


@dataclass(frozen=True)
class Block:
    """A block of code on a page.

    Attributes:
        page: The page's path, from the root of the project.
        line: Where it begins, counted from 1.
        heading: The heading that it stands below.
        language: The first word behind its fence; "" if there is none.
        title: The file that it is, if it is one.
        code: What stands in it.
    """

    page: str
    line: int
    heading: str
    language: str
    title: str | None
    code: str

    @property
    def place(self) -> str:
        """The page and the line."""
        return f"{self.page}:{self.line}"


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """Find all blocks of a text: by whatever fence, in lists and quotes, and indented ones."""
    heading = ""
    tokens = MarkdownIt().parse(text)
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[number + 1].content
        if token.type in {"fence", "code_block"}:
            language, _, more = token.info.strip().partition(" ")
            title = re.search(r'\btitle="([^"]+)"', more)
            line = (token.map or [0])[0] + 1
            yield Block(page, line, heading, language, title and title[1], token.content)


@functools.cache
def blocks() -> tuple[Block, ...]:
    """Return all blocks of all pages."""
    return tuple(
        block for page in PAGES for block in blocks_of(page, (ROOT / page).read_text("utf-8"))
    )


def executor_of(block: Block) -> str | None:
    """Return what executes a block: a test, by its path, or the script of CI; None for nothing."""
    name = Path(block.page).stem
    for heading in (block.heading, None):
        if block.page == f"docs/integrations/{name}.md" and (
            test := _ELSEWHERE.get((name, block.language, heading))
        ):
            return test
    if block.language == "console" and _is_in_ci(block.code):
        return CI
    if block.title or block.language in {"console", "sql"}:
        return f"test_documentation.py::test_the_commands_run[{block.page}]"
    if block.language == "python":
        return f"test_documentation.py::test_the_block_runs[{block.place}]"
    return None


def _is_in_ci(code: str) -> bool:
    """Whether its commands are lines of the script that CI runs, to the letter."""
    lines = (ROOT / CI).read_text().splitlines()
    return all(line.removeprefix("$ ") in lines for line in code.splitlines())


@contextmanager
def executing(test: str) -> Generator[Iterator[Block]]:
    """Give the blocks that a test is to execute, one by one.

    Raises:
        AssertionError: There are none, or the test did not come to the end of each.
    """
    due = [block for block in blocks() if executor_of(block) == test]
    done: list[Block] = []

    def each() -> Iterator[Block]:
        for block in due:
            yield block
            done.append(block)

    assert due, f"no block is left to {test}"
    yield each()
    left = [block.place for block in due if block not in done]
    assert not left, f"not executed: {', '.join(left)}"


def functions(block: Block) -> list[Callable[..., Coroutine[Any, Any, object]]]:
    """Execute a block and return the coroutine functions that it defines."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(block.code, block.place, "exec"), names)  # noqa: S102 - it is the subject
    found = (value for value in names.values() if inspect.iscoroutinefunction(value))
    return [value for value in found if value.__module__ == "__main__"]
