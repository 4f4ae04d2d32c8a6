"""The encoding of a text file: what it says of itself, else what all of its bytes allow."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from leadgenius_async._writes.files import SourceFile
from leadgenius_async._writes.rows import SourceError

#: Bytes that cp1252 has no character for.
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
#: What `surrogateescape` makes of a byte that does not decode.
ESCAPED = re.compile("[\udc80-\udcff]")
_WIDE = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]+")
_BLOCK = 1_048_576
# The marks of UTF-32 begin like those of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Encoding(NamedTuple):
    """How a file is decoded.

    Attributes:
        name: The codec's name.
        note: What the user is told, where it is a guess.
    """

    name: str
    note: str | None = None


def find_encoding(file: SourceFile, wanted: str | None = None) -> Encoding:
    """Return the encoding of a text file.

    Without a byte order mark the whole file is read: whether it is UTF-8 can be wrong at its
    last byte.

    Args:
        file: The file.
        wanted: The encoding, if the caller knows it.

    Raises:
        SourceError: It is neither UTF-8 nor cp1252 nor has a byte order mark.
        ValueError: There is no encoding `wanted`.
    """
    if wanted is not None:
        return Encoding(_known(wanted, file))
    for mark, name in _MARKS:
        if file.head.startswith(mark):
            return Encoding(name)
    if b"\0" in file.head:
        raise SourceError(
            f"{file.name} is no text, or UTF-16 without a byte order mark: save it as UTF-8, "
            "or give its encoding (utf-16-le)"
        )
    return Encoding("utf-8") if _is_utf_8(file) else _guess(file)


def _known(name: str, file: SourceFile) -> str:
    try:
        found = codecs.lookup(name)
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"encoding is {name!r}: {error}") from None
    if found.name not in {"utf-8", "utf-8-sig"}:
        return found.name
    return "utf-8-sig" if file.head.startswith(codecs.BOM_UTF8) else "utf-8"


def _is_utf_8(file: SourceFile) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.reading() as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _guess(file: SourceFile) -> Encoding:
    """Return what a file that is not all UTF-8 most likely is.

    Letters beyond ASCII hardly ever make valid UTF-8 by chance: where most of them do, a few rows
    of a UTF-8 file are damaged, and to read all of it as cp1252 would spoil the others.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    wrong = wide = 0
    is_cp1252 = True
    with file.reading() as stream:
        while block := stream.read(_BLOCK):
            text = decoder.decode(block)
            wrong += len(ESCAPED.findall(text))
            wide += len(_WIDE.findall(text))
            is_cp1252 = is_cp1252 and not _NOT_CP1252.search(block)
    if wide >= wrong:
        note = "a few of its bytes are no UTF-8: the rows with them are rejected"
        return Encoding("utf-8", note)
    if not is_cp1252:
        raise SourceError(
            f"{file.name} is neither UTF-8 nor cp1252 (Windows): save it as UTF-8, "
            "or give its encoding"
        )
    return Encoding("cp1252", "it is no UTF-8: cp1252 (Windows) is assumed; look at the names")
