"""The one entry for all checks: `nox` runs lint, types and tests; `nox -l` lists the rest."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "tests", "integrations"]
nox.options.error_on_external_run = True

PROJECT = nox.project.load_toml("pyproject.toml")

#: pytest's exit codes where all went well, or no test was chosen.
NONE_IS_FINE = (0, 5)

#: What has tests in `tests/integrations`; Ray's start a cluster, and have a session of their own.
TOOLS = [path.stem.removeprefix("test_") for path in Path("tests/integrations").glob("test_*.py")]

#: What `nox -s bench` measures, and where its figures go.
FIGURES = "docs/benchmarks"
SUITE = (
    ("--shape=full", "--rows=100000"),
    ("--shape=full", "--rows=100000", "--gzip"),
    ("--shape=lean", "--rows=500000"),
    ("--shape=projected", "--rows=500000"),
    ("--shape=drifting", "--rows=100000"),
)


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's checks and its formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy and pyright, both strict."""
    session.install(".", *group("types"))
    session.run("mypy")
    python = ("--pythonpath", f"{session.bin}/python")
    session.run("pyright", *python)
    # Whoever builds on the package gets a known type for every public name.
    session.run("pyright", *python, "--verifytypes", "leadgenius_async", "--ignoreexternal")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, against the built wheel, with branch coverage."""
    session.install(".", *group("test"))
    session.run("coverage", "erase")
    # pytest's own script: `python -m pytest` would put the source tree before the wheel. Its
    # workers are processes of their own, which coverage follows as it follows the command line.
    # One more than there are cores: some tests wait for real time.
    processes = min((os.cpu_count() or 1) + 1, 4)
    workers = (f"--numprocesses={processes}", "--dist=worksteal")
    pytest = ("coverage", "run", f"{session.bin}/pytest")
    session.run(*pytest, *workers, "-m", "not alone", *session.posargs, success_codes=NONE_IS_FINE)
    session.run(*pytest, "-m", "alone", *session.posargs, success_codes=NONE_IS_FINE)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
@nox.parametrize("tool", sorted({*TOOLS} - {"ray", "ray_data"}))
def integrations(session: nox.Session, tool: str) -> None:
    """A tool beside the package: the tests of its integration, with its extra alone."""
    extra = f"[{tool}]" if tool in PROJECT["project"]["optional-dependencies"] else ""
    session.install(f".{extra}", *group(f"integration-{tool}"))
    # Each test of the server starts it anew, which takes seconds of importing.
    workers = ("--numprocesses=auto",) if tool == "mcp" else ()
    session.run("pytest", f"tests/integrations/test_{tool}.py", *workers, *session.posargs)


@nox.session
def ray(session: nox.Session) -> None:
    """The same for Ray, on a cluster of two workers of which one is killed."""
    session.install(".[ray]", *group("integration-ray"))
    session.run("pytest", "tests/integrations/test_ray.py", *session.posargs)
    session.install("ray[data]")  # what a Dataset needs besides
    session.run("pytest", "tests/integrations/test_ray_data.py", *session.posargs)


@nox.session
@nox.parametrize("tool", ["airflow", "cron", "dagster", "prefect", "spark"])
def recipes(session: nox.Session, tool: str) -> None:
    """A recipe of the documentation, with its tool; Spark needs Java."""
    session.install(".", *group(f"recipe-{tool}"))
    session.run("pytest", f"tests/recipes/test_recipes.py::test_{tool}", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The emulator's console and the report in Debian's Chromium: clicks, pictures, axe."""
    session.install(".", *group("browser"))
    pictures = Path(session.create_tmp()) / "screenshots"
    session.run("pytest", "tests/browser", f"--screenshots={pictures}", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions that pyproject.toml allows."""
    session.install("--resolution=lowest-direct", ".", *group("test"))
    session.run("pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, strictly."""
    session.install(".", *group("docs"))
    session.run("zensical", "build", "--strict", "--clean", "-f", ".zensical.toml")


@nox.session
def start(session: nox.Session) -> None:
    """The start page, followed line by line in a clean environment: how long it takes."""
    session.install("markdown-it-py")
    session.run("python", "-P", "tests/following.py")


@nox.session
def bench(session: nox.Session) -> None:
    """The main job beside its peers, all figures; or some: `-- --shape lean --rows 1000000`."""
    session.install(".[compression]")
    peers = [f"--{name}-python={_peers(session, name)}" for name in ("peers", "airbyte")]
    if session.posargs:
        session.run("python", "bench/versus.py", *peers, *session.posargs)
        return
    for asked in SUITE:
        session.run("python", "bench/versus.py", *peers, f"--out={FIGURES}", *asked)
    session.run("python", "bench/sweep.py", *peers, f"--out={FIGURES}")
    session.run("python", "bench/summary.py", FIGURES)


def _peers(session: nox.Session, name: str) -> Path:
    """Make an environment for peers, and return its interpreter.

    Not beside the project: pandas alone, which pyarrow imports where it is, would slow ours.
    """
    folder = Path(session.create_tmp()) / name
    python = folder / "bin" / "python"
    session.run("python", "-m", "venv", "--clear", f"{folder}")
    requirements = group("peers" if name == "peers" else f"peers-{name}")
    session.run(f"{python}", "-m", "pip", "install", "-q", *requirements, external=True)
    return python


@nox.session
def figures(session: nox.Session) -> None:
    """The figures in docs/benchmarks.md, taken anew; each script says what it measures."""
    session.install(".")
    session.run("python", "bench/run.py", "--rows=1000000")
    session.run("python", "bench/pace.py")
    session.run("python", "bench/latency.py")
    session.run("python", "bench/duplicates.py")
    session.run("python", "bench/emulator_pages.py")
    session.run("python", "bench/imports.py", "--large=1000000")
    session.run("python", "bench/equality.py", env={"PYTHONPATH": "tests"})


@nox.session
def crash(session: nox.Session) -> None:
    """A thousand exports and two hundred imports killed at any moment, each gone on with."""
    session.install(".", *group("test"))
    session.run("python", "tests/killing.py", "--kills=1000", *session.posargs)
    session.run("python", "tests/killing_imports.py", "--trials=200", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ten minutes of bodies that no server would send, at the readers of answers."""
    session.install(".")
    try:
        session.install("atheris", "--only-binary=atheris")
    except nox.command.CommandFailed:
        session.skip("atheris has no wheel for this Python or system")
    options = session.posargs or ["-max_total_time=600"]
    session.run("python", "tests/fuzzing.py", *options)


@nox.session
def mutation(session: nox.Session) -> None:
    """Which small changes of limiter, retries, commits and journals no test notices."""
    session.install(".", *group("test"), "mutmut>=3.8")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def audit(session: nox.Session) -> None:
    """What is known against the dependencies; it needs the advisories' server."""
    locked = Path(session.create_tmp()) / "requirements.txt"
    session.install("pip-audit", "uv")
    session.run(
        "uv", "pip", "compile", "--generate-hashes", "-q", "-o", f"{locked}", "pyproject.toml"
    )
    session.run("pip-audit", "--strict", "--disable-pip", "--require-hashes", "-r", f"{locked}")


@nox.session
def soak(session: nox.Session) -> None:
    """Ten minutes at 1,000 requests a minute, and what five kinds of limit make of them."""
    session.install(".")
    session.run("python", "bench/soak.py", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """The main job from end to end."""
    session.install(".")
    out = Path(session.create_tmp()) / "demo"
    session.run("leadgenius", "demo", "--out", os.fspath(out))
