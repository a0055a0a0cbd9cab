"""A form's second meaning: one SPARQL 1.1 query that gives the same answer. Read ``compile`` first.

compile      an operator, a piece of query
compiler     names and blocks that the pieces share
lines        comparisons as expressions
graph_model  how a graph lies in RDF: Wikidata's way, or plain
"""

from grammar.sparql.compile import COMPILERS, to_sparql
from grammar.sparql.graph_model import PLAIN, WIKIDATA, GraphModel, plain_model, wikidata_model

__all__ = ["COMPILERS", "PLAIN", "WIKIDATA", "GraphModel", "plain_model", "to_sparql", "wikidata_model"]
