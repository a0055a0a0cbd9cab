"""The words of names: collected in bounded memory, found by what is like them or begins like them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import tantivy
from rapidfuzz.distance import OSA

from kgqa.graphs import spellings
from kgqa.graphs.building import names as building_names
from kgqa.graphs.building import spellings as collecting
from kgqa.graphs.building.names import LEAST_FOR_NAMES, write_names
from kgqa.graphs.building.spellings import WordCounts
from kgqa.graphs.name_index import FOLDER, Entry, Name, Opened, name_schema
from kgqa.graphs.name_search import NameIndex, open_names
from kgqa.graphs.spellings import Spellings

_SYLLABLES = ["ba", "rin", "to", "жa", "kes", "mu"]


def test_words_are_counted_whatever_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "_LEAST_AT_ONCE", 3)
    chance = random.Random(1)
    texts = [[chance.choice("abcdefghijklmnöé") for _ in range(3)] for _ in range(900)]
    counts = WordCounts(tmp_path, memory=0)
    for words in texts:
        counts.add(words)
    assert 1 < len(list(tmp_path.iterdir())) < 70
    expected = Counter(word.encode() for words in texts for word in words)
    assert list(counts.read()) == sorted(expected.items())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names of one word each; the word of number n has n % 7 + 1 namesakes."""
    folder = tmp_path_factory.mktemp("spellings") / FOLDER
    words = ["".join(parts) for length in (1, 2, 3) for parts in product(_SYLLABLES, repeat=length)]
    owners = (number for number, _ in enumerate(words) for _ in range(number % 7 + 1))
    entries = (Entry("entities", owner, 0, words[number], 1) for owner, number in enumerate(owners))
    write_names(folder, entries, memory=LEAST_FOR_NAMES)
    return folder


@pytest.mark.parametrize("distance", [1, 2])
@pytest.mark.parametrize("word", ["ba", "rinto", "tobarin", "obarin", "mumжmu", "keskes", "bariin", "xyz"])
def test_words_like_another_are_those_few_letters_away(made: Path, word: str, distance: int) -> None:
    folder = made / spellings.FOLDER
    found = Spellings(Opened(folder), folder, "entities").like(word, distance, most=1000)
    words = ["".join(parts) for length in (1, 2, 3) for parts in product(_SYLLABLES, repeat=length)]
    near = {other for other in words if other != word and OSA.distance(word, other) <= distance}
    assert set(found) == near
    counts = [words.index(other) % 7 for other in found]
    assert counts == sorted(counts, reverse=True)
    assert Spellings(Opened(folder), folder, "entities").like(word, distance, most=2) == found[:2]


def test_words_that_begin_like_a_text(made: Path) -> None:
    folder = made / spellings.FOLDER
    words = Spellings(Opened(folder), folder, "entities")
    assert [words.begins(start) for start in ("", "b", "baж", "жakesmu", "жakesmux", "z", "a")] == [
        *(True, True, True, True, False, False, False)
    ]
    assert not Spellings(Opened(folder), folder, "types").begins("b")


def _entries(count: int) -> Iterator[Entry]:
    chance = random.Random(3)
    for owner in range(count):
        words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))).title() for _ in range(2)]
        yield Entry("entities", owner, 0, " ".join([*words, str(owner)]), owner % 100, owner % 50 == 0)


def test_an_index_of_many_pieces_finds_what_one_of_one_piece_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 30_000
    write_names(tmp_path / "one", _entries(count), memory=1_000_000_000)
    monkeypatch.setattr(building_names, "LEAST_FOR_NAMES", 0)
    monkeypatch.setattr(building_names, "_LEAST_HEAP", 16_000_000)  # as little as tantivy takes
    monkeypatch.setattr(building_names, "_LOOK_AFTER", 1_000)
    monkeypatch.setattr(building_names, "_MOST_PIECES", 1)
    files = write_names(tmp_path / "many", _entries(count), memory=0)
    assert {path for path in (tmp_path / "many").rglob("*") if path.is_file()} - set(files) == set(
        (tmp_path / "many").rglob("*.lock")
    )
    assert all(path.is_file() or path.name == spellings.FOLDER for path in (tmp_path / "many").iterdir())
    sizes = [it["max_doc"] for it in json.loads((tmp_path / "many" / "meta.json").read_text())["segments"]]
    assert sum(sizes) == count
    assert len(sizes) > 3
    one, many = (open_names(tmp_path / name) for name in ("one", "many"))
    for entry in list(_entries(count))[::1_000]:
        assert many["entities"].exact(entry.text) == [Name(entry.owner, 0)]
        typed = entry.text[:2] + "x" + entry.text[3:]
        for text in (typed, entry.text[:7], entry.text.replace(" ", ""), typed.split()[0]):
            assert _near(one["entities"], text) == _near(many["entities"], text)
        assert many["types"].exact(entry.text) == one["types"].exact(entry.text)


def test_there_may_be_more_memory_than_tantivy_can_take(tmp_path: Path) -> None:
    write_names(tmp_path / FOLDER, _entries(10), memory=10**11)
    assert len(open_names(tmp_path / FOLDER)["entities"].exact(next(_entries(1)).text)) == 1


def test_after_an_error_nothing_goes_on_writing(tmp_path: Path) -> None:
    def broken() -> Iterator[Entry]:
        yield from _entries(10)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more") as caught:  # which keeps all that was under way
        write_names(tmp_path / FOLDER, broken(), memory=LEAST_FOR_NAMES)
    tantivy.Index(name_schema(), path=str(tmp_path / FOLDER / "part-0")).writer(num_threads=1)
    assert caught.tb is not None


def _near(index: NameIndex, text: str) -> list[Name]:
    return sorted(index.near(text, fuzzy=True))


_WRITING = """
    import resource, sys
    from pathlib import Path
    from kgqa.graphs.building.names import share_one_store, write_names
    from kgqa.graphs.name_index import Entry

    def entries(count):
        for n in range(count):
            yield Entry("entities", n, 0, f"{n * 7919 % 1000003} and {n} {n % 1013} further words", n % 50)

    share_one_store()  # as the command that builds does
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_names(Path(sys.argv[1]), entries(100_000), memory=1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_writing_takes_no_more_than_it_says(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(_WRITING), str(tmp_path / "names")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) * (1 if sys.platform == "darwin" else 1024) < LEAST_FOR_NAMES
    pieces = json.loads((tmp_path / "names" / "meta.json").read_text())["segments"]
    assert len(pieces) > 1  # so that one was full
