"""Stretches of a question that may be names, without a tagger: every run of words is one.

A name that is also a common word ("It", "Her", "Up") counts as a name only where its writing says so (a
capital inside the sentence, or quotation marks), where the words before it do ("the film it", "called up"),
or, with a doubt, at the end of a clause ("who directed up?"). Whether a graph knows a name is not this file's
question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from kgqa.graphs.names import normalise
from kgqa.linking.stems import NATIONALITIES, singular

MOST_WORDS = 12
"""Of the labels of Wikidata's items that people ask about, 99.9 % have no more words than this."""
MOST_CHARACTERS = 2_000
"""What is longer is no question; only its first characters are searched for names."""

_STOP_WORDS = """
a about after all also am an and any are as ask at atleast atmost be been before being between but
by can could count did do does done down each else every few for from get give given go had has have
having he her hers him his how i if in into is it its just know known least less let list many may
me might more most much must my name no nor not now number of off on one ones only or other others
our out over please respectively same shall she should show so some such tell than that the their
theirs them then there these they this those through till to too under until up upon us very was we
were what when where which while who whom whose why will with without would yes you your
approximately around exactly greater lesser max min maximum minimum amount total both either neither
mean meant thing things since during find identify determine enumerate specify
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that make no name on their own."""

_PRONOUNS = "it its he his him she her hers they them their theirs that this these those"
PRONOUNS = frozenset(_PRONOUNS.split())
_EDGES = "is are was were do does did has have had of and or than which what who how many that those these as"
_NEVER_AT_AN_EDGE = frozenset(_EDGES.split())
ARTICLES = frozenset({"the", "a", "an"})
JOINING = frozenset({"of", "the", "in", "on", "a", "an", "to", "at", "for", "from", "with", "by"})
"""Small words inside names; "and" parts them as often as not."""
ENDS_SENTENCE = re.compile(r"[?;]\s|\n")
_LETTERS = re.compile(r"\w(?:[.*\u00b7]\w)+")  # m*a*s*h, e.t
APOSTROPHES = frozenset("'\u2019")
_CALLED = frozenset({"called", "named", "titled", "entitled"})
_AFTER = "is was are were has had did does and or by from in on at with"
_AFTER_A_NAME = frozenset(_AFTER.split())
_TOLD_OF = re.compile(r"['\u2019]s\b|\s+(?:is|was|are|were|has|had|did|does)\b")
_BEFORE = re.compile(r"\s+(?:(?:called|named|titled|is|was|are|were)\s+)?(?:the\s+)?[\"'\u201c\u2018]?$")
_ASKING = frozenset({"who", "whom", "where"})  # kinds of things too, but none that stands before a name
_QUOTES = "\"'\u201c\u2018 "
_CLOSE_BY = frozenset({"", "called", "named", "titled"})
_BEHIND = re.compile(r"^[\"'\u201d\u2019]?(?:,\s*|\s+|\s*\()(?:the\s+)?$")
_QUOTED = re.compile(
    r"[\"\u201c\u201d\u00ab]([^\"\u201c\u201d\u00ab\u00bb]{1,100})[\"\u201c\u201d\u00bb]"
    r"|(?<!\w)['\u2018]([^'\u2018\u2019]{2,100})['\u2019](?!\w)"
)


normal_form = lru_cache(maxsize=20_000)(normalise)
"""``normalise``, remembered: the same words come up many times in a dialogue."""


@dataclass(frozen=True)
class Word:
    """A word of the question and where it stands, in characters."""

    text: str
    start: int
    end: int
    stop: bool
    capital: bool  # has a capital or a digit, and does not merely open the sentence
    quoted: bool


@dataclass(frozen=True)
class Span:
    """A run of words, ``first`` up to but not including ``last``; ``start`` and ``end`` are characters.

    ``writings`` are the ways in which a graph may write it, the one of the question first.
    """

    first: int
    last: int
    start: int
    end: int
    writings: tuple[str, ...]
    capitals: int
    stops: int
    quoted: bool
    doubtful: bool = False
    """Common words without a capital, which only their place in the sentence lets be a name."""

    @property
    def length(self) -> int:
        """How many words it has."""
        return self.last - self.first

    @property
    def text(self) -> str:
        """As the question writes it."""
        return self.writings[0]


def find_words(question: str) -> list[Word]:
    """The words of the question, in order, at most its first ``MOST_CHARACTERS`` characters.

    >>> [word.text for word in find_words("Who directed Nolan's Up?") if word.capital]
    ['Nolan', 'Up']
    """
    text = question[:MOST_CHARACTERS]
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    words: list[Word] = []
    shouted = text.upper() == text
    for match in re.finditer(r"\w+", text):
        start, end = match.span()
        opens = not words or text[words[-1].end : start].strip()[:1] in (".", "?", "!")
        written = match.group()
        # Any letter of it: "oTol" has one too.
        capital = (written != written.lower() and not shouted) or any(c.isdigit() for c in written)
        # Scripts without capitals: any of their words may be a name.
        capital = capital or (written[0].isalpha() and written[0].lower() == written[0].upper())
        stop = written.casefold() in STOP_WORDS or (len(written) == 1 and not capital)
        words.append(
            Word(
                written,
                start,
                end,
                stop=stop,
                # "Which" opens a sentence with a capital; "Paris" may open one too.
                capital=capital and not (opens and stop),
                quoted=any(low <= start and end <= high for low, high in quoted),
            )
        )
    return words


def _merely_opens(question: str, word: Word) -> bool:
    """Whether the beginning of a sentence is all that gives a word its capital, as far as one can see.

    >>> [_merely_opens(q, find_words(q)[0]) for q in ("Yeah, who?", "Otto was who?", "NASA or ESA?")]
    [True, False, False]
    """
    before = question[: word.start].rstrip(_QUOTES)
    opens = not before or before[-1] in ".?!:"
    return opens and not word.quoted and word.text[1:].islower() and not _TOLD_OF.match(question, word.end)


def find_spans(
    question: str, words: Sequence[Word], *, kind: Callable[[str], bool] = lambda word: False
) -> list[Span]:
    """Every run of at most ``MOST_WORDS`` words that may be a name, overlapping ones included.

    Left out are runs of stop words alone, unless capitals, quotation marks or the words around make names of
    them, runs that cross the end of a sentence, and, in a question with capitals, runs with "is" or "of" at
    an end.

    Args:
        kind: tells the words for kinds of things, which announce a name: "the film up".
    """
    spans = []
    with_capitals = any(word.capital and word.text[0].isalpha() for word in words)
    edge = [with_capitals and word.text in _NEVER_AT_AN_EDGE and not word.quoted for word in words]
    for first in range(len(words)):
        if edge[first]:
            continue
        for last in range(first + 1, min(first + MOST_WORDS, len(words)) + 1):
            run = words[first:last]
            if last - first > 1 and ENDS_SENTENCE.search(question[run[-2].end : run[-1].start]):
                break
            if edge[last - 1]:
                continue
            named = all(word.capital for word in run) or all(word.quoted for word in run)
            named = named or _LETTERS.fullmatch(question[run[0].start : run[-1].end]) is not None
            stops = sum(word.stop and not (word.capital or word.quoted) for word in run)
            announced = doubtful = False
            if all(word.stop for word in run) and not named:
                announced = _is_announced(question, words, (first, last), kind)
                doubtful = not announced and _ends_a_clause(question, words, (first, last))
                if not (announced or doubtful):
                    continue
            start, end = run[0].start, run[-1].end
            spans.append(
                Span(
                    first,
                    last,
                    start,
                    end,
                    _writings(question, run),
                    capitals=sum(word.capital for word in run),
                    stops=0 if announced else stops,
                    quoted=announced or all(word.quoted for word in run),
                    doubtful=doubtful,
                )
            )
    return spans


def _is_announced(
    question: str, words: Sequence[Word], run: tuple[int, int], kind: Callable[[str], bool]
) -> bool:
    """ "the film up", "a band called yes": no other reading of these words makes a sentence."""
    first, last = run
    if first == 0 or last - first > 2:
        return False
    before = words[first - 1].text.casefold()
    if before in _CALLED:
        return True
    introduced = first > 1 and words[first - 2].text.casefold() in ("the", "a", "an") and kind(before)
    following = words[last].text.casefold() if last < len(words) else ""
    ended = _ends(question, words, last) or following in _AFTER_A_NAME
    return introduced and ended and words[first].text.casefold() not in _NEVER_AT_AN_EDGE


def _ends_a_clause(question: str, words: Sequence[Word], run: tuple[int, int]) -> bool:
    """ "who directed up?": at the end, after something that takes an object."""
    first, last = run
    if first == 0 or last - first > 2 or not _ends(question, words, last):
        return False
    if last - first > 1 and words[first].text.casefold() not in ARTICLES:
        return False
    before = words[first - 1].text.casefold()
    return not words[first - 1].stop or before in JOINING or before in ("is", "was", "about")


def _ends(question: str, words: Sequence[Word], last: int) -> bool:
    """Whether a clause ends before the word with this number."""
    after = words[last].start if last < len(words) else len(question)
    between = question[words[last - 1].end : after]
    return last == len(words) or re.search(r"[,;:.?!]", between) is not None


def _writings(question: str, run: Sequence[Word]) -> tuple[str, ...]:
    """As it stands; its country; in the singular ("drama films"); with hyphens joined; with the article."""
    start, end = run[0].start, run[-1].end
    text = question[start:end]
    writings = [text]
    if len(run) == 1 and (country := NATIONALITIES.get(singular(text.casefold()))):
        writings.append(country)
    last = run[-1]
    if len(last.text) > 3 and not last.capital and (one := singular(last.text)) != last.text:
        writings.append(question[start : last.start] + one)
    if "-" in text:
        writings.append(text.replace("-", ""))
    elif len(run) == 2 and " " in text and not any(word.stop for word in run):
        writings.append(text.replace(" ", ""))
    if run[0].text.casefold() not in ARTICLES and (run[0].capital or len(run) > 1):
        writings.append("the " + text)
    return tuple(dict.fromkeys(writings))


def beside(question: str, kind: tuple[int, int], name: tuple[int, int]) -> int:
    """How words for a kind stand to a name: 2 "the ship Titanic", 1 "which ship is Titanic", 0 apart.

    "Which country is Berlin in?" looks like the former, so that this says nothing against a reading.
    """
    if kind[1] <= name[0] and _BEFORE.fullmatch(between := question[kind[1] : name[0]]):
        asks = question[slice(*kind)].casefold() in _ASKING
        return 1 if between.strip(_QUOTES).strip() not in _CLOSE_BY else 0 if asks else 2
    return 2 if name[1] <= kind[0] and _BEHIND.fullmatch(question[name[1] : kind[0]]) else 0


def span_of(question: str, words: Sequence[Word], first: int, last: int) -> Span:
    """The run of words as it stands, whatever words it is made of."""
    start, end = words[first].start, words[last - 1].end
    capitals = sum(word.capital for word in words[first:last])
    return Span(first, last, start, end, (question[start:end],), capitals=capitals, stops=0, quoted=False)


def open_mentions(
    question: str,
    words: Sequence[Word],
    *,
    joining: frozenset[str] = JOINING,
    also: Set[int] = frozenset(),
) -> list[tuple[int, int]]:
    """Runs of capitalised or quoted words, as (first, last) word numbers: what is surely meant as a name.

    A ``joining`` word between two capitals belongs to the run ("Lord of the Rings"), and so does what an
    apostrophe sets apart ("Schindler's List").

    Args:
        also: numbers of further words that count like those with a capital.
    """
    runs: list[tuple[int, int]] = []
    first: int | None = None
    last = 0
    for number, word in enumerate(words):
        strong = word.capital or word.quoted or number in also
        between = question[words[number - 1].end : word.start] if number else ""
        if first is not None and (
            re.search(r"[,;:?]", between)
            or not (strong or between in APOSTROPHES or word.text.casefold() in joining)
        ):
            runs.append((first, last))
            first = None
        if strong:
            first = number if first is None else first
            last = number + 1
    if first is not None:
        runs.append((first, last))
    return runs


def unlinked_mentions(question: str, covered: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """What is meant as a name, by capitals or quotation marks, and less than half covered; a number is
    known as one, and a capital alone makes no name of "Which", nor of "Yeah" before a comma.

    Args:
        covered: stretches of the question that something was found for, in characters.
    """
    runs = (
        run
        for run in _open_runs(question, covered)
        if not all(map(_is_no_name, run)) and not (len(run) == 1 and _merely_opens(question, run[0]))
    )
    return tuple(dict.fromkeys(question[run[0].start : run[-1].end] for run in runs))


def open_stretches(question: str, covered: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where all that is written like a name and less than half covered stands, in order."""
    return [(run[0].start, run[-1].end) for run in _open_runs(question, covered)]


def _open_runs(question: str, covered: Sequence[tuple[int, int]]) -> Iterator[Sequence[Word]]:
    words = find_words(question)
    for first, last in open_mentions(question, words):
        start, end = words[first].start, words[last - 1].end
        most = max((min(end, high) - max(start, low) for low, high in covered), default=0)
        if most < (end - start) / 2:
            yield words[first:last]


def _is_no_name(word: Word) -> bool:
    return (word.stop or word.text.isdecimal()) and not word.quoted
