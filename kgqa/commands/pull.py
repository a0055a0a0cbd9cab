"""The verb that makes a local graph from an endpoint: ``kgqa graph pull``."""

from __future__ import annotations

from typing import Annotated

import typer

from kgqa.commands.options import JsonOption, OutFolder, print_json, say


def pull(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The URL of a SPARQL endpoint.")],
    out: OutFolder,
    seeds: Annotated[
        list[str] | None,
        typer.Option("--seed", metavar="ID", help="An entity to start from; as often as wanted."),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="ID", help="A type whose members to start from; as often as wanted."),
    ] = None,
    hops: Annotated[int, typer.Option("--hops", min=0, help="How far to go from these, either way.")] = 1,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Entities fetched with all their facts.")
    ] = 10_000,
    into: Annotated[
        int, typer.Option("--into", min=0, help="Of what leads to one entity, so many are followed.")
    ] = 100,
    pause: Annotated[
        float, typer.Option("--pause", min=0.0, help="Seconds between two requests, at least.")
    ] = 0.5,
    contact: Annotated[
        str | None,
        typer.Option("--contact", envvar="KGQA_CONTACT", help="Your address, sent with every request."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; else the name of DIR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a local graph around entities or types of an endpoint.

    Interrupted or killed, the same command goes on where it was.

    \b
    kgqa graph pull https://query.wikidata.org/sparql --contact you@example.org \\
        --seed Q42574 --type Q11424 --hops 1 --limit 5000 --out graphs/cameron
    kgqa graph pull http://localhost:7878/query --type http://example.org/Ship --out graphs/ships
    """
    from dataclasses import asdict

    from kgqa.commands.terminal import console, print_info, show_progress
    from kgqa.graphs.endpoints.pull import Wish, pull_graph
    from kgqa.graphs.opening import open_endpoint

    wish = Wish(tuple(seeds or ()), tuple(types or ()), hops=hops, limit=limit, into=into)
    graph = open_endpoint(endpoint, contact=contact, keep=False, pause=pause)
    with show_progress() as progress:
        report = pull_graph(graph, out, wish, name=name, progress=progress)
    for left in report.left_out[:20]:
        say(f"left out: {left}")
    if len(report.left_out) > 20:
        say(f"left out: {len(report.left_out) - 20:,} more")
    if as_json:
        record = {
            "folder": str(report.build.folder),
            "fetched": report.entities,
            "mentioned": report.mentioned,
            "requests": report.requests,
            "left_out": len(report.left_out),
        }
        print_json({**asdict(report.build.info), **record})
    else:
        say(
            f"built {report.build.folder}: {report.entities:,} entities with their facts, "
            f"{report.mentioned:,} mentioned by them, {report.requests:,} requests"
        )
        print_info(report.build.info, console())
