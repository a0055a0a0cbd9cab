"""From sources to lessons: what was asked in which dialogue, with the forms that may be right.

A source says where its forms come from: the dialogues themselves, or a silver file made by ``supervise``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from grammar.errors import DataError
from grammar.forms import LogicalForm
from kgqa.config import Config, SourceConfig
from kgqa.conversation import Conversation, Dialogue, Example
from kgqa.datasets import is_released, read_dataset
from kgqa.datasets.convquestions import first_wording
from kgqa.supervision import read_silver
from kgqa.unseen import needs_unseen, share_of

FORM_SHOWN = 0.5
"""Share of lessons that see the form of the turn before (a released dialogue shows answers only)."""


@dataclass(frozen=True)
class Lesson:
    """One question with the forms that may be right, best first. ``given`` are its entities where they are
    not to be searched, ``released`` is whether it is of a released dataset, ``times`` how often it counts."""

    id: str
    conversation: Conversation
    question: str
    forms: tuple[LogicalForm, ...]
    given: tuple[str, ...] | None
    released: bool = False
    times: int = 1


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
    dialogues = read_dataset(
        source.dataset,
        source.path,
        limit=source.limit or None,
        on_error=on_error,
        paraphrases=source.paraphrases,
    )
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
        searched = first_wording(example.id) if source.paraphrases else example.id
        found = annotated if silver is None else silver.get(searched, ())
        if found:
            conversation = example.conversation
            if forms and share_of(f"form:{example.id}") < FORM_SHOWN:
                conversation = _with_forms(conversation, forms)
            times = _times(source.weight, example.id)
            given, released = _given(example, source), is_released(source.dataset)
            if times:
                yield Lesson(example.id, conversation, example.question, found, given, released, times)
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


def _named(sources: Iterable[SourceConfig]) -> list[tuple[str, SourceConfig]]:
    names = (f"{n}. {s.dataset} {Path(s.path).name}" for n, s in enumerate(sources, start=1))
    return list(zip(names, sources, strict=True))


def _read(source: SourceConfig) -> list[tuple[str, Lesson]]:
    errors: list[DataError] = []
    lessons = list(lessons_of(source, on_error=errors.append))
    if errors and not lessons:
        raise errors[0]
    return lessons
