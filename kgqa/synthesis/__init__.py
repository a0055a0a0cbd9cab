"""Dialogues invented over any graph, with a gold form for every turn: what the bundled model learns from.

Questions are made from the graph's facts, a table of English wordings (``wordings``) and, for relations
that the table does not know, from the relations' own labels. One meaning has one form:

=============================================  ====================================================
"Who is president of X?"                       ``object(last(statements(X, P35), P580))``: who took it last
"Who were the presidents of X?"                ``follow(X, P35)``
"Who directed ...", "What did X direct?"       ``follow``, ``follow_back`` without ``keep``
"Which films did X direct?"                    ``keep(follow_back(X, P57), Q11424)``
"How many films did X direct?"                 ``cardinality(keep(follow_back(X, P57), Q11424))``
"Did Y direct X?"                              ``is_in(Y, follow(X, P57))``: the object first
"... in 1990?" of an office                    ``object(where(statements(X, P35), P585, @1990))``
"the first president of X"                     ``object(first(statements(X, P35), P580))``
"films by X after 1990"                        ``arg(greater_than(value(for_each(S), P577), @1990))``
"longer than 120 minutes"                      the same with the plain number 120
"the longest of them"                          ``arg(max(value(for_each({...}), P2047)))``
"Who is older, X or Y?"                        ``arg(min(value(for_each(union(X, Y)), P569)))``
"Is X longer than Y?"                          ``exists(greater_than(value(X, P2047), value(Y, P2047)))``
"films by X and with Y"                        ``intersect`` of two sets, each with its own ``keep``
"Which of them are from Y?"                    ``intersect({...}, follow_back(Y, P27))``
"them", "those films"                          one leaf with the whole last answer
"films with the most people as director"       ``arg(max(N))``, N the map
                                               ``cardinality(keep(follow(for_each(members(T)), P57), Q5))``
"at least 3 people", "more people than X"      ``arg(at_least(N, 3))``, ``arg(greater_than(N, X's count))``
"films or series" that are counted             ``sum`` of two such counts
"How many films or series did X direct?"       ``cardinality`` of a ``union``; "and": ``pair``
"Did Y and Z direct X?"                        ``pair`` of two ``is_in``: answered one by one
"Were those films directed by X?"              ``is_in({...}, follow_back(X, P57))``: all of them at once
"Was it Y or Z that directed X?"               ``intersect({Y Z}, follow(X, P57))``
"But not Y?", "Or Y?", "And also Y?"           ``difference``, ``union``, ``intersect`` with the last set
"Who else was in it?"                          ``difference`` of all and those that were named before
"Which of them are not by X?"                  ``difference({...}, follow_back(X, P50))``
"What about the capital of Y?" after Paris     the last form with ``follow(Y, P36)`` in the place of Paris
"Who does Y play in X?"                        ``qualifier(where(statements(X, P161), P161, Y), P453)``
"Which ones are they?" after a count           what was counted
=============================================  ====================================================
"""

from kgqa.synthesis.dialogue import invent
from kgqa.synthesis.write import Summary, synthesize

__all__ = ["Summary", "invent", "synthesize"]
