"""Which of the words in many languages a graph takes: those of the languages asked for, best first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

UNTAGGED, ANY_LANGUAGE = "", "mul"
"""Text without a language, and Wikidata's code for names that are the same in all."""


class Said(NamedTuple):
    """A text, its language, and how far its relation is to be trusted (0 is best)."""

    text: str
    language: str = UNTAGGED
    trust: int = 0


class Languages:
    """Languages in the order of preference, such as ``("en", "de")``.

    A variant (``en-gb``) comes right after its language; after all of them come names of every language
    (``mul``), then texts without a language. Where none of these is there, the label is the one in the first
    other language by its code, so that nothing is left nameless; aliases and descriptions are not.
    """

    def __init__(self, order: Iterable[str] = ("en",)) -> None:
        self.order = tuple(language.lower() for language in order)
        self.foreign = 2 * len(self.order) + 2
        self._places = {language: 2 * place for place, language in enumerate(self.order)}
        self._places |= {ANY_LANGUAGE: self.foreign - 2, UNTAGGED: self.foreign - 1}

    def place(self, language: str) -> int:
        """How near a language is: 0 is the first, ``foreign`` none that was asked for."""
        found = self._places.get(language)
        if found is None:
            plain = language.lower()
            stem = plain.partition("-")[0]
            found = self._places.get(plain)
            if found is None:
                found = self._places[stem] + 1 if stem in self.order else self.foreign
            if len(self._places) < 10_000:  # languages are few, but what a file calls so need not be
                self._places[language] = found
        return found

    def label(self, labels: Iterable[Said]) -> str | None:
        """The best label, or None where there is none."""
        best = min(
            ((self.place(said.language), said.trust, said.language, said.text) for said in labels),
            default=None,
        )
        return best[3] if best else None

    def near(self, texts: Iterable[Said]) -> list[str]:
        """The texts in a language that was asked for (or in every language, or in none), best first."""
        placed = [(self.place(said.language), said.trust, said.text) for said in texts]
        placed = [found for found in placed if found[0] < self.foreign]
        placed.sort(key=lambda found: found[:2])
        return [text for _, _, text in placed]

    def words(
        self, labels: list[Said], aliases: list[Said], descriptions: list[Said]
    ) -> tuple[str | None, list[str], str | None]:
        """Label, aliases (further near labels among them) and description."""
        label = self.label(labels)
        others = dict.fromkeys([*self.near(labels), *self.near(aliases)])
        if label is not None:
            others.pop(label, None)
        return label, list(others), next(iter(self.near(descriptions)), None)
