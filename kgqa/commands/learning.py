"""The verbs from data to a scored model, but for supervise: split, synthesize, train, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from grammar.errors import ConfigError, DataError
from kgqa.commands.options import (
    DatasetArgument,
    DeviceOption,
    Entities,
    GraphOption,
    History,
    JsonOption,
    LimitOption,
    ModelOption,
    OutFile,
    OutFolder,
    PathArgument,
    open_graph,
    open_parser,
    print_json,
    tell_skipped,
)


def evaluate(
    dataset: DatasetArgument,
    path: PathArgument,
    out: OutFolder,
    graph: GraphOption = None,
    model: ModelOption = None,
    entities: Annotated[
        Entities, typer.Option("--entities", help="Entities of questions.")
    ] = Entities.LINKED,
    history: Annotated[History, typer.Option("--history", help="Answers of earlier turns.")] = History.GOLD,
    limit: LimitOption = None,
    split: Annotated[
        Path | None,
        typer.Option("--split", metavar="FILE", help="Only dialogues whose split key is a line of FILE."),
    ] = None,
    guided: Annotated[
        bool,
        typer.Option(
            "--guided/--unguided",
            help="Whether forms that denote nothing give way to others; unguided for a slice of a graph.",
        ),
    ] = True,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Score a model: DIR/report.json, a table per question type, DIR/report.html. A rerun continues.

    \b
    kgqa evaluate csqa test.jsonl.gz --graph graphs/wikidata --model runs/first --out reports/first
    kgqa evaluate plain mine.jsonl --out reports/mine --entities gold --history predicted --json
    """
    from kgqa.commands.terminal import show_progress
    from kgqa.datasets import read_dataset

    skipped: list[DataError] = []
    dialogues = read_dataset(dataset.value, path, on_error=skipped.append)
    parser = open_parser(graph, model, device)
    from kgqa.evaluate import Setting, chosen_dialogues
    from kgqa.evaluate import evaluate as run_evaluation

    setting = Setting(
        dataset=dataset.value,
        source=path,
        model=parser.checkpoint.checksum,
        entities=entities.value,
        history=history.value,
        limit=limit,
        split=split,
        guided=guided,
        unseen_share=parser.checkpoint.config.training.unseen_share,
    )
    parser.guided = guided
    with show_progress() as progress:
        report = run_evaluation(
            chosen_dialogues(dialogues, setting), parser, setting=setting, out=out, progress=progress
        )
    tell_skipped(skipped)
    if as_json:
        print_json(report.to_json())
    else:
        print(report.text(), end="")


def split(
    dataset: DatasetArgument,
    path: PathArgument,
    out: OutFile,
    share: Annotated[float, typer.Option("--share", min=0.0, max=1.0, help="How much goes into FILE.")] = 0.1,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same split.")] = 1,
) -> None:
    """Choose dialogues to hold out: FILE gets their split keys (dialogues; seed entities of ConvQuestions).

    Name it as held_out in the settings of a training source, and as --split of evaluate.

    \b
    kgqa split csqa train.jsonl.gz --share 0.1 --out csqa.held_out
    """
    from kgqa.datasets import read_dataset, split_dialogues

    skipped: list[DataError] = []
    dialogues = list(read_dataset(dataset.value, path, on_error=skipped.append))
    chosen, _ = split_dialogues(dialogues, share=share, seed=seed)
    keys = sorted({dialogue.split_key for dialogue in chosen})
    out.write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    tell_skipped(skipped)
    print(f"{out}: {len(keys)} split keys, {len(chosen)} of {len(dialogues)} dialogues")


def synthesize(
    out: OutFile,
    count: Annotated[int, typer.Option("--count", min=1, help="How many dialogues.")],
    graph: GraphOption = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same dialogues.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Invent dialogues with forms over any graph, to train on.

    \b
    kgqa synthesize --out invented.jsonl --count 2000
    kgqa synthesize --graph graphs/wikidata --out invented.jsonl --count 20000 --seed 7
    """
    from dataclasses import asdict

    from kgqa.commands.terminal import show_progress
    from kgqa.synthesis import synthesize as run_synthesis

    with show_progress() as progress:

        def tell(done: int) -> None:
            progress("dialogues", done, count)

        summary = run_synthesis(open_graph(graph), count=count, seed=seed, out=out, on_progress=tell)
    if as_json:
        print_json({**asdict(summary), "out": str(out)})
    else:
        print(
            f"{out}: {summary.dialogues:,} dialogues, {summary.turns:,} questions over "
            f"{summary.relations:,} relations, {summary.seconds:.1f} s"
        )


def train(
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the run.")],
    graph: Annotated[
        str | None,
        typer.Option(
            "--graph", metavar="GRAPH", help="Yours; or, with --config, that of sources without one."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Settings, a TOML file; left out, dialogues are invented."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="RUN", help="Go on from its weights; with no --config, the bundled model."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=10, help="How many dialogues to invent.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Instead of the setting.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Likewise.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", min=0.0, help="Likewise.")] = None,
    max_minutes: Annotated[float | None, typer.Option("--max-minutes", min=0.0, help="Likewise.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Likewise.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="Likewise: a Hugging Face name or folder, or scratch."),
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train a model. The same command continues after a kill.

    Without --config: dialogues are invented over GRAPH, and the bundled model learns them, in minutes.

    \b
    kgqa train --graph graphs/mine --out runs/mine
    kgqa train --config small.toml --out runs/first
    kgqa train --config small.toml --out runs/quick --epochs 1 --max-minutes 10
    """
    from dataclasses import asdict, replace

    from kgqa.bundled import bundled
    from kgqa.commands.terminal import show_progress
    from kgqa.config import load_config
    from kgqa.own_graph import DIALOGUES, invented, own_settings

    if config is None and graph is None:
        raise ConfigError("expected --graph GRAPH, to invent dialogues over, or --config FILE, found neither")
    if config is not None and count is not None:
        raise ConfigError("--count is for invented dialogues: leave out --config, or use 'kgqa synthesize'")
    if encoder is not None and (start is not None or config is None):
        raise ConfigError(
            "--encoder is for training from nothing: a run that training starts from has its own"
        )
    with show_progress() as progress:
        if config is not None:
            settings = load_config(config)
        else:
            how_many = count or DIALOGUES
            dialogues = invented(
                open_graph(graph),
                out,
                count=how_many,
                seed=seed or 1,
                on_progress=lambda done: progress("dialogues", done, how_many),
            )
            settings = own_settings(dialogues, start=start or bundled("model"))
    flags: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "max_minutes": max_minutes,
        "seed": seed,
        "start": None if start is None else str(start),
    }
    changed = {name: value for name, value in flags.items() if value is not None}
    settings = replace(settings, training=replace(settings.training, **changed))
    if encoder is not None:
        settings = replace(settings, text=replace(settings.text, encoder=encoder))
    from kgqa.train import train as run_training

    with show_progress() as progress:
        result = run_training(
            settings, out, default_graph=graph or bundled("graph"), device=device, progress=progress
        )
    if result is None:
        return
    if as_json:
        print_json({**asdict(result), "out": str(result.out)})
    else:
        print(
            f"{result.out}: {result.best:.1%} exact match on held-out dialogues after {result.steps:,} steps "
            f"over {result.lessons:,} questions, {result.seconds:,.0f} s"
        )
        if config is None:
            print(f"now: kgqa chat --graph {graph} --model {out}")
