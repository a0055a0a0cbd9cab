"""What each part of the structured context is worth to the parser, and the text encoder beside it.

    python benchmarks/ablation.py CONFIG TEST GRAPH --split KEYS --out DIR [--only NAME,NAME] [-- OPTION...]

Trains one model with CONFIG as it is (``whole``), one without each of ``kgqa.context.PARTS``, one with an
encoder trained from nothing (``scratch``), one with the pretrained encoder tuned or, where CONFIG tunes it,
left as it came, and one for which a fifth of all relations and types are held out from training
(``unseen``). All are scored on the questions of the CSQA file TEST whose dialogues are keys of KEYS:
execution equality with gold entities and history. Everything else is the same, the seed too. A model that
is there already is not trained again, so the table can be made in pieces. OPTIONs go to ``kgqa train``
(such as ``--epochs 1``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from kgqa.checkpoint import WEIGHTS
from kgqa.config import SCRATCH, Config, load_config, write_toml
from kgqa.context import PARTS

TUNING = 300
"""Steps of tuning where CONFIG has none."""
UNSEEN = 0.2
LEAST_RIGHT = 0.01
"""Names that are held out altogether are not shown as wrong choices either."""


def variants(config: Config) -> dict[str, Config]:
    """The settings of every model of the table, by name."""
    found = {"whole": config}
    for part in PARTS:
        found[f"without {part}"] = replace(config, context=replace(config.context, without=(part,)))
    found["scratch"] = replace(config, text=replace(config.text, encoder=SCRATCH))
    name, steps = ("untuned", 0) if config.text.tuning_steps else ("tuned", TUNING)
    found[name] = replace(config, text=replace(config.text, tuning_steps=steps))
    found["unseen"] = replace(
        config, training=replace(config.training, unseen_share=UNSEEN, least_right=LEAST_RIGHT)
    )
    return found


def run(*arguments: str | Path) -> None:
    """A verb of the command line, in a process of its own."""
    subprocess.run([sys.executable, "-m", "kgqa", *map(str, arguments)], check=True)


def main() -> None:
    """Train, score, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "test", "graph"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    chosen = {
        name: config
        for name, config in variants(load_config(given.config)).items()
        if not given.only or name in given.only.split(",")
    }
    given.out.mkdir(parents=True, exist_ok=True)
    for name, config in chosen.items():
        folder = given.out / name.replace(" ", "-")
        settings = given.out / f"{folder.name}.toml"
        settings.write_text(write_toml(config), encoding="utf-8")
        if not (folder / WEIGHTS).exists():
            run("train", "--config", settings, "--graph", given.graph, "--out", folder, *given.options)
        report = given.out / f"{folder.name}.report"
        asked = ("--entities", "gold", "--history", "gold", "--unguided", "--split", given.split)
        run(
            "evaluate", "csqa", given.test, "--graph", given.graph, "--model", folder, *asked, "--out", report
        )
        measured = json.loads((report / "report.json").read_text(encoding="utf-8"))
        print(f"{name:24s}{100 * measured['headline']['execution_equality']:8.1f}", flush=True)
        for names, row in measured["tables"].get("relations and types", {}).items():
            if row["compared"]:
                print(f"  {names:22s}{100 * row['execution_equality']:8.1f} of {row['compared']}", flush=True)


if __name__ == "__main__":
    main()
