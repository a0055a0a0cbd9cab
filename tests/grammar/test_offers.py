"""What the graph offers a hole: shares that agree with what execution finds."""

from __future__ import annotations

import pytest

from grammar import offers as module
from grammar.execute import Execution
from grammar.forms import EntityLeaf, LogicalForm, RelationLeaf, TypeLeaf, call, read_form
from grammar.graph import Graph
from grammar.offers import UNKNOWN, Offers
from grammar.partial import OPERATOR_NAMES, ActionSpace, PartialForm

SPACE = ActionSpace(
    (
        *(EntityLeaf((name,)) for name in ("Q142", "Q183")),
        *(RelationLeaf(name) for name in ("P17", "P30", "P35", "P36", "P47", "P161", "P571", "P1082")),
        *(TypeLeaf(name) for name in ("Q6256", "Q3624078", "Q5", "Q11424")),
    )
)


def _written(*actions: str) -> PartialForm:
    """A form begun with these operators and leaves."""
    texts = {str(leaf): SPACE.index(leaf) for leaf in reversed(SPACE.leaves)}
    partial = SPACE.start()
    for action in actions:
        number = OPERATOR_NAMES.index(action) if action in OPERATOR_NAMES else texts[action]
        assert number is not None
        partial = partial.append(number)
    return partial


def _offered(graph: Graph, *actions: str) -> dict[str, float]:
    shares = Offers(graph).at(_written(*actions))
    assert shares is not None
    return {str(SPACE.action(k)): float(share) for k, share in enumerate(shares) if share != UNKNOWN}


@pytest.mark.parametrize("operator", ["follow", "follow_back", "value", "statements"])
def test_a_relation_is_offered_exactly_where_it_leads_somewhere(embedded: Graph, operator: str) -> None:
    entity = next(leaf for leaf in SPACE.leaves if str(leaf) == "Q142")
    execution = Execution(embedded)
    begun = ("object", operator) if operator == "statements" else (operator,)
    offered = _offered(embedded, *begun, "Q142")
    relations = [leaf for leaf in SPACE.leaves if isinstance(leaf, RelationLeaf)]
    assert set(offered) == {str(relation) for relation in relations}
    for relation in relations:
        found = execution.denotation(call("cardinality", call(operator, entity, relation)))
        assert (offered[str(relation)] > 0) == (found.number > 0), (operator, relation)  # type: ignore[union-attr]


def test_a_type_is_offered_for_the_share_that_has_it(embedded: Graph) -> None:
    execution = Execution(embedded)
    reached = read_form("follow(Q142, P47)")
    offered = _offered(embedded, "keep", "follow", "Q142", "P47")
    count = lambda form: execution.denotation(call("cardinality", form)).number  # type: ignore[union-attr]  # noqa: E731
    types = [leaf for leaf in SPACE.leaves if isinstance(leaf, TypeLeaf)]
    assert set(offered) == set(map(str, types))
    for kind in types:
        assert offered[str(kind)] == pytest.approx(count(call("keep", reached, kind)) / count(reached))


def test_maps_offer_what_their_elements_have(embedded: Graph) -> None:
    begun = ("arg", "max", "cardinality", "follow", "for_each", "members", "Q6256")
    whole = _offered(embedded, *begun)
    assert whole == _offered(embedded, "follow", "members", "Q6256")
    assert whole["P47"] > 0
    assert whole["P161"] == 0


def test_what_the_graph_cannot_tell_is_left_open(embedded: Graph) -> None:
    offers = Offers(embedded)
    for actions in ((), ("follow",), ("union", "Q142"), ("is_in", "Q142")):
        assert offers.at(_written(*actions)) is None


def test_large_sets_are_looked_at_in_part(embedded: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ELEMENTS", 2)
    assert _offered(embedded, "follow", "members", "Q6256")["P30"] in (0, 0.5, 1.0)


class Remote:
    """A graph that computes forms itself; looking at anything else of it would be an error here."""

    def denotation(self, form: LogicalForm, *, seconds: float) -> None:
        return None


def test_a_graph_that_computes_forms_itself_is_not_looked_at() -> None:
    offers = Offers(Remote())  # type: ignore[arg-type]
    assert offers.at(_written("follow", "Q142")) is None
    assert offers.share(read_form("members(Q6256)"), "follow", "P36") == UNKNOWN


def test_silent_offers_say_nothing_while_a_form_is_written(embedded: Graph) -> None:
    written = _written("follow", "Q142")
    assert Offers(embedded).at(written) is not None
    assert Offers(embedded, silent=True).at(written) is None
