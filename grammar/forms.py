"""Logical forms: frozen trees of operators over leaves, with their text and their action sequence.

The text is what people read and write::

    arg(max(cardinality(follow(for_each(keep(follow_back(Q4465, P57), Q11424)), P161))))

An entity leaf is an id or several in braces, ``{Q64 Q90}``. Whether an id is an entity, a relation or a
type follows from its position. Ids with other characters, such as IRIs, are written ``<http://...>``.
Actions are the same tree in prefix order: operator names and leaves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grammar.errors import FormError, FormSyntaxError, SortError
from grammar.operators import LEAF_SORTS, OPERATORS, ROOT_SORTS, Operator, Signature, Sort
from grammar.values import NUMBER, VALUE_PATTERN, Value, format_number, value_of_match

MAX_TEXT = 20_000
MAX_NODES = 400
_BARE_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_QUOTED_NAME = re.compile(r"<[^<>\s\"{}|\\^`]+>")
_TOKEN = re.compile(
    rf"\s*(?:(?P<value>{VALUE_PATTERN.pattern})|(?P<number>{NUMBER})|(?P<name>{_BARE_NAME.pattern})"
    rf"|(?P<iri>{_QUOTED_NAME.pattern})|(?P<mark>[(),{{}}]))"
)


def write_name(name: str) -> str:
    """An id as it stands in a form: bare where that is unambiguous, else in angle brackets."""
    return name if _BARE_NAME.fullmatch(name) and name not in OPERATORS else f"<{name}>"


@dataclass(frozen=True)
class EntityLeaf:
    """One entity, or several taken together (a previous answer); sorted and without repeats."""

    names: tuple[str, ...]

    sort = Sort.ENTITIES

    def __post_init__(self) -> None:
        if not self.names:
            raise FormError("an entity leaf needs at least one entity")
        object.__setattr__(self, "names", tuple(sorted(set(self.names))))

    def __str__(self) -> str:
        names = " ".join(write_name(name) for name in self.names)
        return names if len(self.names) == 1 else f"{{{names}}}"


@dataclass(frozen=True)
class RelationLeaf:
    """A relation."""

    name: str

    sort = Sort.RELATION

    def __str__(self) -> str:
        return write_name(self.name)


@dataclass(frozen=True)
class TypeLeaf:
    """A type (a class of entities)."""

    name: str

    sort = Sort.TYPE

    def __str__(self) -> str:
        return write_name(self.name)


@dataclass(frozen=True)
class NumberLeaf:
    """A plain number, such as the 5 of "at least 5"."""

    number: float

    sort = Sort.NUMBER

    def __post_init__(self) -> None:
        if not math.isfinite(self.number):
            raise FormError(f"expected a finite number, found {self.number}")

    def __str__(self) -> str:
        return format_number(self.number)


@dataclass(frozen=True)
class ValueLeaf:
    """A literal value, such as a date that the question names."""

    value: Value

    sort = Sort.VALUES

    def __str__(self) -> str:
        return str(self.value)


Leaf: TypeAlias = EntityLeaf | RelationLeaf | TypeLeaf | NumberLeaf | ValueLeaf
Action: TypeAlias = str | Leaf
"""One step of the action sequence: an operator's name, or a leaf."""


@dataclass(frozen=True)
class Call:
    """An operator applied to forms. Checked when made: the arguments have the sorts the operator takes.

    Raises:
        SortError: they have not.
    """

    operator: str
    arguments: tuple[LogicalForm, ...]

    def __post_init__(self) -> None:
        row = OPERATORS.get(self.operator)
        if row is None:
            raise SortError(f"{self.operator!r} is no operator; the operators are {', '.join(OPERATORS)}")
        sorts = tuple(argument.sort for argument in self.arguments)
        sort = row.result(sorts)
        if sort is None:
            raise SortError(
                f"{self.operator} takes {_written_signatures(row)}, found ({', '.join(map(repr, sorts))}) "
                f"in {self.operator}({', '.join(map(str, self.arguments))})"
            )
        object.__setattr__(self, "_sort", sort)
        # Forms are keys of the memo of execution and of the search: hash once, not at every lookup.
        object.__setattr__(self, "_hash", hash((self.operator, self.arguments)))

    @property
    def sort(self) -> Sort:
        """What the form denotes."""
        return self._sort  # type: ignore[attr-defined, no-any-return]

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined, no-any-return]

    def __str__(self) -> str:
        return f"{self.operator}({', '.join(map(str, self.arguments))})"


LogicalForm: TypeAlias = Call | Leaf


def call(operator: str, *arguments: LogicalForm) -> Call:
    """Apply an operator.

    >>> str(call("follow", EntityLeaf(("Q30",)), RelationLeaf("P36")))
    'follow(Q30, P36)'
    """
    return Call(operator, arguments)


def _written_signatures(operator: Operator) -> str:
    return " or ".join(f"({', '.join(map(repr, s.arguments))})" for s in operator.signatures)


# --- walking -----------------------------------------------------------------------------------------


def subforms(form: LogicalForm) -> Iterator[LogicalForm]:
    """The form and everything in it, in prefix order."""
    yield form
    if isinstance(form, Call):
        for argument in form.arguments:
            yield from subforms(argument)


def leaves(form: LogicalForm) -> Iterator[Leaf]:
    """Its leaves, left to right, repeats included."""
    for part in subforms(form):
        if not isinstance(part, Call):
            yield part


def stated_relation(form: LogicalForm) -> RelationLeaf:
    """The relation of the statements (all are of one) that a form denotes or gives the objects of."""
    while isinstance(form, Call) and form.operator != "statements":
        form = form.arguments[0]
    assert isinstance(form, Call)
    relation = form.arguments[1]
    assert isinstance(relation, RelationLeaf)
    return relation


def size(form: LogicalForm) -> int:
    """How many actions it takes."""
    return sum(1 for _ in subforms(form))


def replace(form: LogicalForm, replacements: Mapping[LogicalForm, LogicalForm]) -> LogicalForm:
    """The form with every occurrence of the given parts replaced; sorts are checked again."""
    if form in replacements:
        return replacements[form]
    if isinstance(form, Call):
        return Call(form.operator, tuple(replace(argument, replacements) for argument in form.arguments))
    return form


def normalise(form: LogicalForm) -> LogicalForm:
    """One form for all that differ only in the order of commutative arguments (for exact match)."""
    if not isinstance(form, Call):
        return form
    arguments = [normalise(argument) for argument in form.arguments]
    if OPERATORS[form.operator].commutative and len({argument.sort for argument in arguments}) == 1:
        arguments.sort(key=str)
    return Call(form.operator, tuple(arguments))


# --- actions -----------------------------------------------------------------------------------------


def to_actions(form: LogicalForm) -> list[Action]:
    """The form in prefix order: operator names and leaves."""
    return [part.operator if isinstance(part, Call) else part for part in subforms(form)]


def from_actions(actions: Sequence[Action]) -> LogicalForm:
    """The form that an action sequence stands for; the inverse of ``to_actions``.

    Raises:
        FormError: the sequence ends too early or too late, or its sorts do not fit.
    """
    position = 0

    def build() -> LogicalForm:
        nonlocal position
        if position >= len(actions):
            raise FormError(f"the action sequence ends too early, after {len(actions)} actions")
        action = actions[position]
        position += 1
        if not isinstance(action, str):
            return action
        row = OPERATORS.get(action)
        if row is None:
            raise FormError(f"action {position} is no operator: {action!r}")
        return Call(action, tuple(build() for _ in range(row.arity)))

    form = build()
    if position != len(actions):
        raise FormError(f"the form is complete after {position} actions, found {len(actions)}")
    return form


# --- reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int
    value: Value | None = None


@dataclass(frozen=True)
class _Node:
    """A read but not yet typed form: a call, or a leaf that may still be of several sorts."""

    column: int
    sorts: frozenset[Sort]
    operator: str | None = None
    arguments: tuple[_Node, ...] = ()
    names: tuple[str, ...] = ()
    literal: NumberLeaf | ValueLeaf | None = None


def read_form(text: str, *, sorts: Sequence[Sort] = ROOT_SORTS, longest: int = MAX_TEXT) -> LogicalForm:
    """Read a form from its text of at most ``longest`` characters; ``sorts`` are those it may have.

    Raises:
        FormSyntaxError: the text is no form; shown with a caret.
        SortError: the arguments of an operator do not fit.
    """
    if len(text) > longest:
        raise FormError(f"a form may have {longest} characters, found {len(text)}")
    node = _Reader(text).read()
    fitting = [sort for sort in sorts if sort in node.sorts]
    if not fitting:
        found = " or ".join(sorted(sort.value for sort in node.sorts))
        expected = " or ".join(sort.value for sort in sorts)
        raise SortError(f"expected a form of sort {expected}, found {found}: {text.strip()[:80]!r}")
    return _resolve(node, fitting[0])


class _Reader:
    """Recursive descent over tokens; every complaint points at a column."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokenise())
        self.position = 0
        self.nodes = 0

    def _tokenise(self) -> Iterator[_Token]:
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                column = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise FormSyntaxError("no form has this here", text=self.text, column=column)
            kind = next(k for k in ("value", "number", "name", "iri", "mark") if match[k] is not None)
            column = match.start(kind)
            value = None
            if kind == "value":
                try:
                    value = value_of_match(match)
                except ValueError as error:
                    raise FormSyntaxError(str(error), text=self.text, column=column) from None
            yield _Token(kind, match[kind], column, value)
            position = match.end()
        yield _Token("end", "", end)

    def _fail(self, message: str) -> FormSyntaxError:
        token = self.tokens[self.position]
        found = f"found {token.text!r}" if token.kind != "end" else "found the end"
        return FormSyntaxError(f"{message}, {found}", text=self.text, column=token.column)

    def _take(self, mark: str) -> bool:
        taken = self.tokens[self.position].text == mark and self.tokens[self.position].kind == "mark"
        self.position += taken
        return taken

    def read(self) -> _Node:
        node = self._node(depth=0)
        if self.tokens[self.position].kind != "end":
            raise self._fail("expected the form to end here")
        return node

    def _node(self, depth: int) -> _Node:
        token = self.tokens[self.position]
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_NODES // 4:
            raise FormError(f"a form may have {MAX_NODES} parts and be {MAX_NODES // 4} deep")
        if token.kind == "number":
            self.position += 1
            return _Node(token.column, frozenset([Sort.NUMBER]), literal=NumberLeaf(float(token.text)))
        if token.value is not None:
            self.position += 1
            return _Node(token.column, frozenset([Sort.VALUES]), literal=ValueLeaf(token.value))
        if self._take("{"):
            names = [self._name()]
            while not self._take("}"):
                self._take(",")
                names.append(self._name())
            return _Node(token.column, frozenset([Sort.ENTITIES]), names=tuple(names))
        name = self._name()
        if token.kind == "name" and self._take("("):
            return self._call(name, token.column, depth)
        if token.kind == "name" and name in OPERATORS:
            raise self._fail(f"expected '(' after {name}")
        return _Node(token.column, frozenset([Sort.ENTITIES, Sort.RELATION, Sort.TYPE]), names=(name,))

    def _name(self) -> str:
        token = self.tokens[self.position]
        if token.kind not in ("name", "iri"):
            raise self._fail("expected an operator, an id such as Q42, a number or a value")
        self.position += 1
        return token.text.strip("<>")

    def _call(self, name: str, column: int, depth: int) -> _Node:
        row = OPERATORS.get(name)
        if row is None:
            raise FormSyntaxError(
                f"{name!r} is no operator; the operators are {', '.join(OPERATORS)}",
                text=self.text,
                column=column,
            )
        arguments = [self._node(depth + 1)]
        while self._take(","):
            arguments.append(self._node(depth + 1))
        if not self._take(")"):
            raise self._fail("expected ',' or ')'")
        fitting = [s for s in row.signatures if _fits(s, arguments)]
        if not fitting:
            found = ", ".join(" or ".join(sorted(s.value for s in a.sorts)) for a in arguments)
            raise SortError(
                f"{name} takes {_written_signatures(row)}, found ({found}) "
                f"at column {column + 1} of {self.text!r}"
            )
        return _Node(column, frozenset(s.result for s in fitting), name, tuple(arguments))


def _fits(signature: Signature, arguments: Sequence[_Node]) -> bool:
    return len(signature.arguments) == len(arguments) and all(
        sort in node.sorts for sort, node in zip(signature.arguments, arguments, strict=True)
    )


def _resolve(node: _Node, sort: Sort) -> LogicalForm:
    if node.operator is not None:
        signature = next(
            s for s in OPERATORS[node.operator].signatures if s.result == sort and _fits(s, node.arguments)
        )
        pairs = zip(node.arguments, signature.arguments, strict=True)
        return Call(node.operator, tuple(_resolve(argument, wanted) for argument, wanted in pairs))
    if node.literal is not None:
        return node.literal
    return leaf_of(sort, node.names)


def leaf_of(sort: Sort, names: Sequence[str]) -> EntityLeaf | RelationLeaf | TypeLeaf:
    """The leaf of a sort that these ids make."""
    if sort is Sort.ENTITIES:
        return EntityLeaf(tuple(names))
    if sort not in LEAF_SORTS or len(names) != 1:
        raise SortError(f"no leaf of sort {sort!r} can be made of {names!r}")
    return RelationLeaf(names[0]) if sort is Sort.RELATION else TypeLeaf(names[0])
