"""The one entry for all checks: `nox` runs lint, types and tests; `nox -l` lists the rest."""

from __future__ import annotations

import os
import shutil
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

#: Tests that read what an sdist has besides the package.
SDIST_TESTS = (
    "tests/test_house.py",
    "tests/test_commands_page.py",
    "tests/test_documentation.py::test_the_block_runs",
    "tests/test_faults.py",
    "tests/test_operations.py::test_the_page_is_current",
    "tests/test_sections.py",
)

#: The schemas of the files in .github.
FORGE = {
    "vendor.github-workflows": "workflows/*.yml",
    "custom.github-workflows-require-timeout": "workflows/*.yml",
    "vendor.dependabot": "dependabot.yml",
    "vendor.github-issue-config": "ISSUE_TEMPLATE/config.yml",
    "vendor.github-issue-forms": "ISSUE_TEMPLATE/[!c]*.yml",
}

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
    session.run("python", "tests/sizes.py")


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


@nox.session(python=nox.project.python_versions(PROJECT))
def matrix(session: nox.Session) -> None:
    """The tests that take no minutes, with each Python that the package names."""
    session.install(".", *group("test"))
    workers = ("--numprocesses=auto", "--dist=worksteal")
    session.run("pytest", *workers, "-m", "not long and not alone", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Wheel and sdist in dist/: what is in them, and that they install, run and test alone."""
    session.install(*group("release"))
    dist, work = Path("dist").resolve(), Path(session.create_tmp()).resolve()
    direct = work / "direct"
    for folder in (dist, direct):
        shutil.rmtree(folder, ignore_errors=True)
    session.run("pyproject-build", "--outdir", f"{dist}")  # the wheel is built of the sdist
    session.run("pyproject-build", "--wheel", "--outdir", f"{direct}")
    wheel, sdist = _built(dist)
    session.run("twine", "check", "--strict", f"{wheel}", f"{sdist}")
    session.run("python", "tests/built.py", f"{dist}", f"{direct}")
    _wheel_runs(session, wheel, work)
    _sdist_tests(session, sdist, work)


def _built(dist: Path) -> tuple[Path, Path]:
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return wheel, sdist


def _wheel_runs(session: nox.Session, wheel: Path, work: Path) -> None:
    """Without any extra or group; each extra can be had by itself."""
    python = _bare(session, work / "bare")
    session.run("uv", "pip", "install", "-q", "--python", python, f"{wheel}")
    session.run("uv", "pip", "check", "--python", python)
    session.run(python, "-Ic", "import leadgenius_async", external=True)
    command = os.fspath(Path(python).with_name("leadgenius"))
    session.run(command, "--version", external=True)
    rows = ("--leads=2000", "--source-leads=500", "--clients=4")
    session.run(command, "demo", f"--out={work / 'demo'}", *rows, external=True)
    for extra in PROJECT["project"]["optional-dependencies"]:
        asked = ("--dry-run", "--python", python, f"{wheel}[{extra}]")
        session.run("uv", "pip", "install", "-q", *asked)


def _sdist_tests(session: nox.Session, sdist: Path, work: Path) -> None:
    """Whoever packages it further has the tests, and what they read."""
    python = _bare(session, work / "unpacked-env")
    shutil.rmtree(work / "unpacked", ignore_errors=True)
    shutil.unpack_archive(sdist, work / "unpacked", filter="data")
    (tree,) = (work / "unpacked").iterdir()
    with session.chdir(tree):
        session.run("uv", "pip", "install", "-q", "--python", python, ".", *group("test"))
        pytest = os.fspath(Path(python).with_name("pytest"))
        session.run(pytest, "-q", *SDIST_TESTS, external=True)


def _bare(session: nox.Session, folder: Path) -> str:
    """Make an environment with nothing in it, and return its interpreter."""
    session.run("uv", "venv", "-q", "--clear", "--python", f"{session.bin}/python", f"{folder}")
    return os.fspath(folder / "bin" / "python")


@nox.session
def sbom(session: nox.Session) -> None:
    """The bill of materials of the wheel in dist/ and what it installs with: CycloneDX, in JSON."""
    session.install(*group("release"))
    wheel, _ = _built(Path("dist"))
    name = PROJECT["project"]["name"]
    python = _bare(session, Path(session.create_tmp()).resolve() / "bare")
    install = ("uv", "pip", "install", "-q", "--python", python)
    session.run(*install, f"{wheel}")
    # Once more by its name, so that no path of this machine gets into the bill.
    session.run(*install, "--reinstall", "--no-deps", "--no-index", "--find-links=dist", name)
    bill = f"dist/{wheel.stem.removesuffix('-py3-none-any')}.cdx.json"
    # With SOURCE_DATE_EPOCH it would have an hour.
    options = ("--output-reproducible", "--mc-type=library", f"--output-file={bill}")
    session.run("cyclonedx-py", "environment", *options, python, env={"SOURCE_DATE_EPOCH": None})
    session.run("python", "tests/components.py", bill)


@nox.session
def changelog(session: nox.Session) -> None:
    """What the next release says of itself; `-- --yes` moves it from changes/ to CHANGELOG.md."""
    session.install(*group("lint"))
    session.run("towncrier", "build", *(session.posargs or ["--draft"]))


@nox.session
def workflows(session: nox.Session) -> None:
    """The forge's files: valid, and as little allowed in them as can be."""
    session.install(*group("workflows"))
    session.run("zizmor", "--offline", "--persona=pedantic", ".github")
    for schema, files in FORGE.items():
        found = sorted(f"{path}" for path in Path(".github").glob(files))
        session.run("check-jsonschema", f"--builtin-schema={schema}", *found)


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
    session.run("python", "bench/report.py")
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
