"""Words at an endpoint: labels, aliases, descriptions, and names by words.

An endpoint has no index of words that SPARQL knows. Labels and aliases are found as they are spelt, in a few
capitalisations. Failing that, Wikidata's own service asks Wikidata's entity search, and one that is small
enough is asked for the labels that contain the words, which reads them all. Either has ``SECONDS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from kgqa.graphs.endpoints.endpoint_terms import Terms, literal_of
from kgqa.graphs.endpoints.stores import Store
from kgqa.graphs.endpoints.wikidata_search import entity_search, fuzzy_search
from kgqa.graphs.names import exact_score, normalise
from kgqa.graphs.protocol import Among, Hit, How
from kgqa.graphs.rdf_terms import ALIASES, DESCRIPTIONS, LABELS, end_of

SECONDS = 10.0
"""How long looking for a text may take; a label that is spelt right is found in a fraction of that."""
_TOO_LARGE = frozenset((Store.WIKIDATA, Store.QLEVER))
"""Stores that hold so many labels that they are not asked to read them all."""
_MOST_FOUND = 20
_MOST_SCANNED = 200
_MANY_WORDS = 100
_LONGEST = 200


LANGUAGES = ("en", "mul", "")
"""English, what Wikidata says for all languages at once, and words without a language: in this order."""
_RANKS = {link: rank for rank, link in enumerate((*LABELS, *ALIASES, *DESCRIPTIONS))}
_FIRST_ALIAS, _FIRST_DESCRIPTION = len(LABELS), len(LABELS) + len(ALIASES)


@dataclass(frozen=True, slots=True)
class Words:
    """What people call a thing."""

    label: str | None
    aliases: tuple[str, ...]
    description: str | None


class EndpointWords:
    """Words of one endpoint; those of a name are remembered."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._dialect = terms.dialect
        self._known: dict[str, Words] = {}

    def words(self, names: Sequence[str]) -> list[Words]:
        """All words of each, in the order given; what is not known yet is asked for together."""
        new = [name for name in dict.fromkeys(names) if name not in self._known]
        body = f"VALUES ?link {{ {' '.join(f'<{link}>' for link in _RANKS)} }} ?key ?link ?x . {_IN_ENGLISH}"
        found: list[set[tuple[int, int, str]]] = [set() for _ in new]
        for place, row in self._terms.each(new, body):
            term = row["x"]
            if term.text.strip():
                language = LANGUAGES.index((term.language or "").lower())
                found[place].add((language, _RANKS[row["link"].text], term.text))
        for name, texts in zip(new, found, strict=True):
            self._known[name] = self._chosen(name, sorted(texts))
        return [self._known[name] for name in names]

    def _chosen(self, name: str, texts: Sequence[tuple[int, int, str]]) -> Words:
        """The best label, and what else; ``texts`` by language, then by how much the relation is trusted."""
        labels = [text for _, rank, text in texts if rank < _FIRST_ALIAS]
        aliases = [text for _, rank, text in texts if _FIRST_ALIAS <= rank < _FIRST_DESCRIPTION]
        descriptions = [text for _, rank, text in texts if rank >= _FIRST_DESCRIPTION]
        iri = None if self._dialect.model.wikidata_ids else self._dialect.iri(name)
        label = labels[0] if labels else (end_of(iri) if iri else None)
        others = dict.fromkeys([*aliases, *labels[1:]])
        return Words(label, tuple(text for text in others if text != label), next(iter(descriptions), None))

    def labels(self, names: Sequence[str]) -> list[str | None]:
        """Labels in the order given."""
        return [words.label for words in self.words(names)]

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        return list(self.words([name])[0].aliases)

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        return self.words([name])[0].description

    def exact(self, texts: Sequence[str], among: Among) -> list[list[str]]:
        """For each text, names of all that it is a label or alias of, labels first."""
        hits: list[dict[str, bool]] = [{} for _ in texts]
        wanted = {place: normalise(text) for place, text in enumerate(texts)}
        spellings = sorted({s for text in texts for s in _spellings(text)})
        by_words: dict[str, list[tuple[bool, str]]] = {}
        for start in range(0, len(spellings), _MANY_WORDS):
            written = spellings[start : start + _MANY_WORDS]
            terms = " ".join(literal_of(spelling, language) for spelling in written for language in LANGUAGES)
            for name, text, is_label in self._named(f"VALUES ?x {{ {terms} }}", among):
                by_words.setdefault(normalise(text), []).append((not is_label, name))
        for place, words in wanted.items():
            for is_alias, name in sorted(by_words.get(words, ())):
                hits[place].setdefault(name, not is_alias)
        return [list(found) for found in hits]

    def search(self, text: str, *, fuzzy: bool, among: Among) -> list[Hit]:
        """Names by words, best first."""
        text = text.encode("utf-8", "ignore").decode().strip()[:_LONGEST]
        if not text:
            return []
        label = None
        if self._dialect.iri(text) is not None and self._is_among(text, among):
            label = self.labels([text])[0]
            return [Hit(text, label or text, 1.0, "exact")]
        terms = " ".join(literal_of(s, language) for s in _spellings(text) for language in LANGUAGES)
        hits: dict[str, Hit] = {}
        for name, matched, is_label in sorted(
            self._named(f"VALUES ?x {{ {terms} }}", among), key=lambda found: not found[2]
        ):
            how: How = "exact" if is_label else "alias"
            hits.setdefault(name, Hit(name, matched, exact_score(is_label), how))
        if hits:
            return list(hits.values())
        if self._dialect.store is Store.WIKIDATA:
            return self._searched(text, fuzzy=fuzzy, among=among)
        return [] if self._dialect.store in _TOO_LARGE else self._containing(text, fuzzy=fuzzy, among=among)

    def _searched(self, text: str, *, fuzzy: bool, among: Among) -> list[Hit]:
        """By Wikidata's entity search, which knows the beginnings of names; then by words with typos."""
        hits = self._ranked(text, self._named(entity_search(text, among, _MOST_FOUND), among), fuzzy=True)
        if not hits and fuzzy and among != "relations" and (words := fuzzy_search(text, _MOST_FOUND)):
            hits = self._ranked(text, self._named(words, among), fuzzy=True)
        return hits

    def _containing(self, text: str, *, fuzzy: bool, among: Among) -> list[Hit]:
        words = normalise(text).split()
        # Accents and punctuation are as they are at the endpoint, so it is asked for the words one by one.
        join = " || " if fuzzy else " && "
        tests = [
            f"CONTAINS(LCASE(STR(?x)), {literal_of(word)})" for word in words if len(word) > 2 or not fuzzy
        ]
        if not tests:
            return []
        condition = f"FILTER({join.join(tests)})"
        return self._ranked(
            text, self._named("", among, condition=condition, limit=_MOST_SCANNED), fuzzy=fuzzy
        )

    def _ranked(self, text: str, found: Sequence[tuple[str, str, bool]], *, fuzzy: bool) -> list[Hit]:
        """What was found by how much its names are like the text."""
        asked = normalise(text)
        words = set(asked.split())
        hits: dict[str, Hit] = {}
        for name, matched, _ in found:
            known = normalise(matched)
            score = 0.95 * (0.6 * fuzz.token_set_ratio(asked, known) + 0.4 * fuzz.ratio(asked, known)) / 100
            whole = words <= set(known.split())
            if (whole or fuzzy) and score >= 0.5 and (name not in hits or hits[name].score < score):
                hits[name] = Hit(name, matched, score, "partial" if whole else "fuzzy")
        return sorted(hits.values(), key=lambda hit: -hit.score)

    def _named(
        self, values: str, among: Among, *, condition: str = "", limit: int | None = None
    ) -> list[tuple[str, str, bool]]:
        """(name, text, whether it is the label) of what has the words ``?x``."""
        # A filter: with a second VALUES, stores read every triple of these relations rather than few of ?x.
        links = ", ".join(f"<{link}>" for link in (*LABELS, *ALIASES))
        body = f"{values} ?key ?link ?x . FILTER(?link IN ({links})) {_IN_ENGLISH} {condition}"
        body = f"{body} {self._kind(among)}"
        tail = f" LIMIT {limit}" if limit else ""
        rows = self._terms.select("DISTINCT ?key ?link ?x", body, tail, seconds=SECONDS)
        found = ((self._dialect.name(row["key"]), row) for row in rows)
        return [
            (name, row["x"].text, row["link"].text in LABELS)
            for name, row in found
            if name is not None and not (among == "entities" and self._is_property(name))
        ]

    def _is_property(self, name: str) -> bool:
        return self._dialect.model.wikidata_ids and name.startswith("P")

    def _kind(self, among: Among) -> str:
        instance = self._dialect.model.instance
        if among == "types":
            return f"FILTER EXISTS {{ ?member {instance} ?key }}"
        if among == "entities":
            return ""
        if self._dialect.model.wikidata_ids:
            return "FILTER EXISTS { ?key a wikibase:Property }"
        return "FILTER EXISTS { ?from ?key ?to }"

    def _is_among(self, name: str, among: Among) -> bool:
        if among == "entities" and self._is_property(name):
            return False
        kind = self._kind(among) or "FILTER(EXISTS { ?key ?out ?to } || EXISTS { ?from ?in ?key })"
        return any(True for _ in self._terms.each([name], kind))


_LISTED = ", ".join(f'"{language}"' for language in LANGUAGES)
_IN_ENGLISH = f"FILTER(LANG(?x) IN ({_LISTED}))"


def _spellings(text: str) -> list[str]:
    """A text in the capitalisations that labels have."""
    text = " ".join(text.encode("utf-8", "ignore").decode().split())[:_LONGEST]
    ways: list[Callable[[str], str]] = [
        str,
        str.lower,
        str.upper,
        str.title,
        lambda t: t[:1].upper() + t[1:],
        _as_title,
    ]
    return [spelling for spelling in dict.fromkeys(way(text) for way in ways) if spelling]


_ROMAN = re.compile(r"[ivx]{1,4}")
_SMALL = frozenset(("a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"))


def _as_title(text: str) -> str:
    """As titles are written: "The Lord of the Rings", "Part II".

    >>> _as_title("the lord of the rings part ii")
    'The Lord of the Rings Part II'
    """
    written = []
    for place, word in enumerate(text.lower().split()):
        small = place > 0 and word in _SMALL
        written.append(word.upper() if _ROMAN.fullmatch(word) else word if small else word.capitalize())
    return " ".join(written)
