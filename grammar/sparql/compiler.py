"""Parts of a SPARQL query: groups of triples and filters, and the compiler that puts them together."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import TypeAlias

from grammar.errors import FormError
from grammar.forms import Call, EntityLeaf, LogicalForm, NumberLeaf, ValueLeaf
from grammar.sparql.graph_model import GraphModel, write_number

MAX_VARIABLES = 2_000  # a form nested so deeply that its query doubles and doubles again is refused


def block(text: str) -> str:
    """Text in braces, indented."""
    return f"{{\n{textwrap.indent(text, '  ')}\n}}"


def lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


class Compiler:
    """What the operators share: the graph's model, one another, and a supply of variables."""

    def __init__(self, model: GraphModel, compilers: Mapping[str, Compile]) -> None:
        self.model = model
        self.compilers = compilers
        self.variables = 0

    def fresh(self, letter: str) -> str:
        """A variable not used yet. The letter says of what: e (entity), v (value), s (statement), x (any of
        them), c (count or extreme), t (truth value), k (key); never n and b, which results have."""
        self.variables += 1
        if self.variables > MAX_VARIABLES:
            raise FormError("the form is nested too deeply for one SPARQL query")
        return f"?{letter}{self.variables}"

    def rows(self, form: LogicalForm, x: str, key: str = "") -> str:
        """A group that binds ``x`` to every member of the form's denotation, and of a map ``key`` too."""
        if isinstance(form, Call):
            return self.compilers[form.operator](self, form, x, key)
        if isinstance(form, EntityLeaf):
            return f"VALUES {x} {{ {' '.join(map(self.model.entity, form.names))} }}"
        if isinstance(form, ValueLeaf):
            return f"VALUES {x} {{ {self.model.value(form.value)} }}"
        if isinstance(form, NumberLeaf):
            return f"BIND({write_number(form.number)} AS {x})"
        raise FormError(f"{form} is a {form.sort.value} and denotes nothing on its own")

    def term(self, form: LogicalForm, letter: str, key: str = "") -> tuple[str, str]:
        """As ``rows``, with a term of the compiler's choice: (group, term). The group may be empty."""
        if isinstance(form, NumberLeaf):
            return "", write_number(form.number)
        if isinstance(form, EntityLeaf) and len(form.names) == 1:
            return "", self.model.entity(form.names[0])
        if isinstance(form, Call) and form.operator == "for_each":
            return self.rows(form.arguments[0], key), key
        x = self.fresh(letter)
        return self.rows(form, x, key), x


Compile: TypeAlias = Callable[[Compiler, Call, str, str], str]
"""(compiler, form, variable, key variable or nothing) -> the group that binds them."""
