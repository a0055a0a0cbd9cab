"""How fast each kind of source is read, and in how much memory, as a small table.

    python benchmarks/readers.py ../shared/data/wikidata --bytes 100000000 [--material DIR] [--only json,nt]

The material is made of real entities: those of the dumps in DATA/dumps, again and again, as a JSON dump in
every packing and as truthy N-Triples and Turtle; and of DATA's own tables, again as tables, as JSON lines and
in the form of CSQA's released graph. Each reading has a process of its own: bytes a second of what is
unpacked, by processor time and by the clock, and the peak of memory over what the process took before.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from backports import zstd

from kgqa.graphs.readers import packed
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.sources import reader_of

ENTITY, DIRECT = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
OTHER_NAMES = ("http://www.w3.org/2004/02/skos/core#prefLabel", "http://schema.org/name")
ALIAS, DESCRIPTION = "http://www.w3.org/2004/02/skos/core#altLabel", "http://schema.org/description"


# --- material -------------------------------------------------------------------------------------------


def entities_of(dumps: Path) -> list[bytes]:
    """The lines of all entities of the dumps."""
    lines = []
    for path in sorted(dumps.iterdir()):
        with (bz2.open if path.suffix == ".bz2" else gzip.open)(path) as file:
            lines += [line.strip().removesuffix(b",") for line in file]
    return [line for line in lines if line.startswith(b"{")]


def again(blocks: list[bytes], size: int) -> Iterator[bytes]:
    """The blocks over and over, until so many bytes are there."""
    while size > 0:
        for block in blocks:
            size -= len(block)
            yield block


def triples_of(line: bytes) -> bytes:
    """The lines of an entity in a truthy dump: names thrice, descriptions, facts, pages of wikis."""
    entity = json.loads(line)
    subject = f"<{ENTITY}{entity['id']}>"
    words: list[tuple[str, dict[str, str]]] = []
    for said in dict(entity["labels"]).values():
        words += [(relation, said) for relation in (LABEL, *OTHER_NAMES)]
    words += [(ALIAS, said) for many in dict(entity["aliases"]).values() for said in many]
    words += [(DESCRIPTION, said) for said in dict(entity["descriptions"]).values()]
    lines = [f"{subject} <{r}> {json.dumps(w['value'])}@{w['language']} ." for r, w in words]
    for relation, claims in dict(entity["claims"]).items():
        for snak in (claim["mainsnak"] for claim in claims if claim["mainsnak"]["snaktype"] == "value"):
            value = snak["datavalue"]["value"]
            thing = json.dumps(value if isinstance(value, str) else str(next(iter(value.values()))))
            if "numeric-id" in value and value["entity-type"] == "item":
                thing = f"<{ENTITY}Q{value['numeric-id']}>"
            lines.append(f"{subject} <{DIRECT}{relation}> {thing} .")
    for page in dict(entity.get("sitelinks") or {}).values():
        wiki = f"<https://{page['site']}.example/{quote(page['title'])}>"
        lines += [
            f"{wiki} <http://schema.org/about> {subject} .",
            f'{wiki} <http://schema.org/inLanguage> "x" .',
        ]
    return ("\n".join(lines) + "\n").encode()


def make_material(data: Path, place: Path, size: int) -> None:
    """Write every kind of source into a folder."""
    lines = entities_of(data / "dumps")
    write(place / "dump.json", [b"[\n", *(line + b",\n" for line in again(lines, size)), b"]\n"])
    for ending, pack in ((".gz", gzip.open), (".bz2", bz2.open), (".zst", zstd.open)):
        with (place / "dump.json").open("rb") as plain, pack(place / f"dump.json{ending}", "wb") as file:
            shutil.copyfileobj(plain, file)
    triples = [triples_of(line) for line in lines]
    write(place / "truthy.nt", again(triples, size))
    write(place / "truthy.ttl", again(triples, size // 4))
    with gzip.open(data / "triples.tsv.gz") as file:
        rows = [line for line in file if line.count(b"\tQ") == 1]
    write(place / "tables.tsv", again(rows, size // 2))
    facts: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        subject, relation, thing = row.decode().split("\t")[:3]
        facts.setdefault(subject, {}).setdefault(relation, []).append(thing)
    inner = [f"{json.dumps(name)}: {json.dumps(said)}".encode() for name, said in facts.items()]
    write(
        place / "wikidata_short_1.json",
        [b"{", *(one + b", " for one in again(inner, size // 2)), b'"Q1": {}}'],
    )
    own = [json.dumps({"id": name, "facts": said}).encode() + b"\n" for name, said in facts.items()]
    write(place / "records.jsonl", again(own, size // 2))


def write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)


# --- measuring ------------------------------------------------------------------------------------------


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_all(path: Path, several_cores: bool) -> int:
    """How many facts the records of a source have."""
    packed.LARGE = 0 if several_cores else 1 << 60
    reader = reader_of(path)
    assert reader is not None
    return sum(sum(map(len, record.facts.values())) for record in reader(path, Reading()))


def read_json(path: Path, several_cores: bool) -> int:
    """The same file by the standard library, decoded only."""
    with path.open("rb") as file:
        return sum(
            len(json.loads(line.strip().rstrip(b",")).get("claims", ())) for line in file if len(line) > 3
        )


def read_rdflib(path: Path, several_cores: bool) -> int:
    """The same file by rdflib, into its memory."""
    import rdflib

    return len(rdflib.Graph().parse(path, format="nt"))


Work = Callable[[Path, bool], int]


def measured(work: Work, path: Path, several_cores: bool) -> tuple[int, float, float, float]:
    """What came of it, seconds of processor and clock, MB of memory more."""
    before, processor, clock = peak(), time.process_time(), time.perf_counter()
    found = work(path, several_cores)
    return found, time.process_time() - processor, time.perf_counter() - clock, peak() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--material", type=Path, metavar="DIR")
    parser.add_argument("--only", default="", help="parts of the names to measure, separated by commas")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.material or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        if not any(place.iterdir()):
            make_material(arguments.data, place, arguments.bytes)
        sizes = {path.name: path.stat().st_size for path in place.iterdir()}
        runs: list[tuple[str, Work, str, bool]] = [(name, read_all, name, False) for name in sorted(sizes)]
        runs += [(f"{name}, all cores", read_all, name, True) for name in ("dump.json.gz", "dump.json.bz2")]
        runs += [("dump.json, json.loads only", read_json, "dump.json", False)]
        runs += [("truthy.ttl, rdflib", read_rdflib, "truthy.ttl", False)]
        heads = f"{'MB/s cpu':>9} {'MB/s clock':>10} {'facts/s cpu':>11} {'MB memory':>9}"
        print(f"{'source':30} {'MB':>6} {'facts':>9} {heads}")
        for title, work, name, several in runs:
            if arguments.only and not any(part in title for part in arguments.only.split(",")):
                continue
            size = sizes["dump.json" if name.startswith("dump") else name] / 1e6
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found, processor, clock, memory = pool.apply(measured, (work, place / name, several))
            rates = f"{size / processor:9.0f} {size / clock:10.0f} {found / processor:11,.0f}"
            print(f"{title:30} {size:6.0f} {found:9,} {rates} {memory:9.0f}", flush=True)


if __name__ == "__main__":
    main()
