"""Fuzz the readers of answers: any body is read, or is one of our errors.

python tests/fuzzing.py -max_total_time=600

Its options are libFuzzer's. It begins with the broken and odd JSON that the tests know, stops at
the first body that gets past the tree of errors, and writes that body to a file.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from broken_json import BROKEN, ODD

#: Bytes of the longest body that is tried.
LONGEST = 4096


def main() -> None:
    """Fuzz until the options, or a body that breaks a reader, end it."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(
        include=["leadgenius_async._http", "leadgenius_async._extract"]
    ):
        read_all = importlib.import_module("reading_bytes").read_all
    with tempfile.TemporaryDirectory() as folder:
        for n, body in enumerate([*BROKEN.values(), *ODD.values()]):
            (Path(folder) / str(n)).write_bytes(body[:LONGEST])
        atheris.Setup([*sys.argv, f"-max_len={LONGEST}", "-timeout=10", folder], read_all)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
