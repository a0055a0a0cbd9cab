"""The verbs about graphs and forms: ``kgqa graph ...`` and ``kgqa form ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgqa.commands.options import (
    GRAPH_HELP,
    DeviceOption,
    GraphOption,
    JsonOption,
    ModelOption,
    OutFolder,
    open_graph,
    open_parser,
    print_json,
    read_size,
    say,
)

graph_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build a graph, or look at one.")
form_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Run, translate or explain a form.")


@graph_app.command("build")
def graph_build(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE", help="Dumps of Wikidata, RDF files, folders with triples.tsv or *.jsonl."
        ),
    ],
    out: OutFolder,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a broken line instead of skipping it.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; else the name of DIR.")] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="CODES", help="Of words, best first.")
    ] = "en",
    relation: Annotated[
        str | None,
        typer.Option("--relation", metavar="IDS", help="Only facts of these relations (and types)."),
    ] = None,
    relations_from: Annotated[
        Path | None, typer.Option("--relations-from", metavar="FILE", help="The same, one id a line.")
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="IDS", help="Only entities of these types and around them."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option("--sample", metavar="ID:N", help="Only N entities of a type and around them."),
    ] = None,
    hops: Annotated[int, typer.Option("--hops", min=0, help="How far around them, in facts.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Draws the sample.")] = 0,
    memory: Annotated[
        str,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="To take, such as 500MB; more goes to the disk. Many names take 110MB at the least.",
        ),
    ] = "1GB",
    as_json: JsonOption = False,
) -> None:
    """Build a graph from facts. Lists of ids and languages are separated by commas.

    \b
    kgqa graph build tables/wikidata --out graphs/wikidata
    kgqa graph build facts.ttl more.tsv.gz --out graphs/mine --strict
    kgqa graph build latest-all.json.bz2 --out graphs/films --sample Q11424:1000 --language en,de
    """
    from dataclasses import asdict

    from kgqa.commands.terminal import console, print_info, show_progress
    from kgqa.graphs import build_graph
    from kgqa.graphs.building.names import share_one_store
    from kgqa.graphs.readers.selection import read_selection

    selection = read_selection(
        languages=language,
        relations=relation,
        relations_from=relations_from,
        types=type_,
        sample=sample,
        hops=hops,
        seed=seed,
    )
    # To keep to --memory. Not in build_graph: who chats or trains on a source builds in a process that goes
    # on, and whose threads each need a store of their own.
    share_one_store()
    with show_progress() as progress:
        report = build_graph(
            sources,
            out,
            name=name,
            strict=strict,
            selection=selection,
            memory=read_size(memory),
            progress=progress,
        )
    for message in report.messages:
        say(f"skipped: {message}")
    for what, counts in (("skipped", report.broken), ("left out", report.left_out)):
        for kind, count in sorted(counts.items(), key=lambda counted: -counted[1]):
            say(f"{what}: {count:,} x {kind}")
    if as_json:
        counted = {"skipped": report.skipped, "broken": report.broken, "left_out": report.left_out}
        print_json({**asdict(report.info), **counted, "folder": str(report.folder)})
    else:
        say(f"built {report.folder}")
        print_info(report.info, console())


@graph_app.command("info")
def graph_info(
    graph: Annotated[str | None, typer.Argument(metavar="GRAPH", help=GRAPH_HELP)] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a graph holds.

    \b
    kgqa graph info
    kgqa graph info graphs/wikidata --json
    """
    from dataclasses import asdict

    from kgqa.commands.terminal import console, print_info

    info = open_graph(graph).info()
    if as_json:
        print_json(asdict(info))
    else:
        print_info(info, console())


@graph_app.command("check")
def graph_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A built folder.")],
    as_json: JsonOption = False,
) -> None:
    """Read every byte of a built graph and say whether it is what was written.

    \b
    kgqa graph check graphs/wikidata
    """
    from dataclasses import asdict

    from kgqa.commands.terminal import show_progress
    from kgqa.graphs.check import check_graph

    with show_progress() as progress:
        checked = check_graph(folder, progress=lambda done, total: progress("bytes", done, total))
    if as_json:
        print_json({**asdict(checked), "folder": str(folder)})
    else:
        for damage in checked.damages:
            say(damage)
    checked.raise_damages()
    if not as_json:
        print(f"{folder}: whole, {checked.files} files, {checked.bytes:,} bytes")


@graph_app.command("encode")
def graph_encode(
    graph: Annotated[str | None, typer.Argument(metavar="GRAPH", help=GRAPH_HELP)] = None,
    model: ModelOption = None,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Only of so many entities, the best known.")
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Read the texts of a graph's entities ahead, so that questions are answered faster. A rerun continues.

    \b
    kgqa graph encode
    kgqa graph encode graphs/wikidata --model runs/mine --most 1000000
    """
    from kgqa.commands.terminal import show_progress
    from kgqa.entity_vectors import encode_entities

    parser = open_parser(graph, model, device)
    with show_progress() as progress:
        made = encode_entities(parser.text, most=most, progress=progress)
    record = {"entities": made.done, "bytes": made.vectors.nbytes, "folder": str(made.folder)}
    if as_json:
        print_json(record)
    else:
        say(f"{made.done:,} entities, {made.vectors.nbytes:,} bytes in {made.folder}")


# --- form ---------------------------------------------------------------------------------------------


@form_app.command("run")
def form_run(
    form: Annotated[str, typer.Argument(metavar="FORM", help="The text of a form.")],
    graph: GraphOption = None,
    as_json: JsonOption = False,
) -> None:
    """Execute a form on a graph.

    \b
    kgqa form run "follow(Q142, P36)"
    kgqa form run "cardinality(members(Q11424))" --graph graphs/wikidata --json
    """
    from grammar.forms import read_form
    from kgqa.answer_record import form_record

    read = read_form(form)
    record = form_record(read, open_graph(graph))
    if as_json:
        print_json(record)
    else:
        print(record["answer"])


@form_app.command("sparql")
def form_sparql(form: Annotated[str, typer.Argument(metavar="FORM", help="The text of a form.")]) -> None:
    """Write a form as one SPARQL query.

    \b
    kgqa form sparql "follow(Q142, P36)"
    """
    from grammar.forms import read_form
    from kgqa.answer_record import form_sparql

    print(form_sparql(read_form(form)).rstrip())


@form_app.command("explain")
def form_explain(
    form: Annotated[str, typer.Argument(metavar="FORM", help="The text of a form.")],
    graph: GraphOption = None,
) -> None:
    """Say in English what a form computes.

    \b
    kgqa form explain "follow(Q142, P36)"
    """
    from grammar.forms import read_form
    from kgqa.answer_record import form_english

    print(form_english(read_form(form), open_graph(graph)))
