"""The long part of sample rows: text blocks made once per seed and personalised per row.

A stored row keeps one integer for its long part. It picks a first name, a company and one
variant of each block; the names then replace the marks in the texts. So 3 KB of text costs a
row 8 bytes on disk and a few microseconds to serve, and still no two rows read alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from random import Random

import msgspec

from leadgenius_async.emulator.sample import words

#: Stand for the lead's first name and company; JSON text never holds these bytes by itself.
NAME_MARK = "\x01"
COMPANY_MARK = "\x02"

#: Bits of the integer that stands for a row's long part.
TAIL_BITS = 62
#: Variants of each block, a power of two.
VARIANTS = 1024

_SENTENCES = 2048
_NULL_SHARE = 0.2

#: The companies that leads work for: name, and the label of its domain.
COMPANIES: tuple[tuple[str, str], ...] = tuple(
    (f"{head}{tail} {kind}", f"{head}{tail}-{number}".lower())
    for head, tail, (number, kind) in product(
        words.COMPANY_HEADS, words.COMPANY_TAILS, enumerate(words.COMPANY_KINDS, 1)
    )
)

_COMPANY_SHIFT = len(words.FIRST_NAMES).bit_length() - 1

_Maker = Callable[[Random, list[str]], object]


def first_name_index(tail: int) -> int:
    """Which first name a row with this long part has."""
    return tail & (len(words.FIRST_NAMES) - 1)


def company_index(tail: int) -> int:
    """Which company a row with this long part works for."""
    return tail >> _COMPANY_SHIFT & (len(COMPANIES) - 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a block.

    Attributes:
        name: The service's name of the field.
        make: Makes a value from the dice and the seed's sentences.
        share: Part of the variants that have a value; the others have null or nothing.
    """

    name: str
    make: _Maker
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """Variants of a group of fields; `pick` is the odd factor that spreads rows over them."""

    pick: int
    variants: list[dict[str, bytes]]

    @property
    def names(self) -> frozenset[str]:
        """Every field that some variant has."""
        return frozenset().union(*self.variants)

    def fragments(self, wanted: frozenset[str] | None) -> list[bytes]:
        """Each variant as JSON members, every one with a leading comma; None wants all."""
        return [
            b"".join(
                b',"%b":%b' % (name.encode(), value)
                for name, value in variant.items()
                if wanted is None or name in wanted
            )
            for variant in self.variants
        ]


def text(sentences: int) -> _Maker:
    """A paragraph of so many sentences."""
    return lambda dice, corpus: " ".join(dice.choices(corpus, k=sentences))


def letter(sentences: int) -> _Maker:
    """A message with a greeting, lines and a closing."""

    def make(dice: Random, corpus: list[str]) -> object:
        body = "\n\n".join(dice.choices(corpus, k=sentences))
        return f"Hi {NAME_MARK},\n\n{body}\n\nBest regards"

    return make


def one_of(*values: str) -> _Maker:
    """One of a few words."""
    return lambda dice, _: dice.choice(values)


def digits(least: int, most: int) -> _Maker:
    """A whole number as text."""
    return lambda dice, _: str(dice.randint(least, most))


def number(most: float) -> _Maker:
    """A number with one decimal."""
    return lambda dice, _: round(dice.random() * most, 1)


def agent_id(dice: Random, _: list[str]) -> object:
    """The id of an agent of a project."""
    return f"agent-{dice.getrandbits(32):08x}"


def moment(dice: Random, _: list[str] | None = None) -> str:
    """A time of the last two years as the service writes it."""
    year, month, day = dice.choice((2024, 2025)), dice.randint(1, 12), dice.randint(1, 28)
    hour, minute, second = dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59)
    return (
        f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{dice.randint(0, 999):03}Z"
    )


def engagement_history(dice: Random, _: list[str]) -> object:
    """What the lead did, as JSON text."""
    events = [
        {"type": dice.choice(("open", "click", "reply", "visit")), "at": moment(dice)}
        for _ in range(dice.randint(1, 3))
    ]
    return msgspec.json.encode(events).decode()


def captured(dice: Random, corpus: list[str]) -> object:
    """Answers of a form, separated by pipes."""
    return "|".join(
        (COMPANY_MARK, dice.choice(words.TOPICS), dice.choice(words.TOOLS), dice.choice(corpus))
    )


def scraped(dice: Random, corpus: list[str]) -> object:
    """What a scraper saw, as JSON text."""
    return msgspec.json.encode(
        {
            "firstName": NAME_MARK,
            "company": {"name": COMPANY_MARK, "followers": dice.randint(10, 90_000)},
            "about": " ".join(dice.choices(corpus, k=4)),
            "skills": dice.sample(words.TOPICS, 5),
            "positions": [{"since": moment(dice)[:7], "summary": dice.choice(corpus)}],
            "openToWork": dice.random() < 0.1,
        }
    ).decode()


def make_blocks(seed: int, plan: tuple[tuple[Cell, ...], ...]) -> list[Block]:
    """The blocks of one table, the same for the same seed."""
    dice = Random(f"{seed}/texts")
    corpus = _corpus(seed)
    return [
        Block(dice.getrandbits(62) | 1, [_variant(cells, dice, corpus) for _ in range(VARIANTS)])
        for cells in plan
    ]


@lru_cache(maxsize=4)
def _corpus(seed: int) -> list[str]:
    dice = Random(f"{seed}/sentences")
    return [_sentence(dice) for _ in range(_SENTENCES)]


def _sentence(dice: Random) -> str:
    effect = dice.choice(words.EFFECTS).format(n=dice.randint(5, 60))
    return dice.choice(words.SENTENCES).format(
        name=NAME_MARK,
        company=COMPANY_MARK,
        topic=dice.choice(words.TOPICS),
        tool=dice.choice(words.TOOLS),
        moment=dice.choice(words.MOMENTS),
        effect=effect,
        n=dice.randint(3, 96),
    )


def _variant(cells: tuple[Cell, ...], dice: Random, corpus: list[str]) -> dict[str, bytes]:
    variant: dict[str, bytes] = {}
    for cell in cells:
        if dice.random() < cell.share:
            variant[cell.name] = _encode(cell.make(dice, corpus))
        elif dice.random() < _NULL_SHARE:
            variant[cell.name] = b"null"
    return variant


def _encode(value: object) -> bytes:
    """The value as JSON that keeps the marks as they are, also those in JSON within JSON."""
    encoded = msgspec.json.encode(value)
    for mark in (NAME_MARK, COMPANY_MARK):
        escaped = b"\\u%04x" % ord(mark)
        encoded = encoded.replace(b"\\" + escaped, mark.encode())
        encoded = encoded.replace(escaped, mark.encode())
    return encoded
