"""A form's second meaning: one SPARQL 1.1 query with the same answer.

Results: ``SELECT ?x`` (entities or values), ``SELECT ?n`` (a number), ``SELECT ?n1 ?n2 ...`` (several),
``ASK`` (a truth value), ``SELECT ?b1 ?b2 ...`` (several).

Every form becomes a group of triples and filters that binds one variable; a map binds a second one, its key.
Where the elements of a map and what they own must be told apart (a count of 0), ``_keys`` gives the elements.

What a query cannot know:

- Wikidata's plain RDF gives a date by its first day, without its precision. Dates that a form names keep
  theirs and become exact ranges; dates of the graph are compared as days ("1776" as 1 January 1776), and
  1 January 1776 and the year 1776 are one value. In the same way amounts lose their unit.
- union, intersect and difference take literals as the same when they are the same terms; a store may spell
  a value in another way than the form does.
- A name that the graph does not have gives an empty answer rather than an error.
- A statement of an unknown value ("some value") counts as a statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grammar.errors import FormError
from grammar.forms import Call, EntityLeaf, LogicalForm, RelationLeaf, TypeLeaf, stated_relation
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME, Sort
from grammar.sparql.compiler import Compile, Compiler, block, lines
from grammar.sparql.graph_model import PLAIN, WIKIDATA, GraphModel
from grammar.sparql.lines import TESTS, compare_numbers, hold_against

__all__ = ["COMPILERS", "PLAIN", "WIKIDATA", "GraphModel", "to_sparql"]

_MAPS = (Sort.EACH_ENTITIES, Sort.EACH_VALUES, Sort.EACH_STATEMENTS, Sort.EACH_NUMBER)


def to_sparql(form: LogicalForm, *, model: GraphModel = WIKIDATA) -> str:
    """The query that a form means (see the module's text for its result).

    Raises:
        FormError: the form's sort answers no question, a name cannot be one of the graph's, the graph has no
            statements, or the query would be too long.
    """
    c = Compiler(model, COMPILERS)
    if form.sort in (Sort.ENTITIES, Sort.VALUES):
        body = f"SELECT DISTINCT ?x WHERE {block(c.rows(form, '?x'))}"
    elif form.sort is Sort.NUMBER:
        body = f"SELECT ?n WHERE {block(c.rows(form, '?n'))}"
    elif form.sort is Sort.BOOLEAN:
        body = f"ASK {block(_ask(c, form))}"
    elif form.sort in (Sort.NUMBERS, Sort.BOOLEANS):
        name = "?n" if form.sort is Sort.NUMBERS else "?b"
        columns = " ".join(f"{name}{k}" for k, _ in enumerate(_parts(form), start=1))
        body = f"SELECT {columns} WHERE {block(c.rows(form, name))}"
    else:
        raise FormError(
            f"expected a form that answers a question, found one of sort {form.sort.value}: {form}"
        )
    used = [name for name in model.prefixes if re.search(rf"\b{name}:", body)]
    return "".join(f"PREFIX {name}: <{model.prefixes[name]}>\n" for name in used) + body + "\n"


def _key(c: Compiler, form: LogicalForm) -> str:
    """A variable for the key where the form is a map, else nothing."""
    return c.fresh("k") if form.sort in _MAPS else ""


def _name(form: LogicalForm) -> str:
    assert isinstance(form, (RelationLeaf, TypeLeaf))
    return form.name


# --- graph, statements, classes -----------------------------------------------------------------------


def _reader(of: str, kind: str) -> Compile:
    """Operators that read facts: ``of`` says which relation, ``kind`` what they find."""

    def compile_(c: Compiler, form: Call, x: str, key: str) -> str:
        group, term = c.term(form.arguments[0], "e" if of == "direct" else "s", key)
        relation = c.model.relation(_relation(form), of=of)
        check = c.model.is_entity if kind == "entities" else c.model.is_value
        return lines(group, f"{term} {relation} {x} .", f"FILTER({check.format(x)})")

    return compile_


def _relation(form: Call) -> str:
    """The relation that an operator names or, of ``object``, the one that its statements have."""
    return _name(stated_relation(form) if len(form.arguments) == 1 else form.arguments[1])


def _follow_back(c: Compiler, form: Call, x: str, key: str) -> str:
    group, term = c.term(form.arguments[0], "e", key)
    return lines(group, f"{x} {c.model.relation(_relation(form))} {term} .")


def _statements(c: Compiler, form: Call, x: str, key: str) -> str:
    group, term = c.term(form.arguments[0], "e", key)
    relation = c.model.relation(_relation(form), of="node")
    return lines(group, f"{term} {relation} {x} .", f"{x} a wikibase:BestRank .")


def _where(c: Compiler, form: Call, s: str, key: str) -> str:
    argument, relation, wanted = form.arguments
    qualifier = c.model.relation(_name(relation), of="qualifier")
    if relation == stated_relation(argument):
        qualifier += f"|{c.model.relation(_name(relation), of='object')}"
    group = c.rows(argument, s, key)
    if wanted.sort is Sort.ENTITIES:
        others, term = c.term(wanted, "e")
        return lines(group, others, f"{s} {qualifier} {term} .")
    q = c.fresh("v")
    held = hold_against(c, "equals", q, wanted)
    stated = f"{s} {qualifier} {q} . FILTER({held.test})"
    if _name(relation) != POINT_IN_TIME or not held.first:
        return lines(group, held.group, stated)
    start, end = c.model.relation(START_TIME, of="qualifier"), c.model.relation(END_TIME, of="qualifier")
    b = c.fresh("v")
    is_time, low, high = (t.format(b) for t in (c.model.is_time, c.model.low, c.model.high))
    return lines(
        group,
        held.group,
        f"FILTER(EXISTS {{ {stated} }} || (",
        f"  {held.is_time} &&" if held.is_time else "",
        f"  EXISTS {{ {s} {start}|{end} {b} . FILTER({is_time}) }}",
        f"  && NOT EXISTS {{ {s} {start} {b} . FILTER({is_time} && {low} > {held.last}) }}",
        f"  && NOT EXISTS {{ {s} {end} {b} . FILTER({is_time} && {high} < {held.first}) }}))",
    )


def _outermost(pick: str) -> Compile:
    """``first`` (MIN) and ``last`` (MAX): of every element, the statements whose qualifier lies outermost."""

    def compile_(c: Compiler, form: Call, s: str, key: str) -> str:
        argument = form.arguments[0]
        best, place, qualifier = c.fresh("c"), c.fresh("c"), c.model.relation(_relation(form), of="qualifier")

        def placed(statement: str, at: str, key: str) -> str:
            q = c.fresh("v")
            return lines(
                c.rows(argument, statement, key),
                f"{statement} {qualifier} {q} .",
                # Ordinals are strings in Wikidata.
                f"BIND(IF(DATATYPE({q}) = xsd:string, xsd:double({q}), {q}) AS {at})",
                f"FILTER(isNumeric({at}) || {c.model.is_time.format(at)})",
            )

        inner = placed(c.fresh("s"), at := c.fresh("c"), key)
        group_by = f" GROUP BY {key}" if key else ""
        select = f"SELECT {key + ' ' if key else ''}({pick}({at}) AS {best}) WHERE {block(inner)}{group_by}"
        return lines(block(placed(s, place, key)), block(select), f"FILTER({place} = {best})")

    return compile_


def _members(c: Compiler, form: Call, x: str, key: str) -> str:
    return f"{x} {c.model.instance} {c.model.entity(_name(form.arguments[0]))} ."


def _keep(c: Compiler, form: Call, x: str, key: str) -> str:
    type_name = c.model.entity(_name(form.arguments[1]))
    return lines(c.rows(form.arguments[0], x, key), f"{x} {c.model.instance} {type_name} .")


# --- sets ---------------------------------------------------------------------------------------------


def _right(c: Compiler, form: Call, x: str, key: str) -> str:
    right = form.arguments[1]
    return c.rows(right, x, key if right.sort in _MAPS else "")


def _union(c: Compiler, form: Call, x: str, key: str) -> str:
    left = form.arguments[0]
    right = _right(c, form, x, key)
    if key and form.arguments[1].sort not in _MAPS:
        right = lines(_keys(c, left, key), right)  # the same set for every element
    return f"{block(c.rows(left, x, key))} UNION {block(right)}"


def _intersect(c: Compiler, form: Call, x: str, key: str) -> str:
    return lines(block(c.rows(form.arguments[0], x, key)), block(_right(c, form, x, key)))


def _difference(c: Compiler, form: Call, x: str, key: str) -> str:
    left, right = c.rows(form.arguments[0], x, key), _right(c, form, x, key)
    return block(f"{block(left)} MINUS {block(right)}")


# --- truth values -------------------------------------------------------------------------------------


def _ask(c: Compiler, form: LogicalForm) -> str:
    """What ASK asks: shorter than the general way where nothing need be counted."""
    assert isinstance(form, Call)
    first = form.arguments[0]
    if form.operator == "exists":
        return c.rows(first, c.fresh("x"))
    if form.operator == "is_in" and isinstance(first, EntityLeaf) and len(first.names) == 1:
        x = c.fresh("e")
        return lines(c.rows(first, x), c.rows(form.arguments[1], x))
    truth = c.fresh("t")
    return lines(c.rows(form, truth), f"FILTER({truth})")


def _count(inner: str, count: str, *, of: str = "*") -> str:
    return block(f"SELECT (COUNT({of}) AS {count}) WHERE {block(inner)}")


def _is_in(c: Compiler, form: Call, truth: str, key: str) -> str:
    left, right = form.arguments
    x, all_, outside = c.fresh("e"), c.fresh("c"), c.fresh("c")
    rest = f"{block(c.rows(left, x))} MINUS {block(c.rows(right, x))}"
    return lines(
        _count(c.rows(left, c.fresh("e")), all_),
        _count(rest, outside),
        f"BIND({all_} > 0 && {outside} = 0 AS {truth})",
    )


def _exists(c: Compiler, form: Call, truth: str, key: str) -> str:
    count = c.fresh("c")
    return lines(_count(c.rows(form.arguments[0], c.fresh("x")), count), f"BIND({count} > 0 AS {truth})")


# --- numbers ------------------------------------------------------------------------------------------


def _cardinality(c: Compiler, form: Call, n: str, key: str) -> str:
    argument, x = form.arguments[0], c.fresh("x")
    rows = c.rows(argument, x, key)
    if not key:
        return _count(rows, n, of=f"DISTINCT {x}")
    if not _owns_something(argument):
        elements = f"SELECT DISTINCT {key} WHERE {block(_keys(c, argument, key))}"
        rows = f"{block(elements)}\nOPTIONAL {block(rows)}"
    return block(f"SELECT {key} (COUNT(DISTINCT {x}) AS {n}) WHERE {block(rows)} {_grouped(key)}")


def _grouped(key: str) -> str:
    # HAVING changes nothing, but rdflib makes a group of unbound variables where there is none at all.
    return f"GROUP BY {key} HAVING (BOUND({key}))"


def _extreme(pick: str) -> Compile:
    """``max`` and ``min``: the outermost of all rows, in a sub-select, and the rows that reach it."""

    def compile_(c: Compiler, form: Call, x: str, key: str) -> str:
        argument = form.arguments[0]
        other, best = c.fresh("x"), c.fresh("c")
        here = c.rows(argument, x, key)
        inner = c.rows(argument, other, _key(c, argument))
        if form.sort is Sort.EACH_NUMBER:
            select = f"SELECT ({pick}({other}) AS {best}) WHERE {block(inner)}"
            return lines(here, block(select), f"FILTER({x} = {best})")
        kind = c.fresh("t")
        # A stretch of time is outermost when it is not wholly before (after) another.
        near, far = (c.model.low, c.model.high) if pick == "MAX" else (c.model.high, c.model.low)
        comparison = ">=" if pick == "MAX" else "<="
        line = lines(
            inner,
            f"FILTER(isNumeric({other}) || {c.model.is_time.format(other)})",
            f"BIND(isNumeric({other}) AS {kind})",
        )
        select = f"SELECT {kind} ({pick}({near.format(other)}) AS {best}) WHERE {block(line)} GROUP BY {kind}"
        on_line = f"(isNumeric({x}) || {c.model.is_time.format(x)})"
        reaches = f"isNumeric({x}) = {kind} && {far.format(x)} {comparison} {best}"
        return lines(here, block(select), f"FILTER({on_line} && {reaches})")

    return compile_


def _sum(c: Compiler, form: Call, n: str, key: str) -> str:
    left, right = form.arguments
    if not key:
        (first, a), (second, b) = c.term(left, "c"), c.term(right, "c")
        return lines(first, second, f"BIND({a} + {b} AS {n})")
    count = c.fresh("c")
    both = f"{block(c.rows(left, count, key))} UNION {block(c.rows(right, count, key))}"
    return block(
        f"SELECT {key} (SUM({count}) AS {n}) WHERE {block(both)} GROUP BY {key} HAVING (BOUND({key}))"
    )


def _comparison(test: str) -> Compile:
    def compile_(c: Compiler, form: Call, x: str, key: str) -> str:
        argument, wanted = form.arguments
        if argument.sort in (Sort.NUMBER, Sort.EACH_NUMBER):
            others, n = c.term(wanted, "c")
            if argument.sort is Sort.NUMBER:
                group, left = c.term(argument, "c")
                return lines(group, others, f"BIND({compare_numbers(test, left, n)} AS {x})")
            here = lines(c.rows(argument, x, key), others)
            if test == "around":
                return lines(here, _within_deviation(c, argument, x, n))
            return lines(here, f"FILTER({compare_numbers(test, x, n)})")
        held = hold_against(c, test, x, wanted)
        return lines(c.rows(argument, x, key), held.group, f"FILTER({held.test})")

    return compile_


def _within_deviation(c: Compiler, argument: LogicalForm, x: str, n: str) -> str:
    """That ``x`` lies within the standard deviation of a map of counts: as ``lines.within_deviation``."""
    other, count, total, squares = c.fresh("x"), *(c.fresh("c") for _ in range(3))
    sums = f"(COUNT({other}) AS {count}) (SUM({other}) AS {total}) (SUM({other} * {other}) AS {squares})"
    inner = block(c.rows(argument, other, _key(c, argument)))
    # Whole numbers: an average would be rounded, and there is no root in SPARQL.
    spread = f"{count} * {squares} - {total} * {total}"
    return lines(
        block(f"SELECT {sums} WHERE {inner}"),
        f"FILTER({spread} >= {count} * {count} * ({x} - {n}) * ({x} - {n}))",
    )


# --- each, answers ------------------------------------------------------------------------------------


def _for_each(c: Compiler, form: Call, x: str, key: str) -> str:
    return block(lines(c.rows(form.arguments[0], key), f"BIND({key} AS {x})"))


def _arg(c: Compiler, form: Call, x: str, key: str) -> str:
    return c.term(form.arguments[0], "x", x)[0]


def _owns_something(form: LogicalForm) -> bool:
    """Whether every element of a map of sets owns something, so that its pairs alone show its elements."""
    return isinstance(form, Call) and form.operator not in (
        *("keep", "where", "first", "last"),
        *("union", "intersect", "difference"),
    )


def _keys(c: Compiler, form: LogicalForm, key: str) -> str:
    """A group that binds ``key`` to every element of a map of sets, also to those that own nothing."""
    assert isinstance(form, Call)
    if _owns_something(form):
        return c.term(form, "x", key)[0]
    left = _keys(c, form.arguments[0], key)
    if form.operator in ("union", "intersect", "difference") and form.arguments[1].sort in _MAPS:
        return f"{block(left)} UNION {block(_keys(c, form.arguments[1], key))}"
    return left


def _parts(form: LogicalForm) -> Iterator[LogicalForm]:
    """The answers that ``pair`` lines up."""
    while isinstance(form, Call) and form.operator == "pair":
        yield form.arguments[0]
        form = form.arguments[1]
    yield form


def _pair(c: Compiler, form: Call, x: str, key: str) -> str:
    parts = enumerate(_parts(form), start=1)
    return lines(*(block(c.rows(part, f"{x}{k}")) for k, part in parts))


COMPILERS: dict[str, Compile] = {
    "follow": _reader("direct", "entities"),
    "follow_back": _follow_back,
    "value": _reader("direct", "values"),
    "statements": _statements,
    "qualifier": _reader("qualifier", "entities"),
    "qualifier_value": _reader("qualifier", "values"),
    "where": _where,
    "first": _outermost("MIN"),
    "last": _outermost("MAX"),
    "object": _reader("object", "entities"),
    "object_value": _reader("object", "values"),
    "members": _members,
    "keep": _keep,
    "union": _union,
    "intersect": _intersect,
    "difference": _difference,
    "is_in": _is_in,
    "exists": _exists,
    "cardinality": _cardinality,
    "max": _extreme("MAX"),
    "min": _extreme("MIN"),
    "sum": _sum,
    **{test: _comparison(test) for test in (*TESTS, "around")},
    "for_each": _for_each,
    "arg": _arg,
    "pair": _pair,
}
"""Operator -> how it is compiled. A test holds this against the table."""
