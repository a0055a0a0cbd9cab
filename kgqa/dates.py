"""Dates in English text, found and read in one place: "11 March 1952", "in 2007", "the 1990s", "44 BC".

A date with a month is found by its shape (numbers and a word beside a year) and read by dateparser, which
knows the months, their short forms and the orders of day and month. What dateparser has no word for is read
here: bare years, decades, centuries and what lies before the common era. Dates relative to a day that the
text does not name ("last year") are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from dateparser.date import DateDataParser
from text_to_num import alpha2digit

from grammar.values import DAY, MONTH, YEAR, Time

DECADE, CENTURY, MILLENNIUM = 8, 7, 6

_ERA = r"(?:\s*(?P<era>BCE?|B\.\s?C\.(?:E\.)?|CE|AD|A\.D\.)(?!\w))?"
_YEAR = rf"(?P<year>\d{{3,4}}|\d{{1,4}}(?=\s*(?:BC|CE|AD|B\.|A\.)))(?!\w){_ERA}"
_NUMBERED_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WORD = r"[A-Za-z]{3,9}\.?"
_DECADE_WORDS = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")

# Longest reading first: what an earlier pattern has taken is not read again by a later one.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w-])(?P<day>\d{4}-\d\d-\d\d)(?:T00:00:00Z)?(?![\w-])",
        r"(?<![\w-])(?P<month>\d{4}-\d\d)(?![\w-])",
        # 3/11/1952 has two readings; both are offered.
        r"(?<![\w/])(?P<slashed>\d{1,2}[/.]\d{1,2}[/.]\d{4})(?![\w/])",
        rf"(?<!\w)(?P<day>{_NUMBERED_DAY}\s+(?:of\s+)?{_WORD}),?\s+(?:of\s+)?{_YEAR}",
        rf"(?<!\w)(?P<day>{_WORD}\s+(?:the\s+)?{_NUMBERED_DAY}),?\s+(?:of\s+)?{_YEAR}",
        rf"(?<!\w)(?P<month>{_WORD}),?\s+(?:of\s+)?(?P<year>\d{{4}})(?!\w)",
        rf"(?<!\w)(?P<nth>\d{{1,2}}(?:st|nd|rd|th)|(?:twenty[\s-])?[a-z]+)[\s-]+"
        rf"(?P<stretch>century|centuries|millennium){_ERA}",
        r"(?<!\w)(?P<decade>\d{3}0)['\u2019]?s(?!\w)",
        r"(?:(?<!\w)['\u2019]|\bthe\s+)(?P<short>\d0)['\u2019]?s(?!\w)",
        rf"\bthe\s+(?P<spoken>{'|'.join(_DECADE_WORDS)})(?!\w)",
        rf"(?<!\w)(?:(?P<lead>in|year|of|since|until|before|after|from|during|by|circa)\s+(?:the\s+year\s+)?)?"
        rf"(?P<ad>AD\s+)?(?<![\w.,]){_YEAR}(?![.,]\d)",
    )
)
_PLAUSIBLE = range(1000, 2200)
"""Four digits that are taken for a year where nothing around them says so."""


@dataclass(frozen=True)
class FoundDate:
    """A time and where it stands: ``span`` are characters, from and up to."""

    time: Time
    span: tuple[int, int]


def find_dates(text: str) -> list[FoundDate]:
    """The times that the text names, left to right.

    >>> [str(found.time) for found in find_dates("Who won between March 1990 and the 2000s?")]
    ['@1990-03', '@2000/8']
    """
    found: list[FoundDate] = []
    taken: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            times = list(dict.fromkeys(_times(match)))
            if times:
                taken.append(match.span())
                found += [FoundDate(time, _without_lead(match)) for time in times]
    return sorted(found, key=lambda one: (one.span, one.time))


def read_date(text: str) -> Time | None:
    """The time that a whole text is, to the day or the month, or None.

    >>> str(read_date("3 May 1961")), str(read_date("1961-05-03T00:00:00Z")), read_date("in May 1961, once")
    ('@1961-05-03', '@1961-05-03', None)
    """
    text = text.strip().rstrip(".")
    found = find_dates(text)
    whole = len(found) == 1 and re.fullmatch(r"(?:T00:00:00Z)?", text[found[0].span[1] :]) is not None
    return found[0].time if whole and found[0].span[0] == 0 and found[0].time.precision >= MONTH else None


def _without_lead(match: re.Match[str]) -> tuple[int, int]:
    """The span of a date without the preposition or article before it."""
    starts = [
        match.start(name)
        for name, part in match.groupdict().items()
        if part is not None and name not in ("lead", "ad")
    ]
    return min(starts), match.end()


def _times(match: re.Match[str]) -> Iterator[Time]:
    """The readings of a match: none where it is no date."""
    part = match.groupdict()
    time: Time | None = None
    if part.get("decade"):
        time = Time(int(part["decade"]), precision=DECADE)
    elif part.get("short"):
        time = Time(int(f"19{part['short']}"), precision=DECADE)
    elif part.get("spoken"):
        time = Time(1920 + 10 * _DECADE_WORDS.index(part["spoken"].lower()), precision=DECADE)
    elif part.get("nth"):
        time = _stretch(part)
    elif part.get("slashed"):
        for order in ("MDY", "DMY"):
            if (read := _read(part["slashed"], precision=DAY, order=order)) is not None:
                yield read
    elif part.get("day") or part.get("month"):
        time = _with_month(part)
    else:
        time = _year(part)
    if time is not None:
        yield time


def _before_christ(part: Mapping[str, str | None]) -> bool:
    return (part.get("era") or "").upper().startswith("B")


def _stretch(part: Mapping[str, str]) -> Time | None:
    """A century or millennium: "19th", "nineteenth", "twenty-first"."""
    nth = re.search(r"(?:^|\W)(\d{1,2})(?:st|nd|rd|th)$", alpha2digit(part["nth"].lower(), "en", 0))
    number = int(nth[1]) if nth else 0
    if number == 0:
        return None
    precision, years = (CENTURY, 100) if part["stretch"].lower().startswith("c") else (MILLENNIUM, 1_000)
    return Time(1 - number * years if _before_christ(part) else (number - 1) * years + 1, precision=precision)


def _year(part: Mapping[str, str | None]) -> Time | None:
    year = int(part["year"] or 0)
    certain = part.get("era") or part.get("lead") or part.get("ad")
    if year == 0 or not (certain or year in _PLAUSIBLE):
        return None
    return Time(-year if _before_christ(part) else year, precision=YEAR)


def _with_month(part: Mapping[str, str]) -> Time | None:
    precision = DAY if part.get("day") else MONTH
    written = part.get("day") or part["month"]
    if not part.get("year"):  # ISO
        return _read(written, precision=precision)
    year = int(part["year"])
    # dateparser knows no year before 1 and none with fewer digits; a leap year stands in for the former.
    there = 2000 if _before_christ(part) else year
    time = _read(f"{written} {there:04d}", precision=precision) if there else None
    if time is None or not _before_christ(part):
        return time
    return Time(-year, time.month, time.day, precision)


def _read(text: str, *, precision: int, order: str = "DMY") -> Time | None:
    """A date of just this precision, as dateparser reads it."""
    read = _reader(order).get_date_data(text)
    if read.date_obj is None or read.period != ("day" if precision == DAY else "month"):
        return None
    day = read.date_obj.day if precision == DAY else 0
    return Time(read.date_obj.year, read.date_obj.month, day, precision)


@cache
def _reader(order: str) -> DateDataParser:
    """A reader of absolute dates that name their year; it is told the order so that no locale decides."""
    return DateDataParser(
        languages=["en"],
        settings={"REQUIRE_PARTS": ["year"], "PARSERS": ["absolute-time"], "DATE_ORDER": order},
    )
