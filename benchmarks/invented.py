"""Invented names, as many as wanted: for measuring what no data at hand is large enough for.

    python benchmarks/invented.py 10000000 FOLDER

writes tables that `kgqa graph build` takes as a further source: labels of so many entities without facts.
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

_ONSETS = ("", *"bcdfghjklmnprstvwz", "br", "ch", "dr", "fr", "gr", "kr", "pr", "sch", "sh", "st", "th", "tr")
_VOWELS = (*"aeiouöé", "ai", "ea", "ie", "ou")
_CODAS = ("", "", "", "n", "r", "l", "s", "t", "nd", "rt", "ck", "m")
_AT_ONCE = 100_000
_ALIASES = 0.2


class Named(NamedTuple):
    """A name: the number of its owner, which of the owner's names, how well known the owner is."""

    owner: int
    place: int
    text: str
    degree: int


@cache
def _words(seed: int, count: int, shortest: int, longest: int) -> list[str]:
    rng = np.random.default_rng(seed)
    syllables = [onset + vowel + coda for onset in _ONSETS for vowel in _VOWELS for coda in _CODAS]
    made: dict[str, None] = {}
    while len(made) < count:
        parts = iter(rng.integers(0, len(syllables), size=longest * count).tolist())
        for length in rng.integers(shortest, longest + 1, size=count).tolist():
            word = "".join([syllables[next(parts)] for _ in range(length)])
            if len(word) > 2:
                made.setdefault(word.capitalize())
    return list(islice(made, count))


def invented(total: int, *, seed: int) -> Iterator[Named]:
    """Persons, titles and places: words by Zipf's law, namesakes, every fifth name an alias."""
    rng = np.random.default_rng(seed)
    given, family = _words(seed, 4_000, 1, 3), _words(seed + 1, 150_000, 1, 3)
    titles, towns = _words(seed + 2, 80_000, 1, 3), _words(seed + 3, 200_000, 2, 4)

    def pick(pool: list[str], count: int, skew: float) -> list[str]:
        return [pool[i] for i in (len(pool) * rng.random(count) ** skew).astype(np.int64).tolist()]

    owner, place, degree = -1, 0, 0
    for start in range(0, total, _AT_ONCE):
        count = min(_AT_ONCE, total - start)
        columns = zip(
            rng.random(count).tolist(),
            pick(given, count, 3.0),
            pick(given, count, 3.0),
            pick(family, count, 2.5),
            pick(titles, count, 3.0),
            pick(titles, count, 3.0),
            pick(titles, count, 3.0),
            pick(towns, count, 1.5),
            rng.integers(1, 9999, size=count).tolist(),
            strict=True,
        )
        aliases = (rng.random(count) < _ALIASES).tolist()
        degrees = (2 * rng.pareto(1.1, count)).astype(np.int64).tolist()
        for words, is_alias, known in zip(columns, aliases, degrees, strict=True):
            if is_alias and owner >= 0:
                place += 1
            else:
                owner, place, degree = owner + 1, 0, known
            yield Named(owner, place, _text(*words), degree)


def _text(
    kind: float, first: str, second: str, last: str, one: str, two: str, three: str, town: str, number: int
) -> str:
    if kind < 0.45:
        middle = "" if kind < 0.33 else second if kind < 0.4 else second[0] + "."
        return f"{first} {middle} {last}" if middle else f"{first} {last}"
    if kind < 0.60:
        return f"The {one} of {two}" if kind < 0.52 else f"{one} {two} {three}"
    if kind < 0.68:
        return f"The {one} {two}" if kind < 0.64 else f"{one} and the {two} of {three}"
    if kind < 0.80:
        return f"{one}'s {two}" if kind < 0.70 else f"{one} {two}" if kind < 0.76 else one
    if kind < 0.92:
        return town if kind < 0.85 else f"{town} County" if kind < 0.89 else f"Saint-{town}"
    return f"{town}, {last}" if kind < 0.95 else f"{number} {one}" if kind < 0.97 else f"{town} {number}"


def mistyped(text: str, rng: random.Random, *, first: bool = False, swap: bool = False) -> str:
    """One letter replaced, left out, added, or swapped with the next; ``first``: the first one replaced."""
    place = 0 if first else rng.randrange(len(text) - 1)
    letter = rng.choice([c for c in "abcdefghijklmnopqrstuvwxyz" if c != text[place].lower()])
    kind = 3 if swap else 0 if first else rng.randrange(4)
    middle = (letter, "", text[place] + letter, text[place + 1] + text[place])[kind]
    return text[:place] + middle + text[place + (2 if kind == 3 else 1) :]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("count", type=int)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    options.folder.mkdir(parents=True)
    (options.folder / "triples.tsv").touch()

    def opened(name: str) -> gzip.GzipFile:
        return gzip.open(options.folder / f"{name}.tsv.gz", "wb", compresslevel=1)  # type: ignore[return-value]

    with opened("labels") as labels, opened("aliases") as aliases:
        for it in invented(options.count, seed=options.seed):
            # Behind all that Wikidata has.
            (aliases if it.place else labels).write(f"Q{1_000_000_000 + it.owner}\t{it.text}\n".encode())


if __name__ == "__main__":
    main()
