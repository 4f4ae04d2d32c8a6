"""Fuzz the readers of answers: any body is read, or is one of our errors.

python tests/fuzzing.py -max_total_time=600

Its options are libFuzzer's. It begins with the broken and odd JSON that the tests know, stops at
the first body that gets past the tree of errors, and writes that body to a file.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path

from broken_json import BROKEN, ODD

#: Bytes of the longest body that is tried.
LONGEST = 4096
#: What bodies are made of.
WORDS = ['"data":', '"items":', '{"id":"1"}', '"success":', '"nextToken":', '"error":', '"lead":',
         "[{", "}]", "null", "1e999", "false"]  # fmt: skip


def main() -> None:
    """Fuzz until the options, or a body that breaks a reader, end it."""
    atheris = importlib.import_module("atheris")
    readers = ["leadgenius_async._http", "leadgenius_async._extract"]
    with atheris.instrument_imports(include=readers):
        read_all = importlib.import_module("reading_bytes").read_all
    with tempfile.TemporaryDirectory() as folder:
        words, corpus = Path(folder, "words"), Path(folder, "corpus")
        words.write_text("".join(f"{json.dumps(word)}\n" for word in WORDS))
        corpus.mkdir()
        for n, body in enumerate([*BROKEN.values(), *ODD.values()]):
            (corpus / str(n)).write_bytes(body[:LONGEST])
        options = [f"-max_len={LONGEST}", "-timeout=10", f"-dict={words}", str(corpus)]
        atheris.Setup([*sys.argv, *options], read_all)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
