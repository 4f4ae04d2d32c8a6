"""What each extra brings along: megabytes on the disk, packages, and seconds to import it.

    python bench/extras.py

Each gets an environment of its own with the package and that extra alone; the first line is the
package without any, whose import is that of `LeadGenius`. Packages are compiled first, as pip does.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parent.parent
#: The extras, and what their users import first.
MODULES = {
    "": "leadgenius_async._client",
    "dlt": "leadgenius_async.integrations.dlt",
    "mcp": "leadgenius_async.integrations.mcp",
    "otel": "leadgenius_async.integrations.otel",
    "ray": "leadgenius_async.integrations.ray",
}
ROUNDS = 5
_TIMED = "import time; begun = time.perf_counter(); import {0}; print(time.perf_counter() - begun)"


def run(*command: str | Path) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def megabytes(folder: Path) -> float:
    """The size of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


def measured(extra: str, folder: Path) -> tuple[float, int, float]:
    """Install an extra, and return its megabytes, packages and seconds of import, core and all."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    of_pip = megabytes(folder)
    run(python, "-m", "pip", "install", "-q", f"{PROJECT}[{extra}]" if extra else PROJECT)
    packages = len(run(python, "-m", "pip", "list", "--format=freeze").splitlines())
    timed = _TIMED.format(MODULES[extra])
    run(python, "-c", timed)  # the first one reads from the disk
    times = [float(run(python, "-c", timed)) for _ in range(ROUNDS)]
    return megabytes(folder) - of_pip, packages, statistics.median(times)


def main() -> None:
    """Print a Markdown table."""
    print("| extra | MB | beyond the core | packages | import, s |")
    print("| --- | --- | --- | --- | --- |")
    core = 0.0
    for extra in MODULES:
        with tempfile.TemporaryDirectory() as folder:
            size, packages, seconds = measured(extra, Path(folder) / "env")
        core = core or size
        cells = (extra or "none", f"{size:,.0f}", f"{size - core:,.0f}", f"{packages}")
        print(f"| {' | '.join(cells)} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
