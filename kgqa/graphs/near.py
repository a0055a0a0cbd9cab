"""Entities one fact away from others, on any graph."""

from __future__ import annotations

import numpy as np

from grammar.denotation import EMPTY, IntArray
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.protocol import KnowledgeGraph


def near(graph: KnowledgeGraph, entities: IntArray, *, most: int) -> IntArray:
    """Entities that a fact joins with any of these, without these, sorted.

    Args:
        entities: numbers; -1 is left out.
        most: relations with more facts than this there are left out ("country" at a country).
    """
    entities = np.unique(entities[entities >= 0])
    if isinstance(graph, EndpointGraph):  # one request instead of one a relation
        return np.setdiff1d(graph.near(entities, most=most), entities)
    found = [EMPTY]
    for use in graph.neighbourhood(entities):
        if use.count <= most and use.direction != "literal":
            facts = graph.objects if use.direction == "out" else graph.subjects
            found.append(facts(entities, use.relation).items)
    return np.setdiff1d(np.concatenate(found), entities)
