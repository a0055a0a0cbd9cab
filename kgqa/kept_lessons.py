"""Prepared lessons kept on disk until training has ended, so that a kill loses the chunks in work alone.

One file a chunk: safetensors under zlib, whose checksum tells a file that is not whole. The folder of a
chunk is named by all that its lessons depend on, which ``made_of.json`` spells out; lessons that were made
of something else are discarded. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from grammar.errors import KgqaError
from grammar.forms import read_form
from grammar.operators import GRAMMAR_NAME
from grammar.partial import OPERATOR_NAMES
from kgqa import __version__
from kgqa.batch import Encoded
from kgqa.config import Config
from kgqa.context import Context
from kgqa.graphs.opening import open_graph
from kgqa.prepare import Prepared, Target
from kgqa.training_state import forget_state

_LOG = logging.getLogger("kgqa")
_RECORD, _MADE_OF = "record", "made_of.json"
_LEVEL = 1  # of compression: the next ones take longer than they save
_OF_CONTEXT = ("pieces", "labels", "leads")  # these are written by question, or are in the context

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class KeptLessons:
    """Chunks of lessons in a folder, by number. Several processes may read and write them together."""

    folder: Path

    def made_of(
        self,
        config: Config,
        *,
        text: Path,
        graphs: Iterable[str],
        lessons: Iterable[object],
        associations: Iterable[object],
    ) -> KeptLessons:
        """Those that were made of just this; all others are discarded, which is said.

        Args:
            text: the folder of the text encoder.
            lessons: what is to be prepared, told apart by its ``repr``; ``associations`` likewise.
            graphs: over which each of them is.
        """
        training = config.training
        limits = training.max_actions, training.forms
        checksums = cache(lambda graph: open_graph(graph).checksum)
        files = (path for path in sorted(text.glob("*")) if path.is_file())
        return self._made_of(
            {
                "version": _digest(map(str.encode, (__version__, GRAMMAR_NAME, *OPERATOR_NAMES))),
                "settings": json.dumps([asdict(config.context), *limits]),
                "text encoder": _digest(path.read_bytes() for path in files),
                "graphs": _digest(checksums(graph).encode() for graph in graphs),
                "lessons": _digest(_said(lesson) for lesson in lessons),
                "associations": _digest(_said(one) for one in associations),
            }
        )

    def _made_of(self, parts: Mapping[str, str]) -> KeptLessons:
        text = json.dumps(parts, indent=1)
        kept = KeptLessons(self.folder / hashlib.sha256(text.encode()).hexdigest()[:16])
        for other in self.folder.glob("*"):
            if other != kept.folder:
                record = _read_record(other / _MADE_OF)
                changed = [name for name, value in parts.items() if record.get(name) != value]
                _LOG.warning("lessons are prepared anew, since these changed: %s", ", ".join(changed))
                forget_state(other)
        kept._put(_MADE_OF, text.encode())
        return kept

    def read(self, number: int, graph: str) -> list[Prepared] | None:
        """A chunk of lessons over a graph; None where none is kept, or what is kept is damaged."""
        try:
            return _unpack((self.folder / f"{number}").read_bytes(), graph)
        except (OSError, zlib.error, SafetensorError, KgqaError):
            return None

    def holds(self, number: int) -> bool:
        """Whether a chunk is kept; it may be damaged."""
        return (self.folder / f"{number}").exists()

    def write(self, number: int, lessons: Sequence[Prepared]) -> None:
        """Keep a chunk."""
        self._put(f"{number}", _pack(lessons))

    def _put(self, name: str, content: bytes) -> None:
        """Write so that a reader finds all or nothing. A place that cannot be written to costs only time."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".new", delete=False) as file:
                file.write(content)
            os.replace(file.name, self.folder / name)
        except OSError:
            return


def _said(it: object) -> bytes:
    return repr(it).encode("utf-8", "backslashreplace")


def _digest(contents: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(b"%d " % len(content))
        digest.update(content)
    return digest.hexdigest()


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _pack(lessons: Sequence[Prepared]) -> bytes:
    """Every array of all lessons one after another with their lengths, all else as JSON."""
    record = [
        {
            "id": lesson.id,
            "released": lesson.released,
            "context": lesson.context.to_json(),
            "forms": [str(target.form) for target in lesson.targets],
        }
        for lesson in lessons
    ]
    arrays = {_RECORD: np.frombuffer(json.dumps(record).encode(), np.uint8)}
    for name in _array_names():
        arrays |= _joined(name, [getattr(lesson.encoded, name) for lesson in lessons])
    pieces: dict[str, Array] = {}
    for lesson in lessons:
        for turn, question in enumerate(_asked(lesson.context)):
            if question not in pieces:
                pieces[question] = lesson.encoded.pieces[lesson.encoded.piece_turn == turn]
    arrays |= _joined("pieces", list(pieces.values()))
    targets = [target for lesson in lessons for target in lesson.targets]
    arrays |= _joined("actions", [target.actions for target in targets])
    arrays |= _joined("allowed", [np.packbits(target.allowed) for target in targets])
    arrays |= _joined("offers", [target.offers.reshape(-1) for target in targets])
    return zlib.compress(save(arrays), _LEVEL)


def _unpack(content: bytes, graph: str) -> list[Prepared]:
    arrays = load(zlib.decompress(content))
    record = json.loads(arrays.pop(_RECORD).tobytes(), object_hook=_sharing())
    contexts = [Context.from_json(lesson["context"]) for lesson in record]
    asked = dict.fromkeys(question for context in contexts for question in _asked(context))
    pieces = dict(zip(asked, _parts(arrays, "pieces"), strict=True))
    of_lesson = {name: _parts(arrays, name) for name in _array_names()}
    targets = _targets((form for lesson in record for form in lesson["forms"]), arrays)
    return [
        Prepared(
            lesson["id"],
            Encoded(
                pieces=np.concatenate([pieces[question] for question in _asked(context)]),
                labels=tuple(o.text for o in context.objects),
                leads=tuple(o.leads for o in context.objects),
                **{name: parts[number] for name, parts in of_lesson.items()},
            ),
            tuple(islice(targets, len(lesson["forms"]))),
            graph,
            lesson["released"],
            context,
        )
        for number, (lesson, context) in enumerate(zip(record, contexts, strict=True))
    ]


def _targets(forms: Iterable[str], arrays: Mapping[str, Array]) -> Iterator[Target]:
    parts = (_parts(arrays, name) for name in ("actions", "allowed", "offers"))
    for form, actions, bits, flat in zip(forms, *parts, strict=True):
        offers = flat.reshape(len(actions), -1)
        allowed = np.unpackbits(bits, count=offers.size).view(np.bool_).reshape(offers.shape)
        yield Target(read_form(form, longest=len(form)), actions, allowed, offers)


def _array_names() -> list[str]:
    return [field.name for field in fields(Encoded) if field.name not in _OF_CONTEXT]


def _asked(context: Context) -> list[str]:
    """The questions whose pieces the model reads, in order."""
    return [context.question, *(turn.question for turn in context.turns)]


def _joined(name: str, arrays: Sequence[Array]) -> dict[str, Array]:
    """Arrays [n, ...] of different n as one, with their lengths; none at all are left out."""
    if not arrays:
        return {}
    return {name: np.concatenate(arrays), f"{name} lengths": np.array([len(a) for a in arrays], np.int64)}


def _parts(arrays: Mapping[str, Array], name: str) -> list[Array]:
    """The arrays that were joined under a name, as views."""
    if name not in arrays:
        return []
    return np.split(arrays[name], np.cumsum(arrays[f"{name} lengths"])[:-1])


def _sharing() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Has a text that comes again and again, such as a relation's, in memory once."""
    known: dict[str, str] = {}
    return lambda record: {k: known.setdefault(v, v) if isinstance(v, str) else v for k, v in record.items()}
