"""The command line: verbs, and nothing else. What takes long to import is imported inside its verb.

A mistake of the user's ends with one line on stderr and exit code 2, Ctrl-C with 130; a bug keeps its
traceback. Results go to stdout, progress and warnings to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from grammar.errors import ConfigError, DataError, KgqaError
from kgqa.commands.graph import form_app, graph_app
from kgqa.commands.learning import evaluate, split, synthesize, train
from kgqa.commands.options import DeviceOption, GraphOption, ModelOption, open_parser, print_json
from kgqa.commands.pull import pull
from kgqa.commands.supervising import rerank, supervise

app = typer.Typer(
    name="kgqa",
    help="Questions in conversations, answered over a knowledge graph.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
graph_app.command()(pull)
app.add_typer(graph_app, name="graph")
app.add_typer(form_app, name="form")
for verb in (split, supervise, rerank, synthesize, train, evaluate):
    app.command()(verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the arguments are the process's own if left out."""
    try:
        app(None if arguments is None else list(arguments))
    except KgqaError as error:
        _complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(error: KgqaError) -> None:
    lines = [line.strip() for line in str(error).splitlines()]
    print(f"kgqa: {': '.join(line for line in lines if line.strip('^'))}", file=sys.stderr)


@app.command()
def answer(
    question: Annotated[
        str | None,
        typer.Argument(metavar="QUESTION|FILE.jsonl|-", help="A question, a file of them, or - for stdin."),
    ] = None,
    graph: GraphOption = None,
    model: ModelOption = None,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE.jsonl", help="The turns before the question.")
    ] = None,
    device: DeviceOption = "auto",
    show_context: Annotated[
        bool, typer.Option("--show-context", help="Also print what the model sees of the question, as JSON.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; of a file or pipe, one on each line.")
    ] = False,
) -> None:
    """Answer one question, a file of questions, or a pipe.

    A line of a file is {"question": ...}, or a question as it is; lines with the same "conversation" follow
    one another in one dialogue.

    \b
    kgqa answer "Who directed Titanic?"
    kgqa answer "When was he born?" --history turns.jsonl --json
    kgqa answer "Who directed Titanic?" --show-context
    kgqa answer questions.jsonl --json > answers.jsonl
    echo "Who directed Titanic?" | kgqa answer -
    """
    from kgqa.answer_record import answer_record
    from kgqa.chat import Chat, check_question
    from kgqa.commands.questions import answer_all, is_file, open_questions, read_history
    from kgqa.commands.terminal import console, print_answer
    from kgqa.conversation import Conversation

    if question is None and sys.stdin.isatty():
        raise DataError("expected a question, a file of questions, or - for stdin, found none of them")
    one = question if question not in (None, "-") and not is_file(question) else None
    if one is not None:
        check_question(one)  # before anything slow
    elif show_context:
        raise DataError("expected one question with --show-context, found several; ask one")
    before = read_history(history) if history else Conversation()
    broken: list[DataError] = []
    asked = open_questions(question, on_error=broken.append) if one is None else []
    parser = open_parser(graph, model, device)
    if one is not None:
        seen = {"context": parser.context(before, one).to_json()} if show_context else {}
        given = Chat(parser, before).ask(one)
        if as_json:
            print_json({**answer_record(given, parser.graph), **seen})
        else:
            if show_context:
                print_json(seen)
            print_answer(given, console())
    for keys, outcome in answer_all(asked, lambda: Chat(parser, before), broken=broken, complain=_complain):
        if as_json:
            print_json({**keys, **answer_record(outcome, parser.graph)})
        else:
            print_answer(outcome, console())
    if broken:
        raise DataError(f"{len(broken)} of the lines could not be answered, the first was {broken[0]}")


@app.command()
def chat(
    graph: GraphOption = None,
    model: ModelOption = None,
    demo: Annotated[bool, typer.Option("--demo", help="First show a scripted dialogue.")] = False,
    device: DeviceOption = "auto",
) -> None:
    """Chat with a graph: follow-up questions, corrections, and :why for each answer.

    \b
    kgqa chat
    kgqa chat --demo
    kgqa chat --graph graphs/wikidata --model runs/first
    """
    from kgqa.bundled import bundled
    from kgqa.chat import Chat
    from kgqa.commands.questions import open_questions
    from kgqa.commands.terminal import console, converse, play

    script = list(open_questions(str(bundled("dialogues") / "demo.jsonl"))) if demo else []
    parser = open_parser(graph, model, device)
    talk = play(script, parser, console()) if demo else Chat(parser)
    if not demo or (sys.stdin.isatty() and sys.stdout.isatty()):
        converse(talk, console())


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on.")] = 8000,
    graph: GraphOption = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Serve POST /api/chat and a page that chats with it.

    \b
    kgqa serve
    kgqa serve --port 9000 --graph graphs/wikidata --model runs/first
    """
    try:
        from serve.app import run
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise ConfigError(
            f"expected the package {error.name!r}, which serving needs: pip install 'kgqa[serve]'"
        ) from None
    from kgqa.bundled import bundled
    from kgqa.commands.questions import open_questions

    # The questions of the demo are about the bundled graph; those that open a dialogue can be asked alone.
    opening: dict[str | None, str] = {}
    if graph is None:
        for asked in open_questions(str(bundled("dialogues") / "demo.jsonl")):
            opening.setdefault(asked.conversation, asked.text)
    run(open_parser(graph, model, device), host=host, port=port, examples=list(opening.values()))
