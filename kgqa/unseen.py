"""Relations and types held out from training: are names pointed at, or memorised?

Which ones they are is decided by their names alone, so that training and evaluation agree without a list.
"""

from __future__ import annotations

import hashlib

from grammar.forms import LogicalForm, RelationLeaf, TypeLeaf, leaves


def share_of(text: str) -> float:
    """A number in 0..1 that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


def is_unseen(name: str, share: float) -> bool:
    """Whether a relation or type is one of the ``share`` of all that are held out."""
    return share_of(f"unseen:{name}") < share


def needs_unseen(form: LogicalForm, share: float) -> bool:
    """Whether a form has a relation or type that is held out."""
    return share > 0 and any(
        is_unseen(leaf.name, share) for leaf in leaves(form) if isinstance(leaf, (RelationLeaf, TypeLeaf))
    )
