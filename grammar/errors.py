"""Every error that kgqa raises on purpose.

    KgqaError                      something a user can put right: one line, no traceback
    ├── FormError                  a logical form that cannot be
    │   ├── FormSyntaxError        the text is not a form (carries the column)
    │   └── SortError              the text is a form, but its sorts do not fit
    ├── ExecutionError             a form that cannot be answered on this graph
    │   ├── UnknownName            an entity, relation or type that the graph does not have
    │   └── LimitReached           more elements or more seconds than allowed
    │       ├── TimedOut           an endpoint did not answer in time, or broke off when its own time was over
    │       ├── TooBusy            an endpoint asks for more patience than there is (carries the seconds)
    │       └── TooLarge           an endpoint answers with more bytes than allowed
    ├── GraphError                 a graph that cannot be built, opened or reached
    │   ├── Unreachable            nobody answers at the address of an endpoint, or something breaks there
    │   ├── Refused                an endpoint says no: the question, the address or the right to ask
    │   └── Malformed              an endpoint answers with something that is no SPARQL result
    ├── DataError                  a dataset file that cannot be read
    ├── ConfigError                an unknown or impossible setting
    └── CheckpointError            weights that do not fit this grammar or this code

A message says what was expected, what was found, where, and what to do. Anything that is not a
``KgqaError`` is a bug of kgqa and keeps its traceback.
"""

from __future__ import annotations


class KgqaError(Exception):
    """Base of every error that a user can put right."""


class FormError(KgqaError):
    """A logical form that cannot be."""


class FormSyntaxError(FormError):
    """Text that is not a form; the message shows the text with a caret under ``column``."""

    def __init__(self, message: str, *, text: str, column: int) -> None:
        self.text = text
        self.column = column
        start = max(0, column - 60)
        shown = text[start : column + 40].replace("\n", " ")
        super().__init__(f"{message} (column {column + 1})\n  {shown}\n  {' ' * (column - start)}^")


class SortError(FormError):
    """A form whose arguments do not have the sorts its operators take."""


class ExecutionError(KgqaError):
    """A well-formed form that cannot be answered on this graph. Never the same as an empty answer."""


class UnknownName(ExecutionError):
    """A name that the graph does not have."""

    def __init__(self, name: str, *, expected: str, graph: str, hint: str = "") -> None:
        self.name = name
        self.expected = expected
        super().__init__(f"{name!r} is no {expected} of the graph {graph!r}{'; ' + hint if hint else ''}")


class LimitReached(ExecutionError):
    """Execution was stopped because it would have taken too many elements or too long."""


class TimedOut(LimitReached):
    """An endpoint did not answer in time, or broke its answer off when its own time was over."""


class TooBusy(LimitReached):
    """An endpoint asks for more patience than there is; ``wait`` in seconds from now."""

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait


class TooLarge(LimitReached):
    """An endpoint answers with more bytes than allowed."""


class GraphError(KgqaError):
    """A graph that cannot be built, opened or reached."""


class Unreachable(GraphError):
    """Nobody answers at the address of an endpoint, or something breaks there."""


class Refused(GraphError):
    """An endpoint says no: the question, the address or the right to ask."""


class Malformed(GraphError):
    """An endpoint answers with something that is no SPARQL result."""


class DataError(KgqaError):
    """A dataset file that cannot be read; the message names file and place."""


class ConfigError(KgqaError):
    """An unknown or impossible setting."""


class CheckpointError(KgqaError):
    """A checkpoint that does not fit the grammar or the code that opens it."""
