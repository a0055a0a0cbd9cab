"""Where a question speaks of entities that are given along with it.

Annotated entities come in the order of their mentions, but not with the words that mean them. A name that
the graph knows is found; what the graph has no name for is found by elimination, as what is written like a
name and is nobody else's; what the dialogue has brought up is what "that city" means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from grammar.forms import EntityLeaf
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.mentions import open_stretches

Stretch = tuple[int, int]


def find_given(
    question: str,
    graph: KnowledgeGraph,
    names: Sequence[str],
    *,
    spoken_of: Set[str],
    pointing: Sequence[Stretch],
) -> Iterator[tuple[EntityLeaf, Stretch | None]]:
    """Each of the names, then all of them together, with the characters that mean it where these are found.

    Args:
        names: in the order of the question.
        spoken_of: names that the dialogue has brought up.
        pointing: stretches of the question that point at the dialogue, in order.
    """
    placed: dict[str, Stretch] = {}
    for name, label in zip(names, graph.labels(names), strict=True):
        for called in filter(None, (label, *graph.aliases(name))):
            found = re.search(rf"(?<!\w){re.escape(called)}(?!\w)", question, re.IGNORECASE)
            if found:
                placed[name] = found.span()
                break
    missing = [name for name in dict.fromkeys(names) if name not in placed]
    taken_up = [name for name in missing if name in spoken_of]
    left = question
    for start, end in placed.values():
        left = left[:start] + "," * (end - start) + left[end:]  # a comma parts names
    stretches = open_stretches(left, ())
    new = [name for name in missing if name not in spoken_of] if pointing else missing
    placed |= dict(zip(new, stretches, strict=False))
    if len(pointing) == 1:
        placed |= {name: pointing[0] for name in missing if name not in placed}
    elif len(pointing) == len(taken_up):
        placed |= dict(zip(taken_up, pointing, strict=True))
    for name in names:
        yield EntityLeaf((name,)), placed.get(name)
    if len(set(names)) > 1:
        yield EntityLeaf(tuple(names)), None
