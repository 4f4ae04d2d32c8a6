"""A password from wherever it does not show in the process list."""

from __future__ import annotations

import getpass
import os
import sys

from leadgenius_async._secret import Secret
from leadgenius_async.errors import CredentialsMissing


def read_password(*, from_stdin: bool, no_input: bool) -> Secret:
    """Return a password: from stdin if asked for, else the environment's, else from a prompt.

    Raises:
        CredentialsMissing: There is none, and nobody to ask.
    """
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    if found := os.environ.get("LEADGENIUS_PASSWORD"):
        return Secret(found)
    if no_input or not sys.stdin.isatty():
        raise CredentialsMissing(
            "there is no password: set LEADGENIUS_PASSWORD, or use --password-stdin"
        )
    return Secret(getpass.getpass("Password: ", stream=sys.stderr))
