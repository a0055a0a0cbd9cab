"""Scoring a parser on dialogues by a protocol: who knows the entities, whose answers the history shows.

    dialogues -> questions -> parser -> predictions.jsonl (one line a question, written dialogue by dialogue)
              -> measures -> report.json, report.txt, report.html

A run that was stopped goes on where its ``predictions.jsonl`` ends; a folder that holds the predictions of
another protocol is refused. Gold reaches the parser only as what the protocol says: entities, or nothing.

With history gold, the turns before a question show the released answers, and the forms that the parser has
read their questions as: a dialogue with it knows them. With history predicted, the turns are the parser's own
answers; where a dataset's system asks back in its place, that turn stays, since the question after it is an
answer to it. Such questions themselves are not scored: the dataset has one item for both, of the type of the
user's reply.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from grammar.errors import ConfigError, DataError
from grammar.forms import read_form
from kgqa import __version__
from kgqa.answer import Answer, turn_of
from kgqa.calibration import calibration_table
from kgqa.conversation import Conversation, Dialogue, Example
from kgqa.decode import BEAM
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.parser import Request
from kgqa.reach import Reach
from kgqa.report import Headline, Measures, Report, Sample, write
from kgqa.scoring import (
    LIMITS,
    RANKS,
    Line,
    answer_measures,
    counts,
    distinct,
    form_measures,
    hops,
    rank,
    rank_measures,
    score,
    within,
)
from kgqa.unseen import needs_unseen

EntitiesFrom: TypeAlias = Literal["gold", "linked"]
HistoryFrom: TypeAlias = Literal["gold", "predicted"]
Progress: TypeAlias = Callable[[str, int, int | None], None]

RANKED = ("convquestions",)
"""Datasets whose answers are scored by rank, on the reachable questions apart."""
NAMES_SEEDS = ("convquestions",)
"""Datasets that name the first question's entity only: later ones are given it and the earlier answers."""
_AT_ONCE = 16  # dialogues whose questions go to the model in one batch
_SAMPLES = 60
_PREDICTIONS, _PROTOCOL = "predictions.jsonl", "protocol.json"
_VARYING = ("date", "questions", "dialogues")  # what may differ between a run and its continuation


class BatchParser(Protocol):
    """What an evaluation needs of a parser; ``kgqa.parser.SemanticParser`` is one."""

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph that it answers from."""
        ...

    def answer_batch(self, requests: Sequence[Request], *, beam: int = BEAM) -> list[Answer]:
        """Answer several questions, each in its own conversation."""
        ...


@dataclass(frozen=True)
class Setting:
    """What is evaluated on, with which weights (their checksum), and by which protocol."""

    dataset: str
    source: Path
    model: str
    entities: EntitiesFrom = "linked"
    history: HistoryFrom = "gold"
    limit: int | None = None
    split: Path | None = None
    guided: bool = True
    unseen_share: float = 0.0


def chosen_dialogues(dialogues: Iterable[Dialogue], setting: Setting) -> Iterator[Dialogue]:
    """The dialogues whose split key is a line of the split file, if there is one; at most the limit.

    Raises:
        DataError: the split file cannot be read.
    """
    if setting.split is not None:
        try:
            keys = set(setting.split.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read the split {setting.split}: {error}; give a file of keys") from None
        dialogues = (dialogue for dialogue in dialogues if dialogue.split_key in keys)
    return islice(dialogues, setting.limit)


def evaluate(
    dialogues: Iterable[Dialogue],
    parser: BatchParser,
    *,
    setting: Setting,
    out: Path,
    progress: Progress | None = None,
) -> Report:
    """Ask all questions, or those that an earlier run left, and write the report into a folder.

    Raises:
        ConfigError: the folder holds predictions made by another protocol.
        DataError: there is no question to score.
    """
    out.mkdir(parents=True, exist_ok=True)
    protocol = _protocol(setting, parser.graph)
    _check_protocol(out, protocol)
    examination = _Examination(parser, setting)
    lines: list[Line] = []
    with (out / _PREDICTIONS).open("a+b") as file:
        lines += _finished(file)
        done = {line["dialogue"] for line in lines}
        remaining = (dialogue for dialogue in dialogues if dialogue.id not in done)
        while group := list(islice(remaining, _AT_ONCE)):
            for answered in examination.ask(group):
                text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in answered)
                file.write(text.encode())
                lines += answered
            file.flush()
            if progress:
                progress("questions", len(lines), None)
    if not lines:
        raise DataError(f"{setting.source}: expected questions to score, found none; check limit and split")
    protocol |= {"questions": len(lines), "dialogues": len({line["dialogue"] for line in lines})}
    return write(report_of(lines, protocol=protocol), out)


# --- asking -------------------------------------------------------------------------------------------


class _Examination:
    """Asks the questions of dialogues, all dialogues of a group at once, turn by turn."""

    def __init__(self, parser: BatchParser, setting: Setting) -> None:
        self.parser = parser
        self.setting = setting
        self.reach = Reach(parser.graph) if setting.dataset in RANKED else None

    def ask(self, group: Sequence[Dialogue]) -> list[list[dict[str, Any]]]:
        """The lines of each dialogue."""
        lines: list[list[dict[str, Any]]] = [[] for _ in group]
        own = [Conversation() for _ in group]
        for turn in range(max(len(dialogue.examples) for dialogue in group)):
            here = [k for k, dialogue in enumerate(group) if turn < len(dialogue.examples)]
            examples = [group[k].examples[turn] for k in here]
            requests = [self._request(e, own[k]) for k, e in zip(here, examples, strict=True)]
            answers = self.parser.answer_batch(requests, beam=BEAM)
            for k, example, request, answer in zip(here, examples, requests, answers, strict=True):
                own[k] = self._next(own[k], group[k], turn, answer)
                if not example.gold.ambiguous:
                    told = request.conversation.told
                    lines[k].append(self._line(example, answer, group[k], turn, told))
        return [[{**line, "of": len(part)} for line in part] for part in lines]

    def _request(self, example: Example, own: Conversation) -> Request:
        known = self.setting.entities == "gold"
        shown = own if self.setting.history == "predicted" else _with_own_forms(example.conversation, own)
        given = example.gold.mentions if known else None
        if not given and not (known and example.conversation.turns and self.setting.dataset in NAMES_SEEDS):
            given = None  # where a dataset names no entities, nobody has given any
        return Request(shown if known else shown.without_mentions(), example.question, given)

    def _next(self, own: Conversation, dialogue: Dialogue, turn: int, answer: Answer) -> Conversation:
        """The parser's own dialogue with one more turn."""
        example = dialogue.examples[turn]
        if example.gold.ambiguous and turn + 1 < len(dialogue.examples):
            return own.then(dialogue.examples[turn + 1].conversation.turns[-1])
        mentions = example.gold.mentions if self.setting.entities == "gold" else ()
        return own.then(turn_of(answer, mentions=mentions))

    def _line(
        self, example: Example, answer: Answer, dialogue: Dialogue, turn: int, told: frozenset[str]
    ) -> dict[str, Any]:
        graph = self.parser.graph
        line = score(example, answer, graph)
        line |= {"dialogue": dialogue.id, "seed": dialogue.split_key, "turn": turn}
        line["before"] = [
            [t.question, t.answer.text if t.answer else ""] for t in example.conversation.turns[-2:]
        ]
        line["gold_text"] = example.gold.text
        if self.reach is not None:
            line["groups"] = rank(example, answer, graph, told=told)
            line["hops"] = hops(example, dialogue.split_key, self.reach)
        return line


def _with_own_forms(shown: Conversation, own: Conversation) -> Conversation:
    """The released dialogue with the forms that the parser itself has read its questions as."""
    turns = []
    for gold, answered in zip(shown.turns, own.turns, strict=True):
        form = answered.answer.form if answered.answer else None
        turns.append(replace(gold, answer=replace(gold.answer, form=form)) if gold.answer else gold)
    return Conversation(tuple(turns))


def _finished(file: Any) -> list[Line]:
    """The lines of the dialogues that are complete; whatever stands after them is cut off."""
    file.seek(0)
    kept: list[Line] = []
    part: list[Line] = []
    end = 0
    for raw in file:
        try:
            line = json.loads(raw) if raw.endswith(b"\n") else None
        except ValueError:
            line = None
        if line is None:
            break
        part.append(line)
        if len(part) == line["of"]:
            kept += part
            part = []
            end = file.tell()
    file.seek(end)
    file.truncate()
    return kept


# --- protocol -----------------------------------------------------------------------------------------


def _protocol(setting: Setting, graph: KnowledgeGraph) -> dict[str, Any]:
    return {
        "dataset": setting.dataset,
        "data": {"path": setting.source.name, "checksum": data_checksum(setting.source)},
        "entities": setting.entities,
        "history": setting.history,
        "graph": {"name": graph.name, "checksum": graph.checksum},
        "model": {"checksum": setting.model, "unseen_share": setting.unseen_share},
        "cut_offs": {
            "beam": BEAM,
            "guided_by_execution": setting.guided,
            "ranked_forms": RANKS,
            "seconds_a_form": LIMITS.seconds,
            "limit": setting.limit,
            "split": setting.split.name if setting.split else None,
        },
        "kgqa": __version__,
        "date": datetime.date.today().isoformat(),
    }


def data_checksum(path: Path) -> str:
    """Identifies the content of a file or folder."""
    digest = hashlib.sha256()
    files = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def _check_protocol(out: Path, protocol: dict[str, Any]) -> None:
    """Note the protocol of a folder without predictions, or see that those in it were made with the same."""
    path, predictions = out / _PROTOCOL, out / _PREDICTIONS
    stays = {key: value for key, value in protocol.items() if key not in _VARYING}
    made = predictions.exists() and predictions.stat().st_size > 0
    if made and path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found = {}
        differs = [key for key in stays if found.get(key) != stays[key]]
        if differs:
            key = differs[0]
            raise ConfigError(
                f"{out} holds predictions made with {key} {found.get(key)!r}, expected {stays[key]!r}: "
                "name another --out, or remove that folder"
            )
        return
    if made:
        raise ConfigError(f"{out} holds predictions of an unknown protocol: name another --out")
    path.with_suffix(".new").write_text(json.dumps(stays, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(path.with_suffix(".new"), path)


# --- report -------------------------------------------------------------------------------------------


def report_of(lines: Sequence[Line], *, protocol: dict[str, Any]) -> Report:
    """The report over all lines; it is the same whether they were made in one run or in several."""
    ranked = protocol["dataset"] in RANKED
    measures = _rank_row if ranked else _answer_row
    types = sorted({line["type"] for line in lines})
    by_type = {name or "all": measures([x for x in lines if x["type"] == name]) for name in types}
    tables: dict[str, dict[str, Measures]] = {}
    if ranked:
        turns = sorted({line["turn"] for line in lines})
        tables["turn"] = {f"turn {t + 1}": measures([x for x in lines if x["turn"] == t]) for t in turns}
        tables["questions"] = _rank_tables(lines)
    if any(line.get("labelled") for line in lines):
        parts = {"all entities have a label": True, "some have none": False}
        chosen = {name: [x for x in lines if x.get("labelled") is wanted] for name, wanted in parts.items()}
        tables["labels"] = {name: measures(part) for name, part in chosen.items() if part}
    if share := protocol["model"].get("unseen_share", 0.0):
        forms = [(line, read_form(line["gold_form"])) for line in lines if line["gold_form"]]
        for name, wanted in (("learnt", False), ("never seen", True)):
            part = [line for line, form in forms if needs_unseen(form, share) is wanted]
            if part:
                tables.setdefault("relations and types", {})[name] = measures(part)
    if calibration := calibration_table(lines):
        tables["confidence"] = calibration
    return Report(
        headline=_headline(lines, by_type, ranked=ranked),
        by_type=by_type,
        protocol=protocol,
        tables=tables,
        notes=tuple(_notes(lines, ranked=ranked)),
        samples=tuple(_samples(lines)),
    )


def _answer_row(lines: Sequence[Line]) -> Measures:
    return {**counts(lines), **form_measures(lines), **answer_measures(lines)}


def _rank_row(lines: Sequence[Line]) -> Measures:
    near, far = within(lines, 1), within(lines, 2)
    return {
        **counts(lines),
        **rank_measures(lines),
        "one_hop": len(near) / len(lines) if lines else None,
        "two_hops": len(far) / len(lines) if lines else None,
        "p_at_1_one_hop": rank_measures(near)["p_at_1"],
        "p_at_1_two_hops": rank_measures(far)["p_at_1"],
    }


def _rank_tables(lines: Sequence[Line]) -> dict[str, Measures]:
    rows = {}
    for name, chosen in (("all turns", lines), ("distinct (seed, question)", distinct(lines))):
        rows[name] = _rank_row(chosen)
        rows[f"{name}, one hop"] = _rank_row(within(chosen, 1))
        rows[f"{name}, two hops"] = _rank_row(within(chosen, 2))
    return rows


def _headline(lines: Sequence[Line], by_type: dict[str, Measures], *, ranked: bool) -> Headline:
    forms = form_measures(lines)
    headline = Headline(execution_equality=forms["execution_equality"], exact_match=forms["exact_match"])
    if ranked:
        row = _rank_row(lines)
        names = ("p_at_1", "p_at_1_one_hop", "p_at_1_two_hops", "one_hop", "two_hops")
        return replace(headline, **{name: row[name] for name in names})
    scored = [(row["score"], row["n"]) for row in by_type.values() if row["score"] is not None]
    questions = sum(n or 0 for _, n in scored)
    overall = sum((score or 0.0) * (n or 0) for score, n in scored) / questions if questions else None
    return replace(headline, overall=overall)


def _notes(lines: Sequence[Line], *, ranked: bool) -> Iterator[str]:
    if ranked:
        yield (
            "P@1, MRR and Hit@5 are expectations over the orders of the items of one answer, which are tied. "
            "one hop and two hops: the gold answer is so many facts away from the seed or an earlier answer."
        )
        return
    yield (
        "overall: mean over questions of score, which is micro F1 for sets and accuracy for counts and truth "
        "values. A failed form counts as wrong; micro_f1_capped and failed_as_zero are LASAGNE's variants, "
        "for comparison only."
    )
    missing = sum(1 for line in lines if line["exact"] is not None and line["equal"] is None)
    yield (
        "On a slice of the graph released answers cannot all be recomputed: execution equality with the "
        "annotated form on the same graph is the measure there. Two empty denotations count as equal only "
        f"where the forms match exactly. {missing:,} annotated forms cannot be executed on this graph."
    )


def _samples(lines: Sequence[Line]) -> Iterator[Sample]:
    """Questions spread evenly over the evaluation."""
    step = max(1, len(lines) // _SAMPLES)
    for line in lines[::step][:_SAMPLES]:
        right = line["predicted"] is not None and sorted(map(str, line["predicted"])) == sorted(
            map(str, line["gold"] or ())
        )
        if line.get("groups"):
            right = line["groups"][0][1] > 0
        outcome = "right" if right or line["equal"] else "wrong"
        yield Sample(
            id=line["id"],
            question_type=line["type"],
            question=line["question"],
            outcome=outcome if line["outcome"] == "answered" else line["outcome"].replace("_", " "),
            answer=line["answer"],
            gold=line["gold_text"] or ", ".join(map(str, (line["gold"] or ())[:10])),
            form=line["form"] or "",
            gold_form=line["gold_form"] or "",
            before=tuple((question, answer) for question, answer in line["before"]),
        )
