"""Knowledge graphs: built from many kinds of sources, opened by path or address.

``open_graph`` is the door; what it gives is a ``KnowledgeGraph``, and above it nobody asks which kind.
"""

from kgqa.graphs.building.build import BuildReport, build_graph
from kgqa.graphs.embedded import EmbeddedGraph
from kgqa.graphs.opening import cache_folder, open_graph
from kgqa.graphs.protocol import Among, Direction, Fact, GraphInfo, Hit, How, KnowledgeGraph, RelationUse
from kgqa.graphs.readers.record import Object, Rank, Record, Statement

__all__ = [
    "Among",
    "BuildReport",
    "Direction",
    "EmbeddedGraph",
    "Fact",
    "GraphInfo",
    "Hit",
    "How",
    "KnowledgeGraph",
    "Object",
    "Rank",
    "Record",
    "RelationUse",
    "Statement",
    "build_graph",
    "cache_folder",
    "open_graph",
]
