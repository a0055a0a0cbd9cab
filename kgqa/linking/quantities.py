"""Numbers and dates in a question: "at least 12", "a dozen", "in 2007", "11 March 1952", "the 1990s".

Only what is written is read. Dates relative to a day that the question does not name ("last year",
"before the war") are left alone. A year is read twice, as a time and as a number: only the form that
the question stands for tells which one is meant.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from grammar.forms import NumberLeaf, ValueLeaf
from grammar.values import DAY, MONTH, YEAR, Time

DECADE, CENTURY, MILLENNIUM = 8, 7, 6

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NTH_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_UNITS = {word: number for number, word in enumerate(_UNIT_WORDS.split())}
_TENS = {word: 10 * number for number, word in enumerate(_TEN_WORDS.split(), start=2)}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_GROUPS = {"dozen": 12, "dozens": 12, "score": 20, "gross": 144}
_ORDINALS = {word: number for number, word in enumerate(_NTH_WORDS.split(), start=1)} | {
    "twenty-first": 21,
    "twenty first": 21,
}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}

_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_ERA = r"(?:\s*(?P<era>BCE?|B\.\s?C\.(?:E\.)?|CE|AD|A\.D\.)(?!\w))?"
_YEAR = rf"(?P<year>\d{{3,4}}|\d{{1,4}}(?=\s*(?:BC|CE|AD|B\.|A\.)))(?!\w){_ERA}"
_NTH = rf"(?P<nth>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"

# Longest reading first: what an earlier pattern has taken is not read again by a later one.
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w-])(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?(?![\w-])",
        rf"(?<!\w){_DAY}\s+(?:of\s+)?{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        rf"(?<!\w){_MONTH}\s+(?:the\s+)?{_DAY},?\s+(?:of\s+)?{_YEAR}",
        rf"(?<!\w){_MONTH},?\s+(?:of\s+)?(?P<year>\d{{4}})(?!\w)",
        rf"(?<!\w){_NTH}[\s-]+(?P<stretch>century|centuries|millennium){_ERA}",
        r"(?<!\w)(?P<decade>\d{3}0)['\u2019]?s(?!\w)",
        r"(?<![\w])['\u2019](?P<short>\d0)s(?!\w)",
        rf"(?<!\w)(?:(?:in|year|of|since|until|before|after|from|during|by|circa)\s+(?:the\s+year\s+)?)?(?:AD\s+)?"
        rf"(?<![\w.,]){_YEAR}(?![.,]\d)",
    )
)
# 3/11/1952 has two readings; both are offered.
_SLASHED = re.compile(r"(?<![\w/])(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?![\w/])")

_DIGITS = re.compile(
    r"(?<![\w.,])(?P<number>[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d+)?)"
    rf"(?:[\s-]+(?P<scale>{'|'.join(_SCALES)}|dozen|k\b|m\b))?(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Found:
    """A number or a value and where it stands: ``span`` are characters, from and up to."""

    leaf: NumberLeaf | ValueLeaf
    span: tuple[int, int]


def find_dates(text: str) -> list[Found]:
    """The times that the text names, left to right.

    >>> [str(found.leaf) for found in find_dates("Who won between March 1990 and the 2000s?")]
    ['@1990-03', '@2000/8']
    """
    found: list[Found] = []
    taken: list[tuple[int, int]] = []
    for match in _SLASHED.finditer(text):
        first, second, year = (int(part) for part in match.groups())
        times = {_day(year, month=month, day=day) for month, day in ((first, second), (second, first))}
        found += [Found(ValueLeaf(time), match.span()) for time in sorted(times - {None}, key=str) if time]
        taken.append(match.span())
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            time = _time(match)
            if time is not None:
                taken.append(match.span())
                found.append(Found(ValueLeaf(time), _without_lead(match)))
    return sorted(found, key=lambda one: one.span)


def find_numbers(text: str) -> list[Found]:
    """The numbers that the text names in digits or words, left to right; years are among them.

    >>> [(found.leaf.number, found.span) for found in find_numbers("at least five or a dozen, not 1,200")]
    [(5.0, (9, 13)), (12.0, (17, 24)), (1200.0, (30, 35))]
    """
    return sorted([*_in_digits(text), *_in_words(text)], key=lambda one: one.span)


def _without_lead(match: re.Match[str]) -> tuple[int, int]:
    """The span of a date without the preposition that made its year certain."""
    starts = [match.start(name) for name, part in match.groupdict().items() if part is not None]
    return min(starts), match.end()


def _time(match: re.Match[str]) -> Time | None:
    part = match.groupdict()
    if part.get("decade") or part.get("short"):
        return Time(int(part.get("decade") or f"19{part['short']}"), precision=DECADE)
    before_christ = (part.get("era") or "").upper().startswith("B")
    if part.get("nth"):
        word = part["nth"].lower()
        number = _ORDINALS[word] if word in _ORDINALS else int(word[:-2])
        precision, years = (CENTURY, 100) if part["stretch"].lower().startswith("c") else (MILLENNIUM, 1_000)
        if number == 0:
            return None
        return Time(1 - number * years if before_christ else (number - 1) * years + 1, precision=precision)
    year = int(part["year"])
    certain = part.get("era") or part.get("month") or not match.group()[0].isdigit()
    if year == 0 or not (certain or 1000 <= year <= 2199):
        return None
    year = -year if before_christ else year
    if not part.get("month"):
        return Time(year, precision=YEAR)
    written = part["month"].lower()
    month = int(written) if written.isdigit() else _MONTHS[written]
    if part.get("day"):
        return _day(year, month=month, day=int(part["day"]))
    return Time(year, month, precision=MONTH) if 1 <= month <= 12 else None


def _day(year: int, *, month: int, day: int) -> Time | None:
    # The calendar of a leap year stands in for years before 1, which the standard library does not have.
    if not (1 <= month <= 12 and 1 <= day <= monthrange(year if year > 0 else 4, month)[1]):
        return None
    return Time(year, month, day, DAY)


def _in_digits(text: str) -> Iterator[Found]:
    for match in _DIGITS.finditer(text):
        number = float(match["number"].replace(",", "").replace("\u2212", "-"))
        scale = (match["scale"] or "").lower()
        number *= {"k": 1_000, "m": 10**6, "dozen": 12, "": 1}.get(scale) or _SCALES[scale]
        yield Found(NumberLeaf(number), match.span())


def _in_words(text: str) -> Iterator[Found]:
    """Runs of number words: "two hundred and five", "half a dozen", "twenty-one"."""
    words = [(match.group().lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
    position = 0
    while position < len(words):
        length, number = _read_run([word for word, _, _ in words[position : position + 12]])
        run = words[position : position + length]
        gaps = (text[before[2] : after[1]] for before, after in pairwise(run))
        if length and all(gap.strip() in ("", "-") for gap in gaps):
            yield Found(NumberLeaf(number), (words[position][1], words[position + length - 1][2]))
            position += length
        else:
            position += 1


def _read_run(words: list[str]) -> tuple[int, float]:
    """How many of the words, from the first on, make a number, and which; (0, 0) where none do."""
    total, current, used, position = 0.0, 0.0, 0, 0
    if words[:2] == ["half", "a"] and len(words) > 2 and words[2] in (*_SCALES, *_GROUPS):
        return 3, 0.5 * (_SCALES | _GROUPS)[words[2]]
    if words[:1] in (["a"], ["an"]):
        if len(words) < 2 or words[1] not in (*_SCALES, "dozen"):
            return 0, 0.0
        current, position = 1.0, 1
    last = ""
    while position < len(words):
        word = words[position]
        if word in _UNITS and last in ("", "tens", "scale"):
            current, last = current + _UNITS[word], "unit"
        elif word in _TENS and last in ("", "scale"):
            current, last = current + _TENS[word], "tens"
        elif word == "hundred" and (last in ("unit", "tens") or (position and not last)):
            current, last = current * 100, "scale"
        elif word in _SCALES and word != "hundred" and (last or position):
            total, current, last = total + (current or 1) * _SCALES[word], 0.0, "scale"
        elif word in ("dozen", "dozens") and (last in ("unit", "tens") or position == 1):
            return position + 1, current * 12
        elif word == "and" and last == "scale" and words[position + 1 : position + 2] != []:
            position += 1
            if words[position] not in _UNITS and words[position] not in _TENS:
                break
            continue
        else:
            break
        position += 1
        used = position
    return used, total + current
