"""From dialogues with forms to what training reads: contexts and the actions to be written.

Lesson (question, conversation, forms) -> context -> Prepared (arrays, actions)
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from grammar.forms import LogicalForm
from grammar.offers import UNKNOWN, Offers
from grammar.partial import ActionSpace
from kgqa.associations import Associations, halves
from kgqa.batch import Encoded, encode_contexts
from kgqa.checkpoint import TEXT, open_text
from kgqa.config import Config, SourceConfig
from kgqa.context import Context
from kgqa.decode import action_numbers
from kgqa.graph_text import GraphText
from kgqa.graphs.opening import open_graph
from kgqa.lessons import Lesson, Sources
from kgqa.linking import link
from kgqa.pool import in_processes
from kgqa.processes import Processes
from kgqa.surroundings import build_context
from kgqa.text import TextEncoder
from kgqa.unseen import share_of

if TYPE_CHECKING:
    from kgqa.kept_lessons import KeptLessons

_CHUNK = 256
_CHUNKS_FOR_ANOTHER = 6
_MOST_WORKERS = 8

Group: TypeAlias = Literal["dev", "first", "second"]
Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and of how much where that is known."""


@dataclass
class Coverage:
    """How many lessons there were, and how many had a leaf in their form that was not among the objects."""

    lessons: int = 0
    unreachable: int = 0


@dataclass(frozen=True)
class Target:
    """A ``form`` to learn as arrays: ``actions`` [L], and for every step what the grammar ``allowed`` and the
    graph ``offers``, both [L, A]."""

    form: LogicalForm
    actions: npt.NDArray[np.int64]
    allowed: npt.NDArray[np.bool_]
    offers: npt.NDArray[np.float16]


@dataclass(frozen=True)
class Learnable:
    """What a training step reads of a lesson: its context as arrays, and the ``targets`` of its forms that
    can be written, best first."""

    id: str
    encoded: Encoded
    targets: tuple[Target, ...]

    @property
    def form(self) -> LogicalForm:
        """The best form."""
        return self.targets[0].form

    @property
    def length(self) -> int:
        """How many positions the encoder reads."""
        return len(self.encoded.pieces) + len(self.encoded.form_operator) + len(self.encoded.labels)


@dataclass(frozen=True)
class Prepared(Learnable):
    """A lesson over a graph, with the context that its arrays are made of; ``released`` is whether somebody
    else answered its question, from some other graph."""

    graph: str
    released: bool
    context: Context

    def learnable(self) -> Learnable:
        """Without the context, which takes more memory than all else."""
        return Learnable(self.id, self.encoded, self.targets)


def targets(batch: Sequence[Learnable], width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
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
        self,
        lessons: Sequence[Lesson],
        associations: Associations,
        *,
        any_form: bool = False,
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
                one,
                found[number],
                self.graph,
                lessons[number].released,
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
    graph: str = field(repr=False)  # where it lies says nothing of what is prepared
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

    train: list[Learnable]
    dev: list[Prepared]
    associations: Associations
    coverage: dict[str, Coverage]


def training_lessons(
    sources: Sources, config: Config
) -> Iterator[tuple[SourceConfig, list[tuple[str, Lesson]]]]:
    """Split keys and lessons of every source but for those that the best checkpoint is chosen by."""
    for source, lessons in sources.values():
        yield source, [pair for pair in lessons if not _is_dev(pair[0], source, config)]


def prepare_sources(
    config: Config,
    sources: Sources,
    text: TextEncoder,
    *,
    folder: Path,
    default_graph: str,
    processes: Processes | None = None,
    kept: KeptLessons | None = None,
    progress: Progress,
) -> Curriculum:
    """Learn the associations of words, and make arrays of all lessons, or take those that are ``kept``;
    ``folder`` is the run that ``text`` lies in. Several processes share the work through what is kept."""
    processes = processes or Processes()
    settings = config.training
    train = [pair for _, lessons in training_lessons(sources, config) for pair in lessons]
    pairs = [(x.question, x.forms[0]) for _, x in train]
    whole = Associations.learn(pairs)
    first, second = halves(pairs, [_in_first_half(key) for key, _ in train])
    # Nothing explains itself: each half is prepared with what the other teaches.
    associations: dict[Group, Associations] = {"dev": whole, "first": second, "second": first}
    work = [
        _Work(name, group, source.graph or default_graph, lessons[start : start + _CHUNK])
        for name, (source, found) in sources.items()
        for group in associations
        for lessons in [[x for key, x in found if _group(key, source, config) == group]]
        for start in range(0, len(lessons), _CHUNK)
    ]
    graphs = [part.graph for part in work]
    if kept is not None:
        taught = associations.values()
        kept = kept.made_of(config, text=folder / TEXT, graphs=graphs, lessons=work, associations=taught)
    most = settings.workers or min(_MOST_WORKERS, (os.cpu_count() or 1) // processes.count)
    workers = min(most, len(work) // _CHUNKS_FOR_ANOTHER + 1)  # starting one takes seconds
    if workers > 1:
        for graph in dict.fromkeys(graphs):
            GraphText(open_graph(graph), text).encode_names()  # once, not in every process

    def prepared(numbered: Iterable[tuple[int, _Work]]) -> Iterator[list[Prepared]]:
        if workers == 1:
            return map(_prepares(config, lambda: text, associations, kept), numbered)
        advice = "train with fewer workers ([training] workers = 1)"
        arguments = (config, folder, associations, kept)
        return in_processes(numbered, _preparing, arguments, workers=workers, advice=advice)

    if processes.count > 1 and kept is not None:
        own = [(k, part) for k, part in processes.share(list(enumerate(work))) if not kept.holds(k)]
        for number, _ in enumerate(prepared(own), start=1):
            progress("a share of the lessons", number, len(own))
        processes.wait()
    curriculum = Curriculum([], [], whole, {name: Coverage() for name in sources})
    done, total = 0, sum(len(part.lessons) for part in work)
    for part, lessons in zip(work, prepared(enumerate(work)), strict=True):
        coverage = curriculum.coverage[part.source]
        coverage.lessons += len(part.lessons)
        coverage.unreachable += len(part.lessons) - len(lessons)
        if part.group == "dev":
            curriculum.dev.extend(lessons)
        else:
            times = {lesson.id: lesson.times for lesson in part.lessons}
            for lesson in lessons:
                curriculum.train.extend([lesson.learnable()] * times[lesson.id])
        done += len(part.lessons)
        progress(f"lessons of {part.source}", done, total)
    random.Random(settings.seed).shuffle(curriculum.dev)
    return curriculum


def _is_dev(split_key: str, source: SourceConfig, config: Config) -> bool:
    """Whether a dialogue is held out to choose the best checkpoint by, and how its beams are judged."""
    share = max(config.training.dev_share, source.dev_share)
    return share_of(f"{config.training.seed}:{split_key}") < share


def _in_first_half(split_key: str) -> bool:
    return share_of(f"half:{split_key}") < 0.5


def _group(split_key: str, source: SourceConfig, config: Config) -> Group:
    if _is_dev(split_key, source, config):
        return "dev"
    return "first" if _in_first_half(split_key) else "second"
