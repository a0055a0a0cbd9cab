"""Linking: from the words of a question, and the dialogue before it, to candidates for the leaves of a form.

mentions     words and runs of words        quantities   numbers, ordinals and dates
matches      runs of words -> entities      conditions   words that say when, understood or not
agreement    with kinds and neighbours      vocabulary   words -> types and relations, stem by stem
referents    what the dialogue offers       linker       all together, ranked
namesakes    which nothing tells apart      given        entities that come along -> words
pointing     "that city", "she"
mistyped     which words a name with typos stands for
"""

from kgqa.linking.linker import Candidate, LinkLimits, Links, link

__all__ = ["Candidate", "LinkLimits", "Links", "link"]
