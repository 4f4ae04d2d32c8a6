"""`leadgenius selftest`: tries an account out, and cleans up after itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Flag
from leadgenius_async.cli.output import SHOW, Show
from leadgenius_async.cli.passwords import read_password
from leadgenius_async.errors import CredentialsMissing

if TYPE_CHECKING:
    from leadgenius_async._secret import Secret
    from leadgenius_async.cli.trial import Step

app: App = App(
    name="selftest",
    help_epilogue=examples(
        "selftest --username ada@sample.example",
        "selftest --username ada@sample.example --skip-cleanup --json",
        "# what is assumed of the service; reads only, without --yes",
        "selftest --probe",
    ),
)


@app.default
async def selftest(
    *,
    username: Annotated[str | None, Parameter(name=["--username", "--email"])] = None,
    probe: Flag = False,
    yes: Flag = False,
    skip_cleanup: Flag = False,
    settle: float = 10.0,
    password_stdin: Flag = False,
    no_input: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Log in, try every operation on clients and leads, and clean up; at most 60 requests.

    It makes a client of its own, with leads whose addresses end in .example, and deletes both at
    the end, also after a failure. Exits with 1 if a step failed.

    With --probe it asks instead whether the service does what this package assumes of it, a line
    for each fact; it takes whatever credentials are at hand, and writes nothing without --yes.

    Args:
        username: Username or e-mail address; LEADGENIUS_USERNAME if not given.
        probe: Look at what is assumed of the service; exits 0 whatever is seen.
        yes: With --probe: look at writes too, in clients of its own, which it deletes.
        skip_cleanup: Leave the client and its leads where they are.
        settle: Seconds that a list may take to show what was written.
        password_stdin: Read the password from stdin; else it comes from LEADGENIUS_PASSWORD, or
            from a prompt.
        no_input: Never ask.
    """
    if probe:
        from leadgenius_async.cli.probing import run_probe  # noqa: PLC0415 - loads aiohttp

        await run_probe(connection, show, writes=yes, settle=settle)
        return failures.OK
    return await _try_out(
        connection,
        show,
        name=username or os.environ.get("LEADGENIUS_USERNAME"),
        password=partial(read_password, from_stdin=password_stdin, no_input=no_input),
        skip_cleanup=skip_cleanup,
        settle=settle,
    )


async def _try_out(
    connection: Connection,
    show: Show,
    *,
    name: str | None,
    password: Callable[[], Secret],
    skip_cleanup: bool,
    settle: float,
) -> int:
    from leadgenius_async.cli.trial import Trial  # noqa: PLC0415 - loads aiohttp

    if not name:
        raise CredentialsMissing("who is trying it? give --username, or set LEADGENIUS_USERNAME")
    secret = password()
    async with connection.open(username=name, password=secret) as lg:
        trial = Trial(lg, name, secret, settle=settle)
        try:
            await trial.run()
        finally:
            if skip_cleanup:
                note(f"left where it is: client {trial.name!r}")
            else:
                await trial.clean_up()
            _print(trial.steps, show)
    return failures.OTHER if any(step.outcome == "failed" for step in trial.steps) else failures.OK


def _print(steps: list[Step], show: Show) -> None:
    rows: list[dict[str, object]] = [
        {"step": step.name, "outcome": step.outcome, "detail": step.detail} for step in steps
    ]
    counts = Counter(step.outcome for step in steps)
    totals = {outcome: counts[outcome] for outcome in ("passed", "failed", "skipped")}
    if show.chosen == "json":
        show.one({**totals, "steps": rows})
        return
    show.rows(rows, ("outcome", "step", "detail"))
    said = ", ".join(f"{count} {outcome}" for outcome, count in totals.items())
    note(said)
