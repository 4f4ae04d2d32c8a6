"""What the library says, in the words of the command line: its arguments are options here."""

from __future__ import annotations

import re
from collections.abc import Collection

#: Arguments whose option has another name, or is of another unit.
_OPTIONS = {"max_file_bytes": "--max-file-size", "campaignType": "--type", "record_id": "RECORD_ID"}
#: Advice that is Python, and what is typed instead.
_ADVICE = {
    'columns={"…": "id"} (--map "…=id")': '--map "…=id"',
    "batch_size=1": "--batch-size 1",
    "stop_on_error=False (--on-error continue)": "--on-error continue",
    "give company_id (--company-id)": "give --company-id",
    "or give username and password": "or set LEADGENIUS_USERNAME and LEADGENIUS_PASSWORD",
    "set LEADGENIUS_USER_ID or user_id": "set LEADGENIUS_USER_ID",
    "or None for all": "or leave it out for all",
    "; None clears it": "; null clears it",
    "(`deadline`)": "(--deadline)",
    "give its encoding": "give its --encoding",
    "give its kind": "give its --kind",
    "give another journal": "give another --journal",
    "or another journal": "or another --journal",
    "fields are for promote": "--fields are for --promote",
    "map it to that": "map it to that (--map)",
    "export() keeps": "`leadgenius export` keeps",
    "the same call goes on": "the same command goes on",
}
#: Names that are the service's as well, and stand for themselves within a sentence.
_ITS_OWN = {"client_id", "company_id", "user_id"}
#: An argument that a sentence is about, or one with an underscore, which is no word.
_NAME = re.compile(r"^\w+(?= (?:is|are|has|goes|holds|comes) |=)|(?<![\w'-])[a-z]+(?:_[a-z]+)+\b")


def worded(text: str) -> str:
    """Return what the library says with its advice as it is typed."""
    for advice, typed in _ADVICE.items():
        text = text.replace(advice, typed)
    return text


def with_options(text: str, options: Collection[str]) -> str:
    """Return what the library says of its arguments with a command's own options for them.

    Args:
        text: What it says.
        options: The command's options, `--page-size` and so on; others are left alone.
    """

    def named(found: re.Match[str]) -> str:
        name = found[0]
        if name in _ITS_OWN and found.start():
            return name
        dashed = re.sub(r"_|(?=[A-Z])", "-", name).lower()
        option = _OPTIONS.get(name, f"--{dashed}")
        return option if option in options else name

    # An option that was left out is None, and nobody has typed that.
    return re.sub(r"^(--[\w-]+) is None", r"\1 is missing", _NAME.sub(named, text))
