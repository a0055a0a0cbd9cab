"""From dialogues with forms to what training reads: contexts and the actions to be written.

    datasets, silver -> Lesson (question, conversation, form) -> context -> Prepared (arrays, actions)

A source says where its forms come from: the dialogues themselves, or a silver file made by ``supervise``.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grammar.errors import DataError
from grammar.forms import LogicalForm
from grammar.offers import UNKNOWN, Offers
from grammar.partial import ActionSpace
from kgqa.associations import Associations, halves
from kgqa.batch import Encoded, encode_contexts
from kgqa.config import Config, SourceConfig
from kgqa.context import Context
from kgqa.conversation import Conversation, Dialogue, Example
from kgqa.datasets import read_dataset
from kgqa.decode import action_numbers
from kgqa.graph_text import GraphText
from kgqa.graphs.opening import open_graph
from kgqa.linking import link
from kgqa.supervision import read_silver
from kgqa.surroundings import build_context
from kgqa.text import TextEncoder

FORM_SHOWN = 0.5
"""Share of lessons that see the form of the turn before (a released dialogue shows answers only)."""
_CHUNK = 256

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and of how much where that is known."""


@dataclass(frozen=True)
class Lesson:
    """One question with the form to learn. ``given`` are its entities where they are not to be searched."""

    id: str
    conversation: Conversation
    question: str
    form: LogicalForm
    given: tuple[str, ...] | None


@dataclass(frozen=True)
class Prepared:
    """A lesson as arrays: ``actions`` [L], and for every step what the grammar ``allowed`` and the graph
    ``offers``, both [L, A]."""

    id: str
    encoded: Encoded
    actions: npt.NDArray[np.int64]
    allowed: npt.NDArray[np.bool_]
    offers: npt.NDArray[np.float16]
    graph: Offers
    context: Context
    form: LogicalForm

    @property
    def length(self) -> int:
        """How many positions the encoder reads."""
        return len(self.encoded.pieces) + len(self.encoded.form_operator) + len(self.encoded.labels)


@dataclass
class Coverage:
    """How many lessons there were, and how many had a leaf in their form that was not among the objects."""

    lessons: int = 0
    unreachable: int = 0


def _share(text: str) -> float:
    """A number in 0..1 that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


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
        silver = {s.id: s.form for s in read_silver(source.silver) if s.form is not None}
    dialogues = read_dataset(source.dataset, source.path, limit=source.limit or None, on_error=on_error)
    for dialogue in dialogues:
        if dialogue.split_key in held_out:
            continue
        yield from ((dialogue.split_key, lesson) for lesson in _lessons(dialogue, source, silver))


def _lessons(
    dialogue: Dialogue, source: SourceConfig, silver: dict[str, LogicalForm] | None
) -> Iterator[Lesson]:
    forms: dict[str, LogicalForm] = {}
    for example in dialogue.examples:
        form = example.gold.form if silver is None else silver.get(example.id)
        if form is not None:
            conversation = example.conversation
            if forms and _share(f"form:{example.id}") < FORM_SHOWN:
                conversation = _with_forms(conversation, forms)
            for _ in range(_times(source.weight, example.id)):
                yield Lesson(example.id, conversation, example.question, form, _given(example, source))
            forms[example.question] = form


def _times(weight: float, example_id: str) -> int:
    return int(weight) + (_share(f"weight:{example_id}") < weight % 1)


def _given(example: Example, source: SourceConfig) -> tuple[str, ...] | None:
    linked = source.entities == "linked" or (
        source.entities == "both" and _share(f"entities:{example.id}") < 0.5
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


def prepare(
    lessons: Sequence[Lesson],
    text: GraphText,
    *,
    associations: Associations,
    config: Config,
    coverage: Coverage,
    progress: Callable[[int], None],
) -> Iterator[Prepared]:
    """Lessons as arrays, in order, without those whose form needs what is not among the objects."""
    graph = Offers(text.graph)
    for start in range(0, len(lessons), _CHUNK):
        chunk = lessons[start : start + _CHUNK]
        text.encoder.pieces(sorted({lesson.question for lesson in chunk}), config.context.question_tokens)
        kept: list[tuple[Lesson, Context, list[int], ActionSpace]] = []
        for lesson in chunk:
            found = _reachable(lesson, text, graph, associations, config)
            coverage.lessons += 1
            if found is None:
                coverage.unreachable += 1
            else:
                kept.append((lesson, *found))
        encoded = encode_contexts([context for _, context, _, _ in kept], text.encoder, config=config.context)
        for (lesson, context, actions, space), arrays in zip(kept, encoded, strict=True):
            allowed = np.zeros((len(actions), len(space)), dtype=bool)
            offers = np.full(allowed.shape, UNKNOWN, np.float16)
            written = space.start()
            for step, action in enumerate(actions):
                allowed[step] = written.mask
                if (shares := graph.at(written)) is not None:
                    offers[step] = shares
                written = written.append(action)
            numbers = np.array(actions, np.int64)
            yield Prepared(lesson.id, arrays, numbers, allowed, offers, graph, context, lesson.form)
        progress(min(start + _CHUNK, len(lessons)))


def _reachable(
    lesson: Lesson, text: GraphText, offers: Offers, associations: Associations, config: Config
) -> tuple[Context, list[int], ActionSpace] | None:
    links = link(lesson.question, lesson.conversation, text.graph, given=lesson.given)
    context = build_context(
        lesson.question,
        lesson.conversation,
        links,
        text,
        offers=offers,
        associations=associations,
        config=config.context,
    )
    space = ActionSpace(context.leaves, max_actions=config.training.max_actions)
    actions = action_numbers(lesson.form, space)
    if actions is None or len(actions) > config.training.max_actions:
        return None
    return context, actions, space


@dataclass(frozen=True)
class Curriculum:
    """Everything that one training run reads, and how many lessons of each source could be used."""

    train: list[Prepared]
    dev: list[Prepared]
    associations: Associations
    coverage: dict[str, Coverage]


def prepare_sources(
    config: Config, text: TextEncoder, *, default_graph: str | Path, progress: Progress
) -> Curriculum:
    """Read all sources, learn the associations of words, and make arrays of everything."""
    settings = config.training
    found = {name: _read(source) for name, source in _named(config.source)}
    train = [(key, x) for lessons in found.values() for key, x in lessons if not _is_dev(key, config)]
    pairs = [(x.question, x.form) for _, x in train]
    whole = Associations.learn(pairs)
    first, second = halves(pairs, [_in_first_half(key) for key, _ in train])
    curriculum = Curriculum([], [], whole, {})
    for name, source in _named(config.source):
        graph_text = GraphText(open_graph(source.graph or default_graph), text)
        coverage = curriculum.coverage.setdefault(name, Coverage())
        for group, (into, associations) in {
            "dev": (curriculum.dev, whole),
            "first": (curriculum.train, second),  # nothing explains itself
            "second": (curriculum.train, first),
        }.items():
            lessons = [x for key, x in found[name] if _group(key, config) == group]
            into.extend(
                prepare(
                    lessons,
                    graph_text,
                    associations=associations,
                    config=config,
                    coverage=coverage,
                    progress=partial(_tell, progress, f"{name}, {group}", len(lessons)),
                )
            )
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
    return _share(f"{config.training.seed}:{split_key}") < config.training.dev_share


def _in_first_half(split_key: str) -> bool:
    return _share(f"half:{split_key}") < 0.5


def _group(split_key: str, config: Config) -> str:
    if _is_dev(split_key, config):
        return "dev"
    return "first" if _in_first_half(split_key) else "second"


def _tell(progress: Progress, name: str, total: int, done: int) -> None:
    progress(name, done, total)


def texts_of(config: Config) -> Iterable[str]:
    """All questions of the sources, to learn word pieces from."""
    for source in config.source:
        for _, lesson in lessons_of(source, on_error=lambda error: None):
            yield lesson.question
