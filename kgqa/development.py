"""What the lessons held out from training are for: which checkpoint is best, and how its beams are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grammar.denotation import Denotation, is_empty
from grammar.execute import Execution
from grammar.forms import normalise
from grammar.offers import Offers
from grammar.partial import ActionSpace
from kgqa import metrics
from kgqa.answer import Hypothesis
from kgqa.batch import make_batch
from kgqa.checkpoint import Checkpoint
from kgqa.choice import Beam, Choices, learn_choice
from kgqa.config import Config
from kgqa.decode import BEAM, beam_search
from kgqa.form_features import Judged, execute_hypothesis, features_of
from kgqa.graphs.opening import open_graph
from kgqa.model import StructuredTransformer
from kgqa.prepare import Prepared, Progress
from kgqa.scoring import LIMITS
from kgqa.text import TextEncoder

_AT_ONCE = 32
_MOST_JUDGED = 3_000
"""From so many lessons the choice among forms is learnt."""


def exact_match(
    model: StructuredTransformer, lessons: Sequence[Prepared], text: TextEncoder, config: Config
) -> float:
    """Share of lessons whose form greedy decoding writes."""
    right = sum(
        bool(found) and normalise(found[0].form) == normalise(lesson.form)
        for lesson, found, _ in _beams(model, lessons, text, config, beam=1)
    )
    return right / max(1, len(lessons))


def choices_of(checkpoint: Checkpoint, lessons: Sequence[Prepared], progress: Progress) -> Choices:
    """How the beams of a checkpoint are best judged, learnt from lessons that it was not trained on.

    Where there are few released dialogues among them, all lessons tell how an unguided parser chooses;
    where there are few lessons at all, it stays as it is. Lessons over an endpoint tell nothing: the parser
    does not execute all forms of a beam there.
    """
    answered: list[Beam] = []
    released: list[Beam] = []
    everything: list[Beam] = []
    lessons = lessons[:_MOST_JUDGED]
    for lesson, hypotheses, offers in _beams(
        checkpoint.model, lessons, checkpoint.text, checkpoint.config, beam=BEAM
    ):
        progress("choosing among forms", len(everything) + 1, len(lessons))
        if not (hypotheses and offers.are_cheap):
            continue
        execution = Execution(offers.graph, limits=LIMITS)
        wanted = execute_hypothesis(Hypothesis(lesson.form, 0.0), execution).denotation
        judged = [execute_hypothesis(hypothesis, execution) for hypothesis in hypotheses]
        right = [_is_right(one, lesson, wanted) for one in judged]
        beam = (features_of(judged, lesson.context, offers), right)
        everything.append(beam)
        if wanted is not None and not is_empty(wanted):
            answered.append(beam)
        if lesson.released:
            released.append(beam)
    before = checkpoint.choices
    guided, unguided = learn_choice(answered), learn_choice(released) or learn_choice(everything)
    return Choices(guided or before.guided, unguided or before.unguided)


def _is_right(one: Judged, lesson: Prepared, wanted: Denotation | None) -> bool:
    exact = metrics.exact_match(one.hypothesis.form, lesson.form)
    return exact or (wanted is not None and metrics.execution_equality(one.denotation, wanted, exact=exact))


def _beams(
    model: StructuredTransformer,
    lessons: Sequence[Prepared],
    text: TextEncoder,
    config: Config,
    *,
    beam: int,
) -> Iterator[tuple[Prepared, list[Hypothesis], Offers]]:
    """The forms that the model writes for every lesson, with what the lesson's graph offers."""
    model.eval()
    device = next(model.parameters()).device
    silent = "offers" in config.context.without
    graphs_of = {lesson.graph for lesson in lessons}
    offers = {name: Offers(open_graph(name), silent=silent) for name in graphs_of}
    for start in range(0, len(lessons), _AT_ONCE):
        chunk = lessons[start : start + _AT_ONCE]
        batch = make_batch([lesson.encoded for lesson in chunk], text).to(device)
        spaces = [
            ActionSpace(lesson.context.leaves, max_actions=config.training.max_actions) for lesson in chunk
        ]
        graphs = [offers[lesson.graph] for lesson in chunk]
        found = beam_search(model, batch, spaces, offers=graphs, beam=beam)
        yield from zip(chunk, found, graphs, strict=True)
