"""From dialogues with forms to what training reads: contexts and the actions to be written.

    datasets, silver -> Lesson (question, conversation, form) -> context -> Prepared (arrays, actions)

A source says where its forms come from: the dialogues themselves, or a silver file made by ``supervise``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from grammar.errors import DataError
from grammar.forms import LogicalForm
from grammar.offers import UNKNOWN, Offers
from grammar.partial import ActionSpace
from kgqa.associations import Associations, halves
from kgqa.batch import Encoded, encode_contexts
from kgqa.checkpoint import TEXT, open_text
from kgqa.config import Config, SourceConfig
from kgqa.context import Context
from kgqa.conversation import Conversation, Dialogue, Example
from kgqa.datasets import is_released, read_dataset
from kgqa.decode import action_numbers
from kgqa.graph_text import GraphText
from kgqa.graphs.opening import open_graph
from kgqa.linking import link
from kgqa.pool import in_processes
from kgqa.supervision import read_silver
from kgqa.surroundings import build_context
from kgqa.text import TextEncoder
from kgqa.unseen import needs_unseen, share_of

if TYPE_CHECKING:
    from kgqa.kept_lessons import KeptLessons

FORM_SHOWN = 0.5
"""Share of lessons that see the form of the turn before (a released dialogue shows answers only)."""
_CHUNK = 256
_CHUNKS_FOR_ANOTHER = 6
_MOST_WORKERS = 8

Group: TypeAlias = Literal["dev", "first", "second"]
Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and of how much where that is known."""


@dataclass(frozen=True)
class Lesson:
    """One question with the forms that may be right, best first. ``given`` are its entities where they are
    not to be searched, ``released`` is whether it is of a released dataset."""

    id: str
    conversation: Conversation
    question: str
    forms: tuple[LogicalForm, ...]
    given: tuple[str, ...] | None
    released: bool = False


@dataclass
class Coverage:
    """How many lessons there were, and how many had a leaf in their form that was not among the objects."""

    lessons: int = 0
    unreachable: int = 0


def read_split_keys(path: str) -> frozenset[str]:
    """The split keys of a file, one a line."""
    try:
        return frozenset(filter(None, map(str.strip, Path(path).read_text(encoding="utf-8").splitlines())))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the split keys {path!r}: {error}") from None


def lessons_of(
    source: SourceConfig, *, on_error: Callable[[DataError], object]
) -> Iterator[tuple[str, Lesson]]:
    """Split key and lesson for everything that a source has a form for."""
    held_out = read_split_keys(source.held_out) if source.held_out else frozenset()
    silver = None
    if source.silver:
        silver = {s.id: tuple(form for form, _ in s.forms) for s in read_silver(source.silver) if s.forms}
    dialogues = read_dataset(source.dataset, source.path, limit=source.limit or None, on_error=on_error)
    for dialogue in dialogues:
        if dialogue.split_key in held_out:
            continue
        yield from ((dialogue.split_key, lesson) for lesson in _lessons(dialogue, source, silver))


def _lessons(
    dialogue: Dialogue, source: SourceConfig, silver: Mapping[str, tuple[LogicalForm, ...]] | None
) -> Iterator[Lesson]:
    forms: dict[str, LogicalForm] = {}
    for example in dialogue.examples:
        annotated = () if example.gold.form is None else (example.gold.form,)
        found = annotated if silver is None else silver.get(example.id, ())
        if found:
            conversation = example.conversation
            if forms and share_of(f"form:{example.id}") < FORM_SHOWN:
                conversation = _with_forms(conversation, forms)
            for _ in range(_times(source.weight, example.id)):
                yield Lesson(
                    example.id,
                    conversation,
                    example.question,
                    found,
                    _given(example, source),
                    is_released(source.dataset),
                )
            forms[example.question] = found[0]


def _times(weight: float, example_id: str) -> int:
    return int(weight) + (share_of(f"weight:{example_id}") < weight % 1)


def _given(example: Example, source: SourceConfig) -> tuple[str, ...] | None:
    linked = source.entities == "linked" or (
        source.entities == "both" and share_of(f"entities:{example.id}") < 0.5
    )
    return None if linked else example.gold.mentions


def _with_forms(conversation: Conversation, forms: dict[str, LogicalForm]) -> Conversation:
    """The conversation as it is after our own answers, which know their forms."""
    return Conversation(
        tuple(
            replace(turn, answer=replace(turn.answer, form=forms.get(turn.question))) if turn.answer else turn
            for turn in conversation.turns
        )
    )


@dataclass(frozen=True)
class Target:
    """A ``form`` to learn as arrays: ``actions`` [L], and for every step what the grammar ``allowed`` and the
    graph ``offers``, both [L, A]."""

    form: LogicalForm
    actions: npt.NDArray[np.int64]
    allowed: npt.NDArray[np.bool_]
    offers: npt.NDArray[np.float16]


@dataclass(frozen=True)
class Prepared:
    """A lesson over a graph as arrays; ``targets`` are those of its forms that can be written, best first;
    ``released`` whether somebody else answered its question, from some other graph."""

    id: str
    graph: str
    released: bool
    encoded: Encoded
    targets: tuple[Target, ...]
    context: Context

    @property
    def form(self) -> LogicalForm:
        """The best form."""
        return self.targets[0].form

    @property
    def length(self) -> int:
        """How many positions the encoder reads."""
        return len(self.encoded.pieces) + len(self.encoded.form_operator) + len(self.encoded.labels)


def targets(batch: Sequence[Prepared], width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of R forms the lesson that each is of [R], its actions [R, L] (-1 pads), what was allowed and what
    offered [R, L, A], of ``width`` actions."""
    forms = [(row, target) for row, lesson in enumerate(batch) for target in lesson.targets]
    length = max(len(target.actions) for _, target in forms)
    actions = torch.full((len(forms), length), -1)
    allowed = torch.zeros((len(forms), length, width), dtype=torch.bool)
    offers = torch.full((len(forms), length, width), UNKNOWN)
    for number, (_, target) in enumerate(forms):
        count, wide = target.allowed.shape
        actions[number, :count] = torch.from_numpy(target.actions)
        allowed[number, :count, :wide] = torch.from_numpy(target.allowed)
        offers[number, :count, :wide] = torch.from_numpy(target.offers)
    return torch.tensor([row for row, _ in forms]), actions, allowed, offers


class Preparer:
    """Lessons over one graph, which is opened as ``graph``, as arrays."""

    def __init__(self, graph: str, encoder: TextEncoder, config: Config) -> None:
        self.graph, self.config = graph, config
        self.text = GraphText(open_graph(graph), encoder)
        self.offers = Offers(self.text.graph, silent="offers" in config.context.without)

    def prepare(
        self, lessons: Sequence[Lesson], associations: Associations, *, any_form: bool = False
    ) -> list[Prepared]:
        """Lessons, in order, without those whose best form (or, with ``any_form``, each of whose forms) needs
        what is not among the objects."""
        limits, encoder = self.config.context, self.text.encoder
        self.text.forget_questions()
        encoder.pieces(sorted({lesson.question for lesson in lessons}), limits.question_tokens)
        contexts = [self._context(lesson, associations) for lesson in lessons]
        found = [self._targets(x, context, any_form) for x, context in zip(lessons, contexts, strict=True)]
        kept = [number for number, targets in enumerate(found) if targets]
        arrays = encode_contexts([contexts[number] for number in kept], encoder, config=limits)
        return [
            Prepared(
                lessons[number].id,
                self.graph,
                lessons[number].released,
                one,
                found[number],
                contexts[number],
            )
            for number, one in zip(kept, arrays, strict=True)
        ]

    def _context(self, lesson: Lesson, associations: Associations) -> Context:
        links = link(lesson.question, lesson.conversation, self.text.graph, given=lesson.given)
        return build_context(
            lesson.question,
            lesson.conversation,
            links,
            self.text,
            offers=self.offers,
            associations=associations,
            config=self.config.context,
        )

    def _targets(self, lesson: Lesson, context: Context, any_form: bool) -> tuple[Target, ...]:
        """Those of a lesson's forms that can be written; unless ``any_form``, none if the best one cannot."""
        most = self.config.training.max_actions
        space = ActionSpace(context.leaves, max_actions=most)
        targets: list[Target] = []
        for form in lesson.forms[: max(1, self.config.training.forms)]:
            actions = action_numbers(form, space)
            if actions is not None and len(actions) <= most:
                targets.append(self._target(form, actions, space))
            elif not targets and not any_form:
                return ()
        return tuple(targets)

    def _target(self, form: LogicalForm, actions: Sequence[int], space: ActionSpace) -> Target:
        allowed = np.zeros((len(actions), len(space)), dtype=bool)
        offers = np.full(allowed.shape, UNKNOWN, np.float16)
        written = space.start()
        for step, action in enumerate(actions):
            allowed[step] = written.mask
            if (shares := self.offers.at(written)) is not None:
                offers[step] = shares
            written = written.append(action)
        return Target(form, np.array(actions, np.int64), allowed, offers)


@dataclass(frozen=True)
class _Work:
    """Lessons that are prepared together: of which graph, with which associations."""

    source: str
    group: Group
    graph: str
    lessons: list[Lesson]


def _preparing(
    config: Config, text: Path, associations: Mapping[Group, Associations], kept: KeptLessons | None
) -> Callable[[tuple[int, _Work]], list[Prepared]]:
    """What a process does; it opens the encoder and a graph when there is something to prepare."""
    torch.set_num_threads(1)
    encoder = cache(lambda: open_text(text, config.text, torch.device("cpu")))
    return _prepares(config, encoder, associations, kept)


def _prepares(
    config: Config,
    encoder: Callable[[], TextEncoder],
    associations: Mapping[Group, Associations],
    kept: KeptLessons | None,
) -> Callable[[tuple[int, _Work]], list[Prepared]]:
    preparer = cache(lambda graph: Preparer(graph, encoder(), config))

    def prepares(numbered: tuple[int, _Work]) -> list[Prepared]:
        number, work = numbered
        lessons = None if kept is None else kept.read(number, work.graph)
        if lessons is None:
            lessons = preparer(work.graph).prepare(work.lessons, associations[work.group])
            if kept is not None:
                kept.write(number, lessons)
        return lessons

    return prepares


@dataclass(frozen=True)
class Curriculum:
    """Everything that one training run reads, and how many lessons of each source could be used."""

    train: list[Prepared]
    dev: list[Prepared]
    associations: Associations
    coverage: dict[str, Coverage]


Sources: TypeAlias = Mapping[str, tuple[SourceConfig, list[tuple[str, Lesson]]]]
"""Name of a source -> its settings, and (split key, lesson) in the order of the dialogues."""


def read_sources(config: Config) -> Sources:
    """All lessons of all sources, but for those that need names held out from training."""
    share = config.training.unseen_share
    return {
        name: (source, [(key, lesson) for key, x in _read(source) for lesson in _learnable(x, share)])
        for name, source in _named(config.source)
    }


def _learnable(lesson: Lesson, unseen_share: float) -> Iterator[Lesson]:
    """The lesson without forms that need names held out from training, unless its best form does."""
    if not needs_unseen(lesson.forms[0], unseen_share):
        yield replace(lesson, forms=tuple(f for f in lesson.forms if not needs_unseen(f, unseen_share)))


def training_lessons(sources: Sources, config: Config) -> Iterator[tuple[SourceConfig, list[Lesson]]]:
    """The lessons of every source but for those that the best checkpoint is chosen by."""
    for source, lessons in sources.values():
        yield source, [lesson for key, lesson in lessons if not _is_dev(key, config)]


def prepare_sources(
    config: Config,
    sources: Sources,
    text: TextEncoder,
    *,
    folder: Path,
    default_graph: str,
    processes: int = 1,
    kept: KeptLessons | None = None,
    progress: Progress,
) -> Curriculum:
    """Learn the associations of words, and make arrays of all lessons, or take those that are ``kept``;
    ``folder`` is the run that ``text`` lies in."""
    settings = config.training
    train = [(key, x) for _, lessons in sources.values() for key, x in lessons if not _is_dev(key, config)]
    pairs = [(x.question, x.forms[0]) for _, x in train]
    whole = Associations.learn(pairs)
    first, second = halves(pairs, [_in_first_half(key) for key, _ in train])
    # Nothing explains itself: each half is prepared with what the other teaches.
    associations: dict[Group, Associations] = {"dev": whole, "first": second, "second": first}
    work = [
        _Work(name, group, source.graph or default_graph, lessons[start : start + _CHUNK])
        for name, (source, found) in sources.items()
        for group in associations
        for lessons in [[x for key, x in found if _group(key, config) == group]]
        for start in range(0, len(lessons), _CHUNK)
    ]
    graphs = dict.fromkeys(part.graph for part in work)
    if kept is not None:
        taught = associations.values()
        kept = kept.made_of(config, text=folder / TEXT, graphs=graphs, lessons=work, associations=taught)
    most = settings.workers or min(_MOST_WORKERS, (os.cpu_count() or 1) // processes)
    workers = min(most, len(work) // _CHUNKS_FOR_ANOTHER + 1)  # starting one takes seconds
    prepared: Iterator[list[Prepared]]
    if workers > 1:
        for graph in graphs:
            GraphText(open_graph(graph), text).encode_names()  # once, not in every process
        advice = "train with fewer workers ([training] workers = 1)"
        arguments = (config, folder, associations, kept)
        prepared = in_processes(enumerate(work), _preparing, arguments, workers=workers, advice=advice)
    else:
        prepared = map(_prepares(config, lambda: text, associations, kept), enumerate(work))
    curriculum = Curriculum([], [], whole, {name: Coverage() for name in sources})
    done, total = 0, sum(len(part.lessons) for part in work)
    for part, lessons in zip(work, prepared, strict=True):
        coverage = curriculum.coverage[part.source]
        coverage.lessons += len(part.lessons)
        coverage.unreachable += len(part.lessons) - len(lessons)
        (curriculum.dev if part.group == "dev" else curriculum.train).extend(lessons)
        done += len(part.lessons)
        progress(f"lessons of {part.source}", done, total)
    random.Random(settings.seed).shuffle(curriculum.dev)
    return curriculum


def _named(sources: Iterable[SourceConfig]) -> list[tuple[str, SourceConfig]]:
    names = (f"{n}. {s.dataset} {Path(s.path).name}" for n, s in enumerate(sources, start=1))
    return list(zip(names, sources, strict=True))


def _read(source: SourceConfig) -> list[tuple[str, Lesson]]:
    errors: list[DataError] = []
    lessons = list(lessons_of(source, on_error=errors.append))
    if errors and not lessons:
        raise errors[0]
    return lessons


def _is_dev(split_key: str, config: Config) -> bool:
    """Whether a dialogue is held out to choose the best checkpoint by."""
    return share_of(f"{config.training.seed}:{split_key}") < config.training.dev_share


def _in_first_half(split_key: str) -> bool:
    return share_of(f"half:{split_key}") < 0.5


def _group(split_key: str, config: Config) -> Group:
    if _is_dev(split_key, config):
        return "dev"
    return "first" if _in_first_half(split_key) else "second"
