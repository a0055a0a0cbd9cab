"""What the lessons held out from training are for: which checkpoint is best, and how its beams are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grammar.denotation import FloatArray
from grammar.execute import Execution
from grammar.forms import normalise
from grammar.offers import Offers
from grammar.partial import ActionSpace
from kgqa import metrics
from kgqa.answer import Hypothesis
from kgqa.batch import make_batch
from kgqa.checkpoint import Checkpoint
from kgqa.choice import Choice, execute_hypothesis, features_of, learn_choice
from kgqa.config import Config
from kgqa.decode import BEAM, beam_search
from kgqa.graphs.opening import open_graph
from kgqa.model import StructuredTransformer
from kgqa.prepare import Prepared, Progress
from kgqa.scoring import LIMITS
from kgqa.text import TextEncoder

_AT_ONCE = 32
_MOST_JUDGED = 1_500
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


def choice_of(checkpoint: Checkpoint, lessons: Sequence[Prepared], progress: Progress) -> Choice:
    """How the beams of a checkpoint are best judged, learnt from lessons that it was not trained on."""
    judged: list[tuple[FloatArray, list[bool]]] = []
    lessons = lessons[:_MOST_JUDGED]
    for lesson, hypotheses, offers in _beams(
        checkpoint.model, lessons, checkpoint.text, checkpoint.config, beam=BEAM
    ):
        execution = Execution(offers.graph, limits=LIMITS)
        beam = [execute_hypothesis(hypothesis, execution) for hypothesis in hypotheses]
        wanted = execute_hypothesis(Hypothesis(lesson.form, 0.0), execution).denotation
        right = []
        for one in beam:
            exact = metrics.exact_match(one.hypothesis.form, lesson.form)
            same = wanted is not None and metrics.execution_equality(one.denotation, wanted, exact=exact)
            right.append(exact or same)
        if beam:
            judged.append((features_of(beam, lesson.context, offers), right))
        progress("choosing among forms", len(judged), len(lessons))
    return learn_choice(judged)


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
    offers = {name: Offers(open_graph(name)) for name in {lesson.graph for lesson in lessons}}
    for start in range(0, len(lessons), _AT_ONCE):
        chunk = lessons[start : start + _AT_ONCE]
        batch = make_batch([lesson.encoded for lesson in chunk], text).to(device)
        spaces = [
            ActionSpace(lesson.context.leaves, max_actions=config.training.max_actions) for lesson in chunk
        ]
        graphs = [offers[lesson.graph] for lesson in chunk]
        found = beam_search(model, batch, spaces, offers=graphs, beam=beam)
        yield from zip(chunk, found, graphs, strict=True)
