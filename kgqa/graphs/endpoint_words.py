"""Words at an endpoint: labels, aliases, descriptions, and names by words.

An endpoint has no index of words. Labels and aliases are found as they are spelt, in a few capitalisations;
failing that, those that contain the words, which reads every label and suits small endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rapidfuzz import fuzz

from kgqa.graphs.endpoint_terms import Terms, literal_of
from kgqa.graphs.names import exact_score, normalise
from kgqa.graphs.protocol import Among, Hit, How
from kgqa.graphs.rdf_terms import ALIASES, DESCRIPTIONS, LABELS, end_of

_LANGUAGES = ("en", "")
_MOST_SCANNED = 200
_MANY_WORDS = 100
_LONGEST = 200


class EndpointWords:
    """Words of one endpoint; labels are remembered."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._dialect = terms.dialect
        self._labels: dict[str, str | None] = {}

    def _words(self, names: Sequence[str], links: Iterable[str]) -> list[list[str]]:
        """For each name, its texts by any of the links: English before none, earlier links first."""
        ranks = {link: rank for rank, link in enumerate(links)}
        body = f"VALUES ?link {{ {' '.join(f'<{link}>' for link in ranks)} }} ?key ?link ?x . {_IN_ENGLISH}"
        found: list[list[tuple[bool, int, str]]] = [[] for _ in names]
        for place, row in self._terms.each(names, body):
            term = row["x"]
            found[place].append((term.language is None, ranks[row["link"].text], term.text))
        return [list(dict.fromkeys(text for *_, text in sorted(texts))) for texts in found]

    def labels(self, names: Sequence[str]) -> list[str | None]:
        """Labels in the order given."""
        new = [name for name in dict.fromkeys(names) if name not in self._labels]
        for name, texts in zip(new, self._words(new, LABELS), strict=True):
            fallback = None if self._dialect.model.wikidata_ids else self._end_of(name)
            self._labels[name] = texts[0] if texts else fallback
        return [self._labels[name] for name in names]

    def _end_of(self, name: str) -> str | None:
        iri = self._dialect.iri(name)
        return end_of(iri) if iri else None

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        label = self.labels([name])[0]
        return [text for text in self._words([name], [*ALIASES, *LABELS])[0] if text != label]

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        texts = self._words([name], DESCRIPTIONS)[0]
        return texts[0] if texts else None

    def exact(self, texts: Sequence[str], among: Among) -> list[list[str]]:
        """For each text, names of all that it is a label or alias of, labels first."""
        hits: list[dict[str, bool]] = [{} for _ in texts]
        wanted = {place: normalise(text) for place, text in enumerate(texts)}
        spellings = sorted({s for text in texts for s in _spellings(text)})
        by_words: dict[str, list[tuple[bool, str]]] = {}
        for start in range(0, len(spellings), _MANY_WORDS):
            written = spellings[start : start + _MANY_WORDS]
            terms = " ".join(
                literal_of(spelling, language) for spelling in written for language in _LANGUAGES
            )
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
        terms = " ".join(literal_of(s, language) for s in _spellings(text) for language in _LANGUAGES)
        hits: dict[str, Hit] = {}
        for name, matched, is_label in sorted(
            self._named(f"VALUES ?x {{ {terms} }}", among), key=lambda found: not found[2]
        ):
            how: How = "exact" if is_label else "alias"
            hits.setdefault(name, Hit(name, matched, exact_score(is_label), how))
        return list(hits.values()) or self._containing(text, fuzzy=fuzzy, among=among)

    def _containing(self, text: str, *, fuzzy: bool, among: Among) -> list[Hit]:
        words = normalise(text).split()
        # Accents and punctuation are as they are at the endpoint, so it is asked for the words one by one.
        join = " || " if fuzzy else " && "
        tests = [
            f"CONTAINS(LCASE(STR(?x)), {literal_of(word)})" for word in words if len(word) > 2 or not fuzzy
        ]
        if not tests:
            return []
        found = self._named("", among, condition=f"FILTER({join.join(tests)})", limit=_MOST_SCANNED)
        hits: dict[str, Hit] = {}
        asked = normalise(text)
        for name, matched, _ in found:
            known = normalise(matched)
            score = 0.95 * (0.6 * fuzz.token_set_ratio(asked, known) + 0.4 * fuzz.ratio(asked, known)) / 100
            whole = set(words) <= set(known.split())
            if (whole or fuzzy) and score >= 0.5 and (name not in hits or hits[name].score < score):
                hits[name] = Hit(name, matched, score, "partial" if whole else "fuzzy")
        return sorted(hits.values(), key=lambda hit: -hit.score)

    def _named(
        self, values: str, among: Among, *, condition: str = "", limit: int | None = None
    ) -> list[tuple[str, str, bool]]:
        """(name, text, whether it is the label) of what has the words ``?x``."""
        links = " ".join(f"<{link}>" for link in (*LABELS, *ALIASES))
        body = f"{values} VALUES ?link {{ {links} }} ?key ?link ?x . {_IN_ENGLISH} {condition}"
        body = f"{body} {self._kind(among)}"
        rows = self._terms.select("DISTINCT ?key ?link ?x", body, f" LIMIT {limit}" if limit else "")
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


_IN_ENGLISH = 'FILTER(LANG(?x) IN ("en", ""))'


def _spellings(text: str) -> list[str]:
    """A text in the capitalisations that labels have."""
    text = " ".join(text.encode("utf-8", "ignore").decode().split())[:_LONGEST]
    ways: list[Callable[[str], str]] = [str, str.lower, str.upper, str.title, lambda t: t[:1].upper() + t[1:]]
    return [spelling for spelling in dict.fromkeys(way(text) for way in ways) if spelling]
