"""Which store stands behind an endpoint, found out by what it answers.

First what its answers carry anyway (headers, the shape of the JSON), then its description of itself, then
questions in the own words of each. The evidence is kept, so that a wrong guess can be seen.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from grammar.errors import GraphError, LimitReached
from kgqa.graphs.endpoints.sparql_client import SparqlClient
from kgqa.graphs.endpoints.sparql_http import Patience, Reply


class Store(StrEnum):
    """Software behind an endpoint."""

    WIKIDATA = "Wikidata Query Service"
    QLEVER = "QLever"
    VIRTUOSO = "Virtuoso"
    BLAZEGRAPH = "Blazegraph"
    FUSEKI = "Fuseki"
    OXIGRAPH = "Oxigraph"
    OTHER = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A store, and why it is taken to be this one."""

    store: Store
    because: str


PATIENCE: Mapping[Store, Patience] = MappingProxyType(
    {
        Store.WIKIDATA: Patience("X-BIGDATA-MAX-QUERY-MILLIS", 0.001, is_header=True),
        Store.BLAZEGRAPH: Patience("X-BIGDATA-MAX-QUERY-MILLIS", 0.001, is_header=True),
        Store.VIRTUOSO: Patience("timeout", 0.001),
        Store.FUSEKI: Patience("timeout", 1.0),
    }
)
"""How each is told how long we wait, so that it does not go on for nobody."""

_SERVERS: Mapping[str, Store] = {
    "virtuoso": Store.VIRTUOSO,
    "oxigraph": Store.OXIGRAPH,
    "qlever": Store.QLEVER,
    "fuseki": Store.FUSEKI,
    "jena": Store.FUSEKI,
    "blazegraph": Store.BLAZEGRAPH,
    "bigdata": Store.BLAZEGRAPH,
}
_DESCRIPTIONS: Mapping[str, Store] = {
    "openlinksw.com": Store.VIRTUOSO,
    "bigdata.com": Store.BLAZEGRAPH,
    "jena.apache.org": Store.FUSEKI,
    "jena.hpl.hp.com": Store.FUSEKI,
    "qlever": Store.QLEVER,
    "oxigraph": Store.OXIGRAPH,
}
_OWN_WORDS = {
    Store.VIRTUOSO: 'SELECT (bif:upper("kgqa") AS ?x) WHERE {}',
    Store.FUSEKI: 'SELECT (<http://jena.apache.org/ARQ/function#strjoin>("", "KG", "QA") AS ?x) WHERE {}',
    Store.BLAZEGRAPH: (
        'SELECT ?x WHERE { BIND("KGQA" AS ?x) '
        '<http://www.bigdata.com/queryHints#Query> <http://www.bigdata.com/queryHints#optimizer> "None" }'
    ),
}
_DESCRIPTION_BYTES = 64 * 1024
_SECONDS = 10.0


def store_of(client: SparqlClient, reply: Reply) -> Evidence:
    """The store behind a client, of whose answers one is at hand."""
    return _by_answer(client.url, reply) or _by_description(client) or _by_own_words(client)


def _by_answer(url: str, reply: Reply) -> Evidence | None:
    if (urlsplit(url).hostname or "").endswith("query.wikidata.org"):
        return Evidence(Store.WIKIDATA, "its address")
    served_by = reply.headers.get("x-served-by", "")
    if served_by.startswith("wdqs"):
        return Evidence(Store.WIKIDATA, f"X-Served-By: {served_by}")
    server = reply.headers.get("server", "")
    for word, store in _SERVERS.items():
        if word in server.lower():
            return Evidence(store, f"Server: {server.strip()}")
    if "fuseki-request-id" in reply.headers:
        return Evidence(Store.FUSEKI, "a Fuseki-Request-ID")
    if "x-first-solution-millis" in reply.headers:
        return Evidence(Store.BLAZEGRAPH, "an X-First-Solution-Millis")
    content = reply.content if isinstance(reply.content, dict) else {}
    if "query-time-ms" in str(content.get("meta", "")):
        return Evidence(Store.QLEVER, "answers with meta.query-time-ms")
    return None


def _by_description(client: SparqlClient) -> Evidence | None:
    """By what an endpoint says of itself when it is asked nothing (SPARQL 1.1 Service Description)."""
    headers = {"User-Agent": client.agent, "Accept": "text/turtle, application/rdf+xml;q=0.9"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(client.url, headers=headers), timeout=_SECONDS
        ) as answer:
            text = answer.read(_DESCRIPTION_BYTES).decode(errors="replace").lower()
    except (OSError, ValueError, urllib.error.URLError):  # most have none
        return None
    for word, store in _DESCRIPTIONS.items():
        if word in text:
            return Evidence(store, f"its description speaks of {word}")
    return None


def _by_own_words(client: SparqlClient) -> Evidence:
    for store, question in _OWN_WORDS.items():
        try:
            rows = client.select(question, seconds=_SECONDS)
        except (GraphError, LimitReached):  # not its words
            continue
        if [row["x"].text for row in rows if "x" in row] == ["KGQA"]:
            return Evidence(store, "it understands words of its own")
    return Evidence(Store.OTHER, "nothing that it answers tells")
