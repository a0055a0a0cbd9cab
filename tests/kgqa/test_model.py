"""The parser's inner parts over the toy graph: context, batches, decoder, answers, checkpoints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grammar.errors import CheckpointError
from grammar.forms import EntityLeaf, RelationLeaf, read_form
from grammar.offers import Offers
from grammar.partial import OPERATOR_NAMES, ActionSpace
from kgqa.answer import Answered, Failed, Unparsed, turn_of
from kgqa.associations import Associations
from kgqa.batch import encode_contexts, make_batch
from kgqa.checkpoint import load_checkpoint, make_model, save_checkpoint
from kgqa.choice import Choice, Choices
from kgqa.context import Context
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.decode import action_numbers, beam_search, says_twice
from kgqa.graph_text import GraphText
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import link
from kgqa.model import with_start
from kgqa.parser import SemanticParser
from kgqa.refusals import MAX_QUESTION
from kgqa.surroundings import build_context
from kgqa.text import ScratchText
from tests.small_run import QUESTIONS, SMALL, untrained


def _context(question: str, graph_text: GraphText, conversation: Conversation | None = None) -> Context:
    conversation = conversation or Conversation()
    links = link(question, conversation, graph_text.graph)
    return build_context(
        question,
        conversation,
        links,
        graph_text,
        offers=Offers(graph_text.graph),
        associations=Associations(),
        config=SMALL.context,
    )


def test_a_reply_to_a_question_back_does_not_take_up_an_older_form(graph_text: GraphText) -> None:
    older = read_form("follow(Q142, P36)")
    turns = (
        Turn("What is the capital of France?", TurnAnswer("Paris", ("Q90",), form=older), ("Q142",)),
        Turn(
            "Which countries border that one?", TurnAnswer("Did you mean France?", ("Q142",), asks_back=True)
        ),
    )
    going_on = _context("And Germany?", graph_text, Conversation(turns[:1]))
    reply = _context("Yes", graph_text, Conversation(turns))
    assert any(turn.form for turn in going_on.turns)
    assert not any(turn.form for turn in reply.turns)
    assert "form" not in {o.how for o in reply.objects}


def test_a_context_offers_what_the_question_needs_and_says_how_it_came_in(graph_text: GraphText) -> None:
    context = _context("What is the capital of France?", graph_text)
    france = next(o for o in context.objects if o.leaf == EntityLeaf(("Q142",)))
    capital = next(o for o in context.objects if o.leaf == RelationLeaf("P36"))
    assert (france.how, france.span) == ("exact", (23, 29))
    assert france.text.startswith("France (")
    assert "out:question" in capital.near


def test_a_context_is_one_json_structure(graph_text: GraphText) -> None:
    answer = TurnAnswer("Paris", ("Q90",), form=read_form("follow(Q142, P36)"))
    conversation = Conversation((Turn("What is the capital of France?", answer),))
    context = _context("How many people live there?", graph_text, conversation)
    record = json.loads(json.dumps(context.to_json()))
    assert Context.from_json(record) == context
    form = context.turns[0].form
    assert form[0] == "follow"
    assert [str(context.leaves[k]) for k in form[1:] if isinstance(k, int)] == ["Q142", "P36"]


def test_padding_changes_nothing(graph_text: GraphText, text: ScratchText) -> None:
    contexts = [_context(q, graph_text) for q in ("Which countries border France?", "Paris?")]
    model = untrained(text)
    encoded = encode_contexts(contexts, text, config=SMALL.context)
    together = model.encode(make_batch(encoded, text))
    start = with_start(torch.full((2, 1), -1))
    scores = model.decode(start, together)
    for row, one in enumerate(encoded):
        alone = model.decode(start[:1], model.encode(make_batch([one], text)))[0, 0]
        torch.testing.assert_close(scores[row, 0, : len(alone)], alone, atol=1e-4, rtol=1e-4)


def test_step_by_step_is_all_at_once(graph_text: GraphText, text: ScratchText) -> None:
    context = _context("Which countries border France?", graph_text)
    model = untrained(text)
    encoded = encode_contexts([context], text, config=SMALL.context)
    space = ActionSpace(context.leaves, max_actions=16)
    actions = action_numbers(read_form("keep(follow(Q142, P47), Q6256)"), space)
    assert actions is not None
    previous = with_start(torch.tensor([[-1, *actions[:-1]]]))
    whole = model.decode(previous, model.encode(make_batch(encoded, text)))
    memory = model.encode(make_batch(encoded, text))
    steps = torch.cat([model.decode(previous[:, k : k + 1], memory) for k in range(len(actions))], 1)
    torch.testing.assert_close(steps, whole, atol=1e-4, rtol=1e-4)


def test_an_untrained_model_writes_only_well_typed_forms(graph_text: GraphText, text: ScratchText) -> None:
    contexts = [_context(question, graph_text) for question in QUESTIONS]
    batch = make_batch(encode_contexts(contexts, text, config=SMALL.context), text)
    spaces = [ActionSpace(context.leaves, max_actions=16) for context in contexts]
    offers = Offers(graph_text.graph)
    for seed in range(3):
        torch.manual_seed(seed)
        model = make_model(SMALL, text).eval()
        for hypotheses in beam_search(model, batch, spaces, offers=[offers] * len(spaces), beam=4):
            assert hypotheses
            assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
            for hypothesis in hypotheses:
                assert read_form(str(hypothesis.form)) == hypothesis.form


def test_a_wide_beam_finds_the_most_probable_form(graph_text: GraphText, text: ScratchText) -> None:
    context = _context("What is the capital of France?", graph_text)
    batch = make_batch(encode_contexts([context], text, config=SMALL.context), text)
    space = ActionSpace(context.leaves[:6], max_actions=4)
    model = untrained(text)
    offers = [Offers(graph_text.graph)]
    narrow = beam_search(model, batch, [space], offers=offers, beam=1)[0][0].score
    wide = beam_search(model, batch, [space], offers=offers, beam=60)[0][0].score
    assert wide >= narrow


def test_eight_questions_are_learnt_by_heart_and_answered(run: Path, graph: EmbeddedGraph) -> None:
    parser = SemanticParser.load(run, graph, device="cpu")
    for question, form in QUESTIONS.items():
        answer = parser.answer(Conversation(), question)
        assert isinstance(answer, Answered), question
        assert str(answer.form) == form
        assert 0.5 < answer.confidence <= 1.0


def test_an_answer_is_the_same_alone_and_in_a_batch(run: Path, graph: EmbeddedGraph) -> None:
    from kgqa.parser import Request

    parser = SemanticParser.load(run, graph, device="cpu")
    together = parser.answer_batch([Request(Conversation(), question) for question in QUESTIONS])
    for question, batched in zip(QUESTIONS, together, strict=True):
        alone = parser.answer(Conversation(), question)
        assert isinstance(alone, Answered)
        assert isinstance(batched, Answered)
        assert (alone.form, alone.text) == (batched.form, batched.text)


@pytest.mark.parametrize(
    ("question", "said"),
    [("", "empty"), ("?!", "no word"), ("x" * (MAX_QUESTION + 1), "characters")],
)
def test_what_cannot_be_a_question_is_refused_in_a_sentence(
    run: Path, graph: EmbeddedGraph, question: str, said: str
) -> None:
    answer = SemanticParser.load(run, graph, device="cpu").answer(Conversation(), question)
    assert isinstance(answer, Unparsed)
    assert said in answer.why


def test_an_unknown_name_is_not_answered_with_something_else(run: Path, graph: EmbeddedGraph) -> None:
    parser = SemanticParser.load(run, graph, device="cpu")
    answer = parser.answer(Conversation(), "What is the capital of Zubrowkistan?")
    assert isinstance(answer, Unparsed)
    assert "Zubrowkistan" in answer.why


def test_a_pronoun_with_nobody_to_stand_for_is_asked_about(run: Path, graph: EmbeddedGraph) -> None:
    parser = SemanticParser.load(run, graph, device="cpu")
    unanswered = Conversation((Turn("Who founded Zubrowkistan?", TurnAnswer()),))
    for conversation in (Conversation(), unanswered):
        answer = parser.answer(conversation, "Where was she born?")
        assert isinstance(answer, Unparsed)
        assert "'she'" in answer.why


def test_a_turn_remembers_its_form(run: Path, graph: EmbeddedGraph) -> None:
    answer = SemanticParser.load(run, graph, device="cpu").answer(
        Conversation(), "What is the capital of France?"
    )
    turn = turn_of(answer)
    assert turn.answer is not None
    assert str(turn.answer.form) == "follow(Q142, P36)"
    assert not isinstance(answer, Failed)


def test_a_checkpoint_opens_as_it_was_saved(run: Path, tmp_path: Path) -> None:
    opened = load_checkpoint(run, device="cpu")
    save_checkpoint(tmp_path / "copy", opened)
    again = load_checkpoint(tmp_path / "copy", device="cpu")
    assert again.checksum == opened.checksum
    assert again.config == opened.config
    assert again.associations.seen == opened.associations.seen


def test_a_checkpoint_for_another_grammar_is_refused_by_name(run: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "old", load_checkpoint(run, device="cpu"))
    config = tmp_path / "old" / "config.toml"
    config.write_text(config.read_text().replace('grammar = "kgqa-1"', 'grammar = "kgqa-0"'))
    with pytest.raises(CheckpointError, match=r"kgqa-0.*kgqa-1"):
        load_checkpoint(tmp_path / "old", device="cpu")


@pytest.mark.parametrize("damage", ["missing", "cut", "shape"])
def test_a_damaged_checkpoint_is_refused(run: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "bad"
    checkpoint = load_checkpoint(run, device="cpu")
    save_checkpoint(folder, checkpoint)
    weights = folder / "weights.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        config = folder / "config.toml"
        config.write_text(config.read_text().replace("dimension = 48", "dimension = 64"))
    with pytest.raises(CheckpointError, match="bad"):
        load_checkpoint(folder, device="cpu")


def test_every_operator_has_a_row_in_the_decoder(text: ScratchText) -> None:
    assert untrained(text).operator_score.out_features == len(OPERATOR_NAMES)


def test_a_reply_to_a_question_back_asks_the_earlier_question_again(run: Path, graph: EmbeddedGraph) -> None:
    parser = SemanticParser.load(run, graph, device="cpu")
    asked = TurnAnswer("Did you mean France or Germany?", ("Q142", "Q183"), asks_back=True)
    conversation = Conversation((Turn("What is the capital of France?", asked),))
    answer = parser.answer(conversation, "the first one")
    assert isinstance(answer, Answered)
    assert (answer.question, str(answer.form)) == ("the first one", "follow(Q142, P36)")


def test_the_same_thing_twice_is_noticed_anywhere_in_a_form() -> None:
    assert says_twice(read_form("cardinality(union(follow(Q142, P36), follow(Q142, P36)))"))
    assert not says_twice(read_form("union(follow(Q142, P36), follow(Q183, P36))"))


def test_the_chosen_form_is_not_among_its_alternatives_and_these_are_in_the_order_of_the_choice(
    run: Path, graph: EmbeddedGraph
) -> None:
    checkpoint = load_checkpoint(run, device="cpu")
    longest = Choice({"probability": 0.01, "length": 20.0, "none of them": -50.0})
    parser = SemanticParser(replace(checkpoint, choices=Choices(longest, longest)), graph)
    answer = parser.answer(Conversation(), "What is the capital of France?")
    assert isinstance(answer, Answered)
    forms = [answer.form, *(h.form for h in answer.alternatives)]
    assert len(set(forms)) == len(forms) > 2
    scores = [h.score for h in answer.alternatives]
    assert scores == sorted(scores, reverse=True)
