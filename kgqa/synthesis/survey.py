"""What synthesis has to know of a graph: whom to talk about, what they are called, what is known of them."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from grammar.denotation import IntArray
from grammar.errors import GraphError
from grammar.values import Kind
from kgqa.graphs.protocol import Direction, KnowledgeGraph
from kgqa.graphs.rdf_terms import RDF_TYPE
from kgqa.synthesis.english import (
    HE,
    IT,
    SHE,
    THEY,
    Name,
    RelationWording,
    expansions,
    lowered,
    plural,
    reads_like,
    skeleton,
    without_signs,
    wordings,
)
from kgqa.synthesis.labels import KIND, Ends, bare, is_noun, words_for
from kgqa.synthesis.phrases import Phrases, phrases_of
from kgqa.synthesis.relations import PLACE_RELATIONS, SAID_BY, SILENT, reads_as_noun

_GENDER, _MALE, _FEMALE = "P21", "Q6581097", "Q6581072"
_OCCUPATION = "P106"
_OF_PEOPLE = re.compile(
    r"\b(birth|born|birthday|gender|spouse|married|given name|first name|surname|family name)\b"
)
_OF_PLACES = re.compile(
    r"\b(city|town|village|country|state|region|province|county|district|place|location|site|continent|island|"
    r"museum|gallery|building|house|hall|room|venue|theatre|theater|station|airport|school|university|hospital|"
    r"store|shop|library|office|branch|warehouse|park|street|stadium|restaurant|hotel|plant|factory|lab|"
    r"laboratory)$",
    re.IGNORECASE,
)
_MOST_TYPE_WORDS = 4


@dataclass(frozen=True)
class Use:
    """A relation that an entity has, and how many facts of it."""

    relation: str
    direction: Direction
    count: int


@dataclass
class Survey:
    """A graph seen with the eyes of somebody who makes up questions. Everything looked up is kept."""

    graph: KnowledgeGraph
    _labels: dict[str, str | None] = field(default_factory=dict, repr=False)
    _uses: dict[str, tuple[Use, ...]] = field(default_factory=dict, repr=False)
    _types: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _wordings: dict[str, RelationWording] = field(default_factory=dict, repr=False)
    _aliases: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _namesakes: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _ends: dict[str, Ends] = field(default_factory=dict, repr=False)
    _phrases: dict[str, tuple[Phrases, Phrases]] = field(default_factory=dict, repr=False)
    _said: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Members of every type that has a label and at least two members with labels, best known first.

        Raises:
            GraphError: there is no such type.
        """
        found: dict[str, list[str]] = {}
        for name in sorted(self.graph.type_names()):
            numbers = self.graph.members(name)
            if len(numbers) < 2 or self.label(name) is None:
                continue
            numbers = numbers[np.argsort(-self.graph.degree(numbers), kind="stable")][:20_000]
            names = [n for n in self.graph.entity_names(numbers) if self.label(n)]
            if len(names) >= 2:
                found[name] = names
        if not found:
            raise GraphError(
                f"expected a graph with types and labels to make up dialogues about, found no type with two "
                f"labelled members in {self.graph.name!r}: add 'instance of' facts and labels to it"
            )
        return found

    @cached_property
    def _type_of_word(self) -> dict[str, str]:
        """A type's word belongs to the type that has most members among those called so."""
        owners: dict[str, str] = {}
        for name in sorted(self.members, key=lambda n: (-len(self.members[n]), n)):
            for one, many in self._all_type_words(name):
                owners.setdefault(one, name)
                owners.setdefault(many, name)
        return owners

    def _all_type_words(self, type_name: str) -> list[tuple[str, str]]:
        words = list(wordings().types.get(type_name, ()))
        label = self.label(type_name)
        if label and not words:
            label = without_signs(label if self.is_wikidata else lowered(label))
            words = [(label, plural(label))] if label else []
        return words[:_MOST_TYPE_WORDS]

    def type_words(self, type_name: str) -> list[tuple[str, str]]:
        """Words for one and for many of the type that mean no other type; perhaps none."""
        if type_name not in self.members:
            return []
        return [w for w in self._all_type_words(type_name) if self._type_of_word.get(w[0]) == type_name]

    def like(self, type_name: str, rng: random.Random) -> str:
        """A member of the type, the known ones more often."""
        names = self.members[type_name]
        return names[int(len(names) * rng.random() ** 1.7)]

    # Words.
    def label(self, name: str) -> str | None:
        """What it is called; None where it has no label that a person could type."""
        if name not in self._labels:
            label = self.graph.label(name)
            short = re.sub(r" \([^()]*\)$", "", label) if label else None
            if label and short != label and short and name in self.graph.exact([short])[0]:
                label = short  # nobody types "Alien (film)"
            self._labels[name] = label if label and len(label) <= 80 else None
        return self._labels[name]

    def number(self, name: str) -> IntArray:
        """The graph's number of an entity, [1]."""
        return self.graph.entities([name])

    def aliases(self, name: str) -> tuple[str, ...]:
        """Other names that share a word with the label, or are its initials, and mean nothing else."""
        if name not in self._aliases:
            label = self.label(name) or ""
            words = set(re.findall(r"\w+", label.lower()))
            initials = "".join(word[0] for word in label.split() if word[:1].isupper())
            kept = [
                alias
                for alias in self.graph.aliases(name)
                if 2 <= len(alias) <= 40
                and alias.isascii()
                and (reads_like(alias, words, self.is_person(name)) or alias.replace(".", "") == initials)
            ]
            found = self.graph.exact(kept) if kept else []
            self._aliases[name] = tuple(a for a, names in zip(kept, found, strict=True) if names == [name])
        return self._aliases[name]

    def namesakes(self, name: str) -> tuple[str, ...]:
        """Entities whose label is the same, the entity itself included."""
        if name not in self._namesakes:
            label = self.label(name) or ""
            same = [n for n in self.graph.exact([label])[0] if (self.label(n) or "").lower() == label.lower()]
            self._namesakes[name] = tuple(same)
        return self._namesakes[name]

    def wording(self, relation: str) -> RelationWording:
        """How one asks about the relation: from the table, or made of its label."""
        if relation not in self._wordings:
            known = wordings().relations.get(relation)
            if known is None:
                known = self._worded_by_label(relation)
            self._wordings[relation] = known
        return self._wordings[relation]

    def _worded_by_label(self, relation: str) -> RelationWording:
        if relation == RDF_TYPE:
            return KIND
        label, ends = self.label(relation) or relation, self.ends(relation)
        alike = wordings().alike.get((label, ends.leads))
        return words_for(label, ends) if alike is None else wordings().relations[alike]

    def phrases(self, relation: str, direction: Direction) -> Phrases:
        """What is said of those from whom the direction leads: of subjects where it is "out"."""
        if relation not in self._phrases:
            labels = [n for n in (self.label(relation), *self.graph.aliases(relation)) if n][:5]
            nouns = self.relation_nouns(relation)[:3]
            self._phrases[relation] = phrases_of(self.wording(relation), nouns=nouns, labels=labels)
        return self._phrases[relation][0 if direction == "out" else 1]

    def ends(self, relation: str) -> Ends:
        """What a relation leads to, as far as members of types show."""
        if relation not in self._ends:
            self._ends[relation] = self._look_at_ends(relation)
        return self._ends[relation]

    def _look_at_ends(self, relation: str) -> Ends:
        literals = self.graph.literals(self._sample, relation).items[:60]
        facts = self.graph.objects(self._sample, relation)
        objects = np.unique(facts.items[:200])
        if len(literals) > len(objects):
            kinds = Counter(self.graph.spans(literals).kinds.tolist())
            kind = Kind(kinds.most_common(1)[0][0])
            return Ends("times" if kind is Kind.TIME else "amounts" if kind is Kind.QUANTITY else "texts")
        names = self.graph.entity_names(objects)[:40]
        types = Counter(t for name in names for t in self.types(name))
        whole = [t for t, count in types.items() if count == len(names) and self.type_words(t)]
        type_name = min(whole, key=lambda t: len(self.members[t])) if whole else ""
        word = self.type_words(type_name)[0][0] if whole else ""
        subjects = self.graph.entity_names(self._sample[facts.owners[:20]])
        own_kind = any(type_name in self.types(name) for name in subjects)
        if names and sum(map(self.is_person, names)) > len(names) / 2:
            return Ends("people", word, own_kind)
        are_places = names and sum(map(self.is_place, names)) > len(names) / 2
        return Ends("places" if are_places else "things", word, own_kind)

    @cached_property
    def _sample(self) -> IntArray:
        """Some members of every type: who has a relation that is looked for."""
        some = [self.graph.entities(names[:: max(1, len(names) // 25)]) for names in self.members.values()]
        return np.unique(np.concatenate(some))

    def relation_nouns(self, relation: str) -> list[str]:
        """Nouns for the relation's object: the table's, its label, and aliases that are nouns; or none."""
        known = (without_signs(n) for n in (self.label(relation), *self.graph.aliases(relation)) if n)
        names = [n for n in known if 0 < len(n) < 30]
        if relation not in wordings().relations:
            nouns = [
                self.wording(relation).noun,
                *(bare(n) for n in names if is_noun(n, self.ends(relation))),
            ]
            return [n for n in dict.fromkeys(nouns) if n]
        fitting = filter(reads_as_noun, names)
        wording = self.wording(relation)
        return [n for n in dict.fromkeys([wording.noun, *wording.called, *fitting]) if n]

    def nouns_of(self, name: str, relation: str, direction: Direction) -> list[str]:
        """Those of the relation's nouns that mean no other relation when said of the entity."""
        nouns = self.relation_nouns(relation)
        return [n for n in nouns if not self._noun_means_another(n, name, relation, direction)]

    def _noun_means_another(self, noun: str, name: str, relation: str, direction: Direction) -> bool:
        ways: tuple[Direction, ...] = ("in",) if direction == "in" else ("out", "literal")
        for other in wordings().same_noun.get(noun, ()):
            if other == relation:
                return False
            if any(self.has(name, other, way) for way in ways):
                return True
        return False

    def by_noun(self, relation: str, noun: str, key: str) -> tuple[str, ...]:
        """Templates of a kind that are made of a noun for the relation, not of the table."""
        ends = self.ends(relation)
        if ends.leads == "things":
            asks = self.wording(relation)["ask"]
            somebody = sum(text.startswith("Who ") for text in asks) > len(asks) / 3
            ends = replace(ends, somebody=somebody)
        return words_for(noun, ends)[key] if relation != RDF_TYPE and is_noun(noun, ends) else ()

    # Facts.
    def uses(self, name: str) -> tuple[Use, ...]:
        """Relations of an entity that can be asked about, each way, sorted."""
        if name not in self._uses:
            found = [
                Use(use.relation, use.direction, use.count)
                for use in self.graph.neighbourhood(self.number(name))
                if self._askable(use.relation) and not self._said_by_another(use.relation, use.direction)
            ]
            self._uses[name] = tuple(sorted(found, key=lambda u: (u.relation, u.direction)))
        return self._uses[name]

    def _said_by_another(self, relation: str, direction: Direction) -> bool:
        other = SAID_BY.get((relation, direction))
        return other is not None and self.graph.has_relation(other)

    def means_another(
        self,
        kind: str,
        template: str,
        name: str,
        relation: str,
        direction: Direction,
        *,
        type_name: str | None = None,
    ) -> bool:
        """Whether the template, said of the entity, would rather be taken for another relation of it.

        Where it asks for a type, the other relation must lead to something of the type.
        """
        if relation not in wordings().relations:
            said = skeleton(template)
            others = {use.relation for use in self.uses(name)} - {relation}
            return any(said in self._skeletons(other, kind) for other in others)
        known, types = wordings().relations, set(self.types(name))
        for other, other_kind in wordings().shared.get(kind, {}).get(skeleton(template), ()):
            fits = not known[other].only_for or bool(types & set(known[other].only_for))
            if other == relation and (other_kind == kind or {other_kind, kind} == {"ask", "short"}):
                return not fits
            backward = other_kind == "back" or (other_kind == "that" and direction == "in")
            ways: tuple[Direction, ...] = ("in",) if backward else ("out", "literal")
            if fits and any(self._leads(name, other, way, type_name) for way in ways):
                return True
        return False

    def fits(self, template: str, relation: str, subject_types: Sequence[str]) -> bool:
        """Whether all the template's words can be said of a subject of the types."""
        only = self.wording(relation).only
        said = re.findall(r"\w+", template.lower()) if only else ()
        return all(not only[word].isdisjoint(subject_types) for word in said if word in only)

    def _skeletons(self, relation: str, kind: str) -> frozenset[str]:
        """Everything that is said of the relation in one way, without names."""
        key = (relation, kind)
        if key not in self._said:
            texts = (e for template in self.wording(relation)[kind] for e in expansions(template))
            self._said[key] = frozenset(map(skeleton, texts))
        return self._said[key]

    def _leads(self, name: str, relation: str, direction: Direction, type_name: str | None) -> bool:
        if not self.has(name, relation, direction) or type_name is None or direction == "literal":
            return self.has(name, relation, direction)
        read = self.graph.subjects if direction == "in" else self.graph.objects
        return bool(self.graph.are_members(read(self.number(name), relation).items, type_name).any())

    def _askable(self, relation: str) -> bool:
        if relation in SILENT:
            return False
        if relation in wordings().relations:
            return True
        label = self.label(relation)
        return label is not None and not re.search(r"\b(ID|ISBN|code|username|image|category|file)\b", label)

    def has(self, name: str, relation: str, direction: Direction) -> bool:
        """Whether the entity has such a fact."""
        return any(u.relation == relation and u.direction == direction for u in self.uses(name))

    def types(self, name: str) -> tuple[str, ...]:
        """Types of an entity that have a word, the largest first."""
        if name not in self._types:
            pairs = self.graph.types(self.number(name))
            names = [n for n in self.graph.entity_names(pairs.items) if self.type_words(n)]
            self._types[name] = tuple(sorted(names, key=lambda n: (-len(self.members[n]), n)))
        return self._types[name]

    def shared_type(self, names: Sequence[str], rng: random.Random) -> str | None:
        """A type of some of them, most often one that many of them have."""
        some = names if len(names) <= 12 else rng.sample(list(names), 12)
        counts = Counter(t for name in some for t in self.types(name))
        if not counts:
            return None
        types = sorted(counts)
        return rng.choices(types, weights=[counts[t] ** 2 * len(self.members[t]) ** 0.25 for t in types])[0]

    @cached_property
    def person_types(self) -> set[str]:
        """Types whose members are people: they are called so, or are born."""
        return {t for t in self.members if t == "Q5" or self._are_people(t)}

    def _are_people(self, type_name: str) -> bool:
        if (self.label(type_name) or "").lower() in ("human", "person", "people"):
            return True
        if self.is_wikidata:
            return False
        members = self.members[type_name]
        some = members[:: max(1, len(members) // 12)]
        labels = [{self.label(u.relation) or "" for u in self.uses(n) if u.direction != "in"} for n in some]
        return sum(any(map(_OF_PEOPLE.search, known)) for known in labels) > len(some) / 3

    @cached_property
    def is_wikidata(self) -> bool:
        """Whether its relations are Wikidata's, as far as the table of wordings goes."""
        return any(map(self.graph.has_relation, wordings().relations))

    @cached_property
    def relations(self) -> int:
        """How many relations the graph has."""
        return len(self.graph.relation_names())

    def is_person(self, name: str) -> bool:
        """Whether it is somebody rather than something."""
        return any(t in self.person_types for t in self.types(name))

    def is_place(self, name: str) -> bool:
        """Whether people may live or go there."""
        if any(u.relation in PLACE_RELATIONS and u.direction != "in" for u in self.uses(name)):
            return True
        return not self.is_wikidata and any(
            _OF_PLACES.search(self.label(t) or "") is not None for t in self.types(name)
        )

    def pronoun(self, name: str) -> Name:
        """He, she, they or it."""
        if not self.is_person(name):
            return THEY if self.is_group(name) else IT
        gender = self.graph.entity_names(self.graph.objects(self.number(name), _GENDER).items)
        if gender:
            return HE if gender == [_MALE] else SHE if gender == [_FEMALE] else THEY
        # Many graphs do not say; people would know, so somebody gets one pronoun for good.
        return (HE, SHE, THEY)[zlib.crc32(name.encode()) % 3]

    def is_group(self, name: str) -> bool:
        """Whether it is several people, a band or a club."""
        return not wordings().groups.isdisjoint(self.types(name)) and not self.is_place(name)

    def roles(self, name: str) -> list[str]:
        """What somebody is spoken of as, by occupation: "singer"."""
        if not self.is_person(name):
            return []
        found = self.graph.entity_names(self.graph.objects(self.number(name), _OCCUPATION).items)
        return [word for role in found[:4] for word in wordings().roles.get(role, ())]

    def kind_of_values(self, name: str, relation: str) -> Kind | None:
        """The kind of an entity's literals, where they lie on a line."""
        spans = self.graph.spans(self.graph.literals(self.number(name), relation).items)
        kinds = {Kind(kind) for kind, low in zip(spans.kinds, spans.low, strict=True) if not np.isnan(low)}
        return kinds.pop() if len(kinds) == 1 and kinds <= {Kind.TIME, Kind.QUANTITY} else None
