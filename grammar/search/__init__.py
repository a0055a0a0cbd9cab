"""Supervision search: which forms over the leaves at hand have the right answer? Read ``find`` first.

target      what the answer must be            workspace   the leaves, and growth read off the table
rounds      chains, sets, statements, hops     maps        counts and values over every member of a type
truths      yes and no                         groups      forms by what they denote, within a budget
agreement   which of the survivors the question's words speak for
ranking     the same by a model that learns from what was found
repeats     elliptic questions: the form before with other leaves
"""

from grammar.search.agreement import Hints
from grammar.search.find import ScoredForm, SearchResult, search
from grammar.search.groups import Budget
from grammar.search.target import Target
from grammar.search.workspace import Leaves

__all__ = ["Budget", "Hints", "Leaves", "ScoredForm", "SearchResult", "Target", "search"]
