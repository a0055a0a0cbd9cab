"""Answers on a terminal, and the chat that is held there.

:why     how the last answer came about: in words, as a form, as SPARQL, and the facts behind it
:graph   what the graph holds        :reset  a new dialogue
:help    these commands              :quit   (or Ctrl-D)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.filesize import decimal, pick_unit_and_suffix
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from grammar.errors import DataError, ExecutionError, GraphError
from kgqa.answer import Answer, Answered, Failed
from kgqa.answer_record import form_english, form_sparql, linked_record, message_of, shown_links
from kgqa.chat import Chat, Parser
from kgqa.commands.questions import Asked
from kgqa.graphs.protocol import GraphInfo
from kgqa.readable import fact_text

_COMMANDS = {
    ":why": "how the last answer came about: in words, as a form, as SPARQL, and the facts behind it",
    ":graph": "what the graph holds",
    ":reset": "start a new dialogue",
    ":help": "this list",
    ":quit": "leave (so does Ctrl-D)",
}
_MOST_FACTS = 6
_WIDE, _SPEAK_EVERY = 100, 60.0
"""Columns from which a bar has room, and seconds between lines where there is no terminal."""
_WELCOME = (
    "Ask about the graph “{name}”{holds}. Follow-up questions and "
    "corrections (“I meant Paris, Texas”) are understood. :why explains an answer, :help lists the commands."
)


def console() -> Console:
    """What goes to stdout; no colour where that is a file or pipe."""
    return Console(highlight=False)


@contextmanager
def show_progress() -> Iterator[Callable[..., None]]:
    """Progress on stderr, as bars on a terminal and else as a line a minute.

    It is called with what is done (and, after a comma, how it goes), how much of it, of how much, and in
    which unit.
    """
    on_terminal, screen = sys.stderr.isatty(), Console(stderr=True)
    wide = screen.width >= _WIDE
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40 if wide else 10),
        _Amounts(),
        *([TimeElapsedColumn()] if wide else []),
        console=screen,
        transient=True,
        disable=not on_terminal,
    )
    tasks: dict[str, TaskID] = {}
    spoken = time.monotonic()

    def tell(what: str, done: int, total: int | None = None, unit: str = "") -> None:
        nonlocal spoken
        name = what.partition(",")[0]
        if name not in tasks:
            tasks[name] = bar.add_task(what, total=total, unit=unit)
        bar.update(tasks[name], description=what, completed=done, total=total)
        if not on_terminal and time.monotonic() - spoken >= _SPEAK_EVERY:
            spoken = time.monotonic()
            task = next(task for task in bar.tasks if task.id == tasks[name])
            print(f"{what}: {_Amounts().render(task)}", file=sys.stderr, flush=True)

    with bar:
        yield tell


class _Amounts(ProgressColumn):
    """How much of how much; for bytes also the rate and the time that remains."""

    def render(self, task: Task) -> Text:
        if task.fields["unit"] != "bytes":
            return Text(f"{task.completed:,.0f}" + (f" of {task.total:,.0f}" if task.total else ""))
        size, name = pick_unit_and_suffix(int(task.total or 0), ["bytes", "kB", "MB", "GB", "TB"], 1000)
        shown = f"{task.completed / size:,.1f}/{(task.total or 0) / size:,.1f} {name}"
        if speed := task.finished_speed or task.speed:
            shown += f", {decimal(int(speed))}/s"
        if task.time_remaining and not task.finished:
            shown += f", {timedelta(seconds=int(task.time_remaining))} left"
        return Text(shown)


def print_answer(answer: Answer, console: Console) -> None:
    """The answer, or what a dialogue says instead, on one line."""
    style = "bold" if isinstance(answer, Answered) else "yellow"
    console.print(Text(message_of(answer), style=style), soft_wrap=True)


def print_reasons(answer: Answer, parser: Parser, console: Console, *, sparql: bool = True) -> None:
    """What was linked, the form in words and as it is, its SPARQL, and the facts behind the answer."""
    graph = parser.graph
    links = [linked_record(candidate, graph, answer.question) for candidate in shown_links(answer)]
    named = [f"{link['label'] or link['id']} ({link['id']})" for link in links]
    _row("linked", " · ".join(named) if named else "nothing", console)
    if answer.links.unlinked and not isinstance(answer, Answered):
        _row("unknown", " · ".join(answer.links.unlinked), console)
    if not isinstance(answer, Answered | Failed):
        return
    _row("means", form_english(answer.form, graph), console)
    _row("form", str(answer.form), console)
    if sparql:
        _row("SPARQL", form_sparql(answer.form).strip(), console)
    if isinstance(answer, Answered):
        facts = [fact_text(fact, graph) for fact in answer.evidence[:_MOST_FACTS]]
        if len(answer.evidence) > _MOST_FACTS:
            facts.append(f"and {len(answer.evidence) - _MOST_FACTS} more")
        _row("facts", "\n".join(facts) if facts else "none were needed", console)


def _row(name: str, text: str, console: Console) -> None:
    for number, line in enumerate(text.splitlines() or [""]):
        head = Text(f"  {name if number == 0 else '':8}", style="cyan")
        console.print(head + Text(line, style="dim" if name == "SPARQL" else ""), soft_wrap=True)


def print_info(info: GraphInfo, console: Console) -> None:
    """What a graph holds, a line a number."""
    for key, value in asdict(info).items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        console.print(Text(f"{key:12}", style="cyan") + Text(shown), soft_wrap=True)


def print_coverage(record: Mapping[str, Any], console: Console) -> None:
    """How many questions of each type have a form (the object that ``supervise --json`` prints)."""
    table = Table(box=None, header_style="cyan")
    table.add_column("type")
    for name in ("turns", "covered", "coverage"):
        table.add_column(name, justify="right")
    rows = [*record["by_type"].items(), ("all", record)]
    for name, row in rows:
        table.add_row(name or "-", f"{row['turns']:,}", f"{row['covered']:,}", f"{row['coverage']:.1%}")
    console.print(table)
    console.print(f"{record['seconds']:.1f} s, {record['turns_per_second']:.1f} questions a second")


def play(script: Iterable[Asked], parser: Parser, console: Console) -> Chat:
    """Ask the questions of scripted dialogues one after another and show how each answer comes about."""
    chat = Chat(parser)
    dialogue: str | None = None
    for asked in script:
        if asked.conversation != dialogue:
            chat.reset()
            dialogue = asked.conversation
            console.print(Text(f"\n── {dialogue} ".ljust(72, "─"), style="dim"), soft_wrap=True)
        console.print(Text("\n> ", style="cyan") + Text(asked.text), soft_wrap=True)
        answer = chat.ask(asked.text)
        print_answer(answer, console)
        print_reasons(answer, parser, console, sparql=False)
    return chat


def converse(chat: Chat, console: Console) -> None:
    """Hold a chat until the input ends or ``:quit``."""
    graph = chat.parser.graph
    holds = ""
    if "://" not in graph.name:  # an endpoint would have to count all that it has
        info = graph.info()
        holds = f": {info.entities:,} entities, {info.triples:,} facts"
    console.print(Text("\n" + _WELCOME.format(name=graph.name, holds=holds), style="dim"))
    while True:
        try:
            line = _read_line(console)
        except EOFError:
            console.print()
            return
        if line in (":quit", ":q", ":exit"):
            return
        try:
            if line.startswith(":"):
                _command(line, chat, console)
            elif line:
                print_answer(chat.ask(line), console)
        except (DataError, ExecutionError, GraphError) as error:  # an endpoint may be away for a moment
            console.print(Text(str(error), style="yellow"), soft_wrap=True)


def _read_line(console: Console) -> str:
    """The next line of the person, who can edit it where that is possible; a pipe's is shown."""
    console.print()
    if not sys.stdin.isatty():
        try:
            line = input().strip()
        except UnicodeDecodeError:
            raise DataError("stdin: expected UTF-8 text, found other bytes; give questions") from None
        console.print(
            Text("> ", style="cyan") + Text(line if line.isprintable() else repr(line)[:80]), soft_wrap=True
        )
        return line
    with suppress(ImportError):  # not on Windows: there the console itself edits
        import readline  # noqa: F401
    return input("> ").strip()


def _command(line: str, chat: Chat, console: Console) -> None:
    if line == ":why":
        if chat.last is None:
            console.print("Nothing has been asked yet.")
        else:
            print_reasons(chat.last, chat.parser, console)
    elif line == ":graph":
        print_info(chat.parser.graph.info(), console)
    elif line == ":reset":
        chat.reset()
        console.print("A new dialogue.")
    else:
        if line != ":help":
            console.print(Text(f"{line} is no command. The commands are:", style="yellow"), soft_wrap=True)
        for command, meaning in _COMMANDS.items():
            console.print(Text(f"{command:8}", style="cyan") + Text(meaning), soft_wrap=True)
