"""Words as they are compared: what is left of a name when case, accents and punctuation are put aside."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

import numpy as np

from grammar.denotation import FloatArray

Number = TypeVar("Number", float, FloatArray)

_NOT_WORD = re.compile(r"[^\w+#]+|_+")  # C++ and C# are not C
_ENDING = re.compile(r"(?<=\w)['\u2019](?=\w{1,2}\b)")  # Philosopher's, don't: left out as often as not
_AND = re.compile(r"(?<=\s)&(?=\s)")
_INITIALS = re.compile(r"(?<!\S)[^\W\d_](?: [^\W\d_])+(?!\S)")
_WORD = re.compile(r"[^\W\d_][\w'\u2019]*")
_SMALL = frozenset(("of", "the", "and", "for", "in", "on", "de", "la", "du", "et", "y", "a", "to", "at"))
_ACCENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # Latin, Greek, Cyrillic
    "\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"  # Hebrew points, Arabic vowel signs
)
"""Marks that people leave out. Those of other scripts (Japanese voicing, Indic vowels) make other words."""
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
        "ŋ": "n",
    }
    | {"\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u0629": "\u0647"}  # Arabic, Persian
)
"""Letters of which no accent can be taken off, as people without such a keyboard type them."""


def normalise(text: str) -> str:
    """What is left of a label when case, accents and punctuation are put aside; initials are one word.

    >>> normalise("Île-de-France")
    'ile de france'
    >>> normalise("J. K. Rowling"), normalise("U.S.A."), normalise("Schindler's List")
    ('jk rowling', 'usa', 'schindlers list')
    """
    if text.isascii():
        words = _NOT_WORD.sub(" ", _plain(text.casefold())).strip()
    else:
        text = text.encode("utf-8", "ignore").decode()  # half a surrogate pair is dropped
        words = _words_of(_plain(_without_accents(text)))
    if not words:
        return text.casefold().strip()  # "!!!" and "+" are names too
    return _INITIALS.sub(lambda run: run.group().replace(" ", ""), words)


def _plain(text: str) -> str:
    return _AND.sub("and", _ENDING.sub("", text))


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", parts).translate(_LETTERS))


def _words_of(text: str) -> str:
    """As ``_NOT_WORD`` does it, but Indic vowels, which are marks, belong to words."""
    kept = (c if c.isalnum() or c in "+#" or unicodedata.category(c)[0] == "M" else " " for c in text)
    return " ".join("".join(kept).split())


def initials(label: str) -> str | None:
    """What a name of three to six words with capitals may be cut down to, or None.

    >>> initials("Major League Soccer"), initials("United States of America"), initials("Berlin wall")
    ('MLS', 'USA', None)
    """
    words = _WORD.findall(label)
    great = [word for word in words if word[0].isupper()]
    if not 3 <= len(great) <= 6 or not _SMALL.issuperset(word for word in words if not word[0].isupper()):
        return None
    return "".join(word[0] for word in great)


def initials_key(letters: str) -> str:
    """What initials are indexed as: a name of two words, so that "car" is no Central African Republic."""
    return f"initials {letters}"


def exact_score(is_label: bool) -> float:
    """Score of a hit that is exactly a label, or an alias."""
    return 1.0 if is_label else 0.97


def standing(score: Number, degree: Number) -> Number:
    """The order of hits: how well they match, and a little how well known they are.

    An alias of something known all over (degree 10,000) stands before the label of something unknown, but
    after the label of something known a tenth as well.
    """
    return score + 0.012 * np.log1p(degree)
