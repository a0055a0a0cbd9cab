"""English verbs in the three forms that questions need, found from any one of them.

A small table (``verbs.toml``) of irregular and of common verbs, and the rules of spelling for all others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Verb:
    """``paint``: base, ``paints``, past ``painted``, participle ``painted``."""

    base: str
    past: str
    participle: str

    @property
    def third(self) -> str:
        """``paints``."""
        if re.search(r"(s|x|z|ch|sh|o)$", self.base):
            return self.base + "es"
        return self.base[:-1] + "ies" if re.search(r"[^aeiou]y$", self.base) else self.base + "s"

    @property
    def acts(self) -> bool:
        """Whether what it is said of does it: "it died"."""
        return self.base in _table()["does_itself"].split()

    @property
    def suffers(self) -> bool:
        """Whether it is done to what it is said of: "it was painted"."""
        return not self.acts or self.base in _table()["also_done_to"].split()


@cache
def _table() -> Mapping[str, str]:
    return tomllib.loads(Path(__file__).with_name("verbs.toml").read_text(encoding="utf-8"))


@cache
def _irregular() -> dict[str, Verb]:
    verbs = [Verb(*row.split()) for row in re.split(r"[|\n]", _table()["irregular"]) if row]
    return {form: verb for verb in verbs for form in (verb.participle, verb.past)} | {
        verb.base: verb for verb in verbs
    }


@cache
def _regular() -> dict[str, Verb]:
    verbs = [_made(base) for base in _table()["regular"].split()]
    return {form: verb for verb in verbs for form in (verb.past, verb.base)}


def _made(base: str) -> Verb:
    if base.endswith("e"):
        past = base + "d"
    elif re.search(r"[^aeiou]y$", base):
        past = base[:-1] + "ied"
    elif re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", base) or base in _table()["doubled"].split():
        past = base + base[-1] + "ed"  # "star", "dub"; "cancel"
    else:
        past = base + "ed"
    return Verb(base, past, past)


def participle(word: str) -> Verb | None:
    """The verb of which the word is the past or the participle; None for other words.

    >>> participle("kept").base, participle("created").base, participle("written").past
    ('keep', 'create', 'wrote')
    """
    known = _irregular().get(word) or _regular().get(word)
    if known is not None:
        return known if word in (known.past, known.participle) else None
    if word in _pasts():
        return _pasts()[word]
    match = re.fullmatch(r"([a-z]+)ed", word)
    if match is None or len(word) < 5 or word.endswith("eed"):
        return None
    stem = match[1]
    if stem.endswith("i"):
        base = stem[:-1] + "y"
    elif re.search(r"([bdgmnprt])\1$", stem):
        base = stem[:-1]
    elif re.search(r"([cvuz]|[^s]s|[^e]at|[aeiou]g|dg|(?<![aeo])[aiu]r|ib|[^aeioul]l)$", stem):
        base = stem + "e"
    else:
        base = stem
    return Verb(base, word, word)


def of_base(word: str) -> Verb | None:
    """The verb of which the word is the base; None for words that are no verb of the table.

    >>> of_base("star").past, of_base("win").past, of_base("director")
    ('starred', 'won', None)
    """
    for known in (_irregular().get(word), _regular().get(word)):
        if known is not None and known.base == word:
            return known
    return None


def taken_as_base(word: str) -> Verb:
    """The verb of which the word must be the base, as it stands after "did"; made by rule if unknown."""
    return of_base(word) or _made(word)


def third_person(word: str) -> Verb | None:
    """The verb that is said of one, "depicts"; None for words that are as well many of a noun.

    >>> third_person("depicts").base, third_person("employees")
    ('depict', None)
    """
    return _third_persons().get(word)


def past_of(base: str) -> str | None:
    """The past of a verb that the table knows.

    >>> past_of("write"), past_of("die"), past_of("xyz")
    ('wrote', 'died', None)
    """
    verb = _bases().get(base)
    return None if verb is None else verb.past


def third_of(base: str) -> str | None:
    """The third person of a verb that the table knows: "has", "plays"."""
    verb = _bases().get(base)
    return "has" if base == "have" else None if verb is None else verb.third


@cache
def _bases() -> Mapping[str, Verb]:
    more = map(_made, _table()["asked_with"].split())
    return {verb.base: verb for verb in (*more, *_regular().values(), *_irregular().values())}


@cache
def _pasts() -> Mapping[str, Verb]:
    return {verb.past: verb for verb in _bases().values()}


@cache
def _third_persons() -> Mapping[str, Verb]:
    return {verb.third: verb for verb in (*_irregular().values(), *_regular().values())}
