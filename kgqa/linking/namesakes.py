"""Namesakes that nothing tells apart: of one name and kind, about as well known, and none spoken of yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grammar.forms import EntityLeaf, Leaf, leaves
from kgqa.conversation import Conversation
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.agreement import telling
from kgqa.linking.linker import Candidate, Links

AS_KNOWN = 0.5
"""With at least this share of the facts of the best known, somebody is about as well known."""
MOST = 4
"""More are not asked about."""


def close_namesakes(
    name: str, question: str, links: Links, conversation: Conversation, graph: KnowledgeGraph
) -> tuple[str, ...]:
    """Who else the question's words for an entity may mean just as well, the likeliest first.

    Nobody, where the dialogue spoke of one of them before, and none that the words around the name fit less:
    "the 1998 film Psycho" is settled.
    """
    own = next((one for one in links.of(EntityLeaf) if one.leaf == EntityLeaf((name,))), None)
    if own is None or own.span is None or own.how != "exact":
        return ()
    group = list(_group(own, question, links, graph))
    if len(group) < 2 or _spoken_of(conversation).intersection(group):
        return ()
    known = graph.degree(graph.entities(group))
    enough = AS_KNOWN * known.max()
    return tuple(group[k] for k in range(1, len(group)) if min(known[0], known[k]) >= enough)[: MOST - 1]


def _group(own: Candidate, question: str, links: Links, graph: KnowledgeGraph) -> dict[str, int]:
    """Entities of one name and kind, the given one first, none that the words around the name fit less; with
    how many of these words each is described."""
    assert own.span is not None
    group = [*_names(own.leaf), *(name for one in links.candidates for name in _namesakes_of(own, one))]
    kinds = graph.types(graph.entities(group))
    alike = set(kinds.owners[np.isin(kinds.items, kinds.items[kinds.owners == 0])].tolist())
    told = telling(question, own.span, group, graph) if len(group) > 1 else [0]
    return {name: told[k] for k, name in enumerate(group) if k == 0 or (k in alike and told[k] >= told[0])}


def settled(question: str, links: Links, conversation: Conversation, graph: KnowledgeGraph) -> Links:
    """The links without namesakes of what the dialogue spoke of: "Psycho" is that one still.

    Those of another kind stay, and those that the words around the name fit better.
    """
    spoken = _spoken_of(conversation)
    dropped: set[tuple[str, ...]] = set()
    for one in links.of(EntityLeaf):
        if one.span and one.how == "exact" and spoken.issuperset(_names(one.leaf)):
            group = _group(one, question, links, graph)
            own = next(iter(group))
            if spoken.isdisjoint(group.keys() - {own}):
                dropped.update((n,) for n, told in group.items() if n != own and told == group[own])
    kept = tuple(one for one in links.candidates if _names(one.leaf) not in dropped)
    return replace(links, candidates=kept)


def _names(leaf: Leaf) -> tuple[str, ...]:
    return leaf.names if isinstance(leaf, EntityLeaf) else ()


def _namesakes_of(own: Candidate, one: Candidate) -> tuple[str, ...]:
    same = (one.span, one.how) == (own.span, own.how) and one.leaf != own.leaf
    return _names(one.leaf) if same and len(_names(one.leaf)) == 1 else ()


def _spoken_of(conversation: Conversation) -> set[str]:
    names: set[str] = set()
    for turn in conversation.turns:
        names.update(turn.mentions)
        answer = turn.answer
        if answer is not None and not answer.asks_back:
            names.update(answer.entities)
            found = leaves(answer.form) if answer.form is not None else ()
            names.update(name for leaf in found for name in _names(leaf))
    return names
