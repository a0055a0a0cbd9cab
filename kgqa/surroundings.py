"""What of dialogue and graph goes into a context: linked entities, relations and types around them.

Relations come from the words of the question, from similarity of meaning and from the neighbourhood of the
entities; types also from what the likeliest relations lead to. Large sets are looked at through their
first elements, and of everything only the likeliest is kept (``ContextConfig``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from grammar.forms import EntityLeaf, Leaf, LogicalForm, RelationLeaf, call, leaf_of, to_actions
from grammar.offers import Offers
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME, Sort
from kgqa.associations import Among, Associations
from kgqa.config import ContextConfig
from kgqa.context import Context, ContextObject, ContextTurn
from kgqa.conversation import Conversation
from kgqa.graph_text import GraphText
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking import Candidate, Links

_ALWAYS = (POINT_IN_TIME, START_TIME, END_TIME)
_AMONG: Mapping[Sort, Among] = {Sort.RELATION: "relations", Sort.TYPE: "types"}
_LEARNT = 10  # names that training associates with one question
_MOST_NEAR = 200  # entities of a set whose neighbourhood is looked at
_DOMAINS = 3  # types of the question whose members are asked which relations they have
_LEADING = 5  # entities whose facts say which types are asked for
_LEADING_BACK = 10  # relations that are followed back from them, too: a hub has many subjects
_TYPES_OF_ONE = 4  # types of what one relation leads to


def build_context(
    question: str,
    conversation: Conversation,
    links: Links,
    text: GraphText,
    *,
    offers: Offers,
    associations: Associations,
    config: ContextConfig,
) -> Context:
    """Put together what the model sees of a question; ``offers`` are those of the same graph.

    Nothing of a gold annotation can come in here: the arguments cannot hold it.
    """
    asked = [question, *(turn.question for turn in conversation.turns[: -config.history_turns - 1 : -1])]
    previous = _previous_form(conversation)
    in_form = {leaf for leaf in to_actions(previous) if not isinstance(leaf, str)} if previous else set()
    entities = _entities(links, in_form, text, config.entities)
    words = _Words(links, in_form, associations, asked)
    relations = _relations(words, entities, text, asked, config.relations)
    led_to: dict[str, float] = {}
    if offers.are_cheap:
        relations, led_to = _leading(entities, _of_types(words, relations, offers), text)
    objects = [
        *entities,
        *relations,
        *_types(words, entities, led_to, text, asked, config.types),
        *_plain(links, in_form, Sort.NUMBER, config.numbers),
        *_plain(links, in_form, Sort.VALUES, config.values),
    ]
    turns = _turns(conversation, {o.leaf: k for k, o in reversed(list(enumerate(objects)))}, config)
    return Context(question, turns, tuple(objects)).less(config.without)


def _previous_form(conversation: Conversation) -> LogicalForm | None:
    if conversation.asked_back:  # what was asked before that is not what the reply takes up
        return None
    answers = [
        turn.answer for turn in reversed(conversation.turns) if turn.answer and not turn.answer.asks_back
    ]
    return answers[0].form if answers else None


def _of_sort(links: Links, in_form: Iterable[Leaf], sort: Sort) -> list[Candidate]:
    """Candidates of a sort, best first, with the leaves of the previous form among them."""
    found = dict.fromkeys(c.leaf for c in links.candidates if c.leaf.sort is sort)
    candidates = {c.leaf: c for c in reversed(links.candidates)}
    for leaf in sorted(in_form, key=str):
        if leaf.sort is sort and leaf not in found:
            found[leaf] = None
            candidates[leaf] = Candidate(leaf=leaf, how="form", score=0.0, span=None, turn=1)
    return [candidates[leaf] for leaf in found]


class _Words:
    """Relations and types that the words of the question, or of the dialogue, stand for."""

    def __init__(
        self, links: Links, in_form: Iterable[Leaf], associations: Associations, asked: Sequence[str]
    ) -> None:
        self.found: dict[Sort, dict[str, Candidate]] = {}
        for sort, among in _AMONG.items():
            found = {str(getattr(c.leaf, "name", "")): c for c in _of_sort(links, in_form, sort)}
            for turn, question in enumerate(asked):
                for name, score in associations.find(question, among=among, limit=_LEARNT):
                    if name not in found or found[name].score < score:
                        span = found[name].span if name in found else None
                        found[name] = Candidate(leaf_of(sort, [name]), "learnt", score, span, turn)
            self.found[sort] = found


def _share(number: float) -> float:
    return round(math.log1p(number) / 10, 3)


def _entities(links: Links, in_form: Iterable[Leaf], text: GraphText, limit: int) -> list[ContextObject]:
    chosen: list[ContextObject] = []
    pointing = links.pointing[0] if len(links.pointing) == 1 else None
    for candidate in _of_sort(links, in_form, Sort.ENTITIES)[:limit]:
        assert isinstance(candidate.leaf, EntityLeaf)
        names = candidate.leaf.names
        known = text.graph.entities(names[:1])
        degree = int(text.graph.degree(known)[0]) if len(names) == 1 and known[0] >= 0 else len(names)
        chosen.append(
            ContextObject(
                leaf=candidate.leaf,
                text=text.entity(names),
                how=candidate.how,
                score=round(candidate.score, 3),
                turn=candidate.turn,
                weight=_share(degree),
                span=candidate.span or (pointing if candidate.turn else None),
            )
        )
    return chosen


def _near(
    entities: Sequence[ContextObject], graph: KnowledgeGraph
) -> tuple[dict[str, set[str]], dict[str, int]]:
    """For every relation around the entities, how it hangs together with them, and its number of facts."""
    near: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for where, here in (("question", True), ("dialogue", False)):
        names = [
            n
            for o in entities
            if (o.turn == 0) == here and isinstance(o.leaf, EntityLeaf)
            for n in o.leaf.names
        ]
        numbers = graph.entities(sorted(set(names))[:_MOST_NEAR])
        numbers = np.unique(numbers[numbers >= 0])
        for use in graph.neighbourhood(numbers) if len(numbers) else ():
            near.setdefault(use.relation, set()).add(f"{use.direction}:{where}")
            counts[use.relation] = counts.get(use.relation, 0) + use.count
    return near, counts


def _relations(
    words: _Words, entities: Sequence[ContextObject], text: GraphText, asked: Sequence[str], limit: int
) -> list[ContextObject]:
    spoken = words.found[Sort.RELATION]
    similar = text.similar_relations(asked)
    near, counts = _near(entities, text.graph)
    for name in _ALWAYS:
        near.setdefault(name, set()).add("qualifier")
    names = {name for name in (*spoken, *near, *similar.top(limit)) if name in text.relation_rows}

    def rank(name: str) -> float:
        # Words and meaning first; a relation that the entities have beats one that they have not.
        word = spoken.get(name)
        known = similar.of(name) + (word.score + 2.0 * (word.how == "form") if word else 0.0)
        around = near.get(name, set())
        return (
            known
            + 0.25 * bool(around - {"qualifier"})
            + 0.3 * (name in _ALWAYS)
            + _share(counts.get(name, 0)) / 100
        )

    return [
        _named_object(
            leaf_of(Sort.RELATION, [name]),
            text.relation(name),
            spoken.get(name),
            similar.of(name),
            near=tuple(sorted(near.get(name, ()))),
            weight=_share(counts.get(name, 0)),
        )
        for name in sorted(names, key=lambda name: (-rank(name), name))[:limit]
    ]


def _of_types(words: _Words, relations: Sequence[ContextObject], offers: Offers) -> list[ContextObject]:
    """The relations; marked is which of them members of the types have that are named, and which way."""
    spoken = sorted(words.found[Sort.TYPE].values(), key=lambda c: (c.turn, -c.score))[:_DOMAINS]
    domains = [call("members", c.leaf) for c in spoken]
    marked = []
    for relation in relations:
        assert isinstance(relation.leaf, RelationLeaf)
        ways = [
            way
            for way, operator in (("in:type", "follow_back"), ("out:type", "follow"))
            if any(offers.share(domain, operator, relation.leaf.name) > 0 for domain in domains)
        ]
        marked.append(replace(relation, near=(*relation.near, *ways)) if ways else relation)
    return marked


def _leading(
    entities: Sequence[ContextObject], relations: Sequence[ContextObject], text: GraphText
) -> tuple[list[ContextObject], dict[str, float]]:
    """The relations with what they lead to, and the types of what the likeliest of them lead to from the
    likeliest entities: 1 for the likeliest, less for others. Which type a question asks for is often not
    said, but follows from the relation."""
    graph = text.graph
    told = list(relations)
    names = {n for o in entities[:_LEADING] if isinstance(o.leaf, EntityLeaf) for n in o.leaf.names}
    numbers = graph.entities(sorted(names)[:_MOST_NEAR])
    numbers = np.unique(numbers[numbers >= 0])
    found: dict[str, float] = {}
    for place, relation in enumerate(relations if len(numbers) else ()):
        assert isinstance(relation.leaf, RelationLeaf)
        leads = ""
        back = (("in:", graph.subjects),) if place < _LEADING_BACK else ()
        for direction, look_up in (("out:", graph.objects), *back):
            if any(near.startswith(direction) and near != f"{direction}type" for near in relation.near):
                reached = np.unique(look_up(numbers, relation.leaf.name).items)[:_MOST_NEAR]
                kinds, uses = np.unique(graph.types(reached).items, return_counts=True)
                best = np.argsort(-uses, kind="stable")[:_TYPES_OF_ONE]
                leads = leads or ", ".join(map(text.type, graph.entity_names(kinds[best[:2]])))
                for name, count in zip(graph.entity_names(kinds[best]), uses[best], strict=True):
                    likely = count / len(reached) / (1 + 0.2 * place)
                    found[name] = max(found.get(name, 0.0), round(float(likely), 3))
        told[place] = replace(relation, leads=leads)
    return told, found


def _types(
    words: _Words,
    entities: Sequence[ContextObject],
    led_to: Mapping[str, float],
    text: GraphText,
    asked: Sequence[str],
    limit: int,
) -> list[ContextObject]:
    spoken = words.found[Sort.TYPE]
    similar = text.similar_types(asked)
    members = [n for o in entities if isinstance(o.leaf, EntityLeaf) for n in o.leaf.names[:5]]
    numbers = text.graph.entities(members)
    kinds, uses = np.unique(text.graph.types(numbers[numbers >= 0]).items, return_counts=True)
    near = text.graph.entity_names(kinds[np.argsort(-uses, kind="stable")[:limit]])
    names = {name for name in (*spoken, *near, *led_to, *similar.top(limit)) if name in text.type_rows}

    def rank(name: str) -> float:
        word = spoken.get(name)
        return (
            similar.of(name)
            + (1.5 * word.score + 2.0 * (word.how == "form") if word else 0.0)
            + 0.1 * (name in near)
            + led_to.get(name, 0.0)
        )

    return [
        _named_object(
            leaf_of(Sort.TYPE, [name]),
            text.type(name),
            spoken.get(name),
            similar.of(name),
            how="near" if name in near or name in led_to else "meaning",
            weight=led_to.get(name, 0.0),
        )
        for name in sorted(names, key=lambda name: (-rank(name), name))[:limit]
    ]


def _named_object(
    leaf: Leaf,
    text: str,
    word: Candidate | None,
    similarity: float,
    *,
    near: tuple[str, ...] = (),
    weight: float = 0.0,
    how: str = "",
) -> ContextObject:
    """A relation or type; ``word`` is the candidate that the words of the dialogue gave, if they gave it."""
    return ContextObject(
        leaf=leaf,
        text=text,
        how=word.how if word else how or ("near" if near else "meaning"),
        score=round(word.score, 3) if word else 0.0,
        similarity=round(similarity, 3),
        turn=word.turn if word else 0,
        weight=weight,
        span=word.span if word else None,
        near=near,
    )


def _plain(links: Links, in_form: Iterable[Leaf], sort: Sort, limit: int) -> list[ContextObject]:
    """Numbers and values as the question and the dialogue name them."""
    return [
        ContextObject(
            leaf=c.leaf,
            text=str(c.leaf).strip('@"'),
            how=c.how,
            score=round(c.score, 3),
            turn=c.turn,
            span=c.span,
        )
        for c in _of_sort(links, in_form, sort)[:limit]
    ]


def _turns(
    conversation: Conversation, positions: Mapping[Leaf, int], config: ContextConfig
) -> tuple[ContextTurn, ...]:
    turns: list[ContextTurn] = []
    for ago, turn in enumerate(list(reversed(conversation.turns))[: config.history_turns]):
        form = turn.answer.form if turn.answer and not (conversation.asked_back and ago) else None
        actions: list[str | int] = []
        for action in to_actions(form)[: config.form_actions] if form else []:
            if isinstance(action, str):
                actions.append(action)
            elif action in positions:
                actions.append(positions[action])
        turns.append(ContextTurn(turn.question, turn.answer.text if turn.answer else "", tuple(actions)))
    return tuple(turns)
