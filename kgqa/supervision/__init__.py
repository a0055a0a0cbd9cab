"""Silver forms: for every question with a known answer, the forms that give it.

``searched``: found by ``grammar.search`` over what the turn and the turns before it offer. ``annotated``: the
form that the dataset's own annotation spells out. The two are never mixed in one file.

run        ``supervise``: from dialogues to a silver file, which a later run continues
turns      one dialogue: what is searched for, and its lines
spread     many dialogues: in this process, in several, on a Ray cluster
silver     the lines of a silver file, and reading them back
coverage   how many questions have a form, and what was in the way of the others
"""

from kgqa.supervision.coverage import Coverage, TypeCoverage
from kgqa.supervision.run import supervise
from kgqa.supervision.silver import Silver, Source, read_silver
from kgqa.supervision.turns import BUDGET, SOURCES, target_of

__all__ = [
    "BUDGET",
    "SOURCES",
    "Coverage",
    "Silver",
    "Source",
    "TypeCoverage",
    "read_silver",
    "supervise",
    "target_of",
]
