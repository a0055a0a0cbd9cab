"""Wikidata's entity search, asked for inside SPARQL: its query service passes such parts on to the wiki.

Each function gives the part of a question that binds ``?key`` to what was found.
"""

from __future__ import annotations

import re

from grammar.sparql.graph_model import write_string
from kgqa.graphs.protocol import Among

_WIKIBASE = "http://wikiba.se/ontology#"
_API = "https://www.mediawiki.org/ontology#API/"
_PARAMETER = "<http://www.bigdata.com/rdf#serviceParam>"
_ENTITY = "http://www.wikidata.org/entity/"
_LONG_ENOUGH = 4  # letters of a word that may be mistyped
_MOST_WORDS = 8


def entity_search(text: str, among: Among, limit: int) -> str:
    """What the search box of Wikidata suggests: names that begin like the text, the best known first."""
    asked = {"search": text, "language": "en", "limit": str(limit)}
    if among == "relations":
        asked["type"] = "property"
    return _service("EntitySearch", asked, f"?key <{_WIKIBASE}apiOutputItem> <{_API}item> .", limit)


def fuzzy_search(text: str, limit: int) -> str:
    """Full-text search for all the words, the longer ones with a letter or two wrong; empty for no word."""
    words = re.findall(r"\w+", text)[:_MOST_WORDS]
    if not words:
        return ""
    written = " ".join(f"{word}~" if len(word) >= _LONG_ENOUGH else word for word in words)
    asked = {"srsearch": written, "srnamespace": "0", "srlimit": str(limit)}
    found = f"?title <{_WIKIBASE}apiOutput> <{_API}title> ."
    return f'{_service("Search", asked, found, limit)} BIND(IRI(CONCAT("{_ENTITY}", ?title)) AS ?key)'


def _service(api: str, asked: dict[str, str], found: str, limit: int) -> str:
    said = {
        f"<{_WIKIBASE}endpoint>": '"www.wikidata.org"',
        f"<{_WIKIBASE}api>": f'"{api}"',
        f"<{_WIKIBASE}limit>": str(limit),
        **{f"<{_API}{name}>": write_string(value) for name, value in asked.items()},
    }
    parameters = " ".join(f"{_PARAMETER} {name} {value} ." for name, value in said.items())
    return f"SERVICE <{_WIKIBASE}mwapi> {{ {parameters} {found} }}"
