"""Text as vectors: questions word piece by word piece, labels as one vector each.

Two encoders with one interface. ``PretrainedText`` runs any Hugging Face encoder, frozen (``kgqa.tuning``
may have tuned it before), and remembers what it has encoded; ``ScratchText`` has word pieces of its own and
is trained with the model. What an encoder makes of texts before the model runs are ``features`` (no
gradient); ``TextInput`` in the model turns features into vectors of its own width.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from torch import Tensor, nn
from torch.nn import functional

from grammar.errors import CheckpointError, ConfigError
from kgqa.config import SCRATCH

HalfArray = npt.NDArray[np.float16]
MAX_LABEL_PIECES = 24


@dataclass(frozen=True)
class Pieces:
    """The word pieces of one text: ``features`` [pieces, ...] and ``spans`` [pieces, 2] in characters."""

    features: npt.NDArray[np.generic]
    spans: npt.NDArray[np.int64]


class TextEncoder(Protocol):
    """What the rest of kgqa asks of an encoder."""

    name: str
    width: int

    @property
    def digest(self) -> str | None:
        """Tells encoders apart whose ``vectors`` differ; None where there are none."""
        ...

    def pieces(self, texts: Sequence[str], limit: int) -> list[Pieces]:
        """Word pieces of questions, at most ``limit`` each."""
        ...

    def labels(self, texts: Sequence[str]) -> npt.NDArray[np.generic]:
        """One feature row a text, [n, ...]."""
        ...

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32] | None:
        """Unit vectors [n, width] whose products tell similarity, or None where they would mean nothing."""
        ...

    def forget(self) -> None:
        """Encode anew what was encoded before: its last bits depend on the texts that it comes with."""
        ...

    def remember(self, text: str, vector: HalfArray) -> None:
        """Take it as known what ``labels`` says of a text, [width]."""
        ...

    def save(self, folder: Path) -> None:
        """Write what is needed to open the encoder again."""
        ...


class PretrainedText:
    """A frozen Hugging Face encoder; a text's vector is the mean of its pieces' last states, normalised."""

    def __init__(self, name: str, *, device: torch.device) -> None:
        # Seconds to import: only where it is used.
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        from kgqa.compression import load_encoder

        self.name = name
        logging.disable_progress_bar()  # loading takes a moment and is no news
        try:
            compressed = load_encoder(Path(name)) if Path(name).is_dir() else None
            self.tokenizer = AutoTokenizer.from_pretrained(name)
            self.model = compressed if compressed is not None else AutoModel.from_pretrained(name)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(
                f"text encoder {name!r}: expected {SCRATCH!r}, a folder or a Hugging Face name; {reason}"
            ) from None
        self.model = self.model.float().eval().requires_grad_(False).to(device)
        self.device = device
        self.half = multiplies_bf16(device)
        self.width = int(self.model.config.hidden_size)
        self._labels: dict[str, HalfArray] = {}
        self._pieces: dict[str, Pieces] = {}

    @cached_property
    def digest(self) -> str:
        """Of the weights."""
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _encode(
        self, texts: Sequence[str], limit: int
    ) -> Iterable[tuple[str, HalfArray, npt.NDArray[np.int64]]]:
        """Text, states [pieces, width] without the special pieces, spans [pieces, 2]; longest texts last."""
        ordered = sorted(texts, key=len)
        for start in range(0, len(ordered), 64):
            chunk = ordered[start : start + 64]
            batch = self.tokenizer(
                chunk,
                padding=True,
                truncation=True,
                max_length=limit + 2,
                return_offsets_mapping=True,
                return_special_tokens_mask=True,
                return_tensors="pt",
            )
            spans, special = batch.pop("offset_mapping"), batch.pop("special_tokens_mask")
            with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
                states = self.model(**{k: v.to(self.device) for k, v in batch.items()}).last_hidden_state
            states = states.float().cpu().numpy().astype(np.float16)
            for row, text in enumerate(chunk):
                real = (batch["attention_mask"][row] == 1).numpy()
                words = real & (special[row] == 0).numpy()
                # The mean runs over the special pieces too, as these encoders were trained.
                yield (
                    text,
                    np.concatenate((states[row][real].mean(0, keepdims=True), states[row][words])),
                    spans[row].numpy()[words],
                )

    def embed(self, texts: Sequence[str], limit: int) -> Tensor:
        """Unit vectors [n, width] with a gradient, for tuning."""
        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=limit + 2, return_tensors="pt"
        ).to(self.device)
        states = self.model(**batch).last_hidden_state
        real = batch["attention_mask"].unsqueeze(-1)
        return functional.normalize((states * real).sum(1) / real.sum(1), dim=-1)

    def tuned(self) -> None:
        """The weights have changed: forget what the old ones said, and change no more."""
        self.model.eval().requires_grad_(False)
        self.forget()
        self.__dict__.pop("digest", None)

    def forget(self) -> None:
        self._labels.clear()
        self._pieces.clear()

    def pieces(self, texts: Sequence[str], limit: int) -> list[Pieces]:
        missing = {text for text in texts if text not in self._pieces}
        for text, states, spans in self._encode(sorted(missing), limit):
            self._pieces[text] = Pieces(states[1:], spans)
            self._labels.setdefault(text, _unit(states[0]))
        found = [self._pieces[text] for text in texts]
        _forget(self._pieces, 50_000)
        return found

    def labels(self, texts: Sequence[str]) -> HalfArray:
        missing = {text for text in texts if text not in self._labels}
        for text, states, _ in self._encode(sorted(missing), MAX_LABEL_PIECES):
            self._labels[text] = _unit(states[0])
        found = [self._labels[text] for text in texts]
        _forget(self._labels, 100_000)
        return np.stack(found) if found else np.zeros((0, self.width), np.float16)

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32] | None:
        return self.labels(texts).astype(np.float32)

    def remember(self, text: str, vector: HalfArray) -> None:
        self._labels.setdefault(text, vector)

    def save(self, folder: Path) -> None:
        from kgqa.compression import save_encoder

        save_encoder(self.model, folder)
        self.tokenizer.save_pretrained(folder)


def multiplies_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bf16 by itself, several times faster than fp32; an old processor would be
    many times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    can: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def _unit(vector: npt.NDArray[np.floating]) -> HalfArray:
    wide = vector.astype(np.float32)
    return (wide / max(float(np.linalg.norm(wide)), 1e-6)).astype(np.float16)


def _forget(known: dict[str, Any], limit: int) -> None:
    """Drop the oldest half when too much is remembered."""
    if len(known) > limit:
        for text in list(known)[: limit // 2]:
            del known[text]


class ScratchText:
    """Word pieces learnt from the training texts; their vectors are the model's own parameters."""

    name = SCRATCH
    width = 0
    digest = None

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    @classmethod
    def train(cls, texts: Iterable[str], *, vocabulary: int) -> ScratchText:
        """Learn word pieces from texts: all characters, then the most frequent words, beginnings and endings.

        Counted here and not by a library's trainer, because those break ties at random, and the same texts
        must give the same model.
        """
        normalizer, splitter = BertNormalizer(lowercase=True), BertPreTokenizer()
        words: Counter[str] = Counter()
        for text in texts:
            words.update(word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
        pieces: Counter[str] = Counter()
        characters: set[str] = set()
        for word, count in words.items():
            characters.update(word[:1], *(f"##{c}" for c in word[1:]))
            pieces[word] += 2 * count  # a word whole rather than in parts
            for cut in range(2, len(word)):
                pieces[word[:cut]] += count
                pieces[f"##{word[cut:]}"] += count
        chosen = ["[PAD]", "[UNK]", *sorted(characters)]
        frequent = sorted((p for p in pieces if p not in characters), key=lambda p: (-pieces[p], p))
        chosen += frequent[: max(0, vocabulary - len(chosen))]
        tokenizer = Tokenizer(WordPiece({piece: k for k, piece in enumerate(chosen)}, unk_token="[UNK]"))
        tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = splitter
        return cls(tokenizer)

    @classmethod
    def load(cls, folder: Path) -> ScratchText:
        """Open what ``save`` wrote."""
        path = folder / "tokenizer.json"
        if not path.exists():
            raise CheckpointError(
                f"expected the word pieces of the checkpoint at {path}; the folder is incomplete"
            )
        return cls(Tokenizer.from_file(str(path)))

    @property
    def vocabulary(self) -> int:
        """How many word pieces there are."""
        return int(self.tokenizer.get_vocab_size())

    def pieces(self, texts: Sequence[str], limit: int) -> list[Pieces]:
        return [
            Pieces(
                np.array(encoding.ids[:limit], np.int64),
                np.array(encoding.offsets[:limit], np.int64).reshape(-1, 2),
            )
            for encoding in self.tokenizer.encode_batch(list(texts))
        ]

    def labels(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        rows = np.zeros((len(texts), MAX_LABEL_PIECES), np.int64)
        for row, encoding in zip(rows, self.tokenizer.encode_batch(list(texts)), strict=True):
            ids = encoding.ids[:MAX_LABEL_PIECES]
            row[: len(ids)] = ids
        return rows

    def vectors(self, texts: Sequence[str]) -> None:
        return None

    def remember(self, text: str, vector: HalfArray) -> None:
        return  # its vectors are the model's own parameters

    def forget(self) -> None:
        pass

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(folder / "tokenizer.json"))


class TextInput(nn.Module):
    """Features of an encoder -> vectors [..., dimension] of the model."""

    def __init__(self, *, dimension: int, width: int = 0, vocabulary: int = 0) -> None:
        super().__init__()
        self.pretrained = width > 0
        if self.pretrained:
            self.piece = nn.Linear(width, dimension)
            self.label = nn.Sequential(
                nn.Linear(width, dimension), nn.GELU(), nn.Linear(dimension, dimension)
            )
        else:
            self.embedding = nn.Embedding(vocabulary, dimension, padding_idx=0)
            self.label = nn.Sequential(
                nn.Linear(dimension, dimension), nn.GELU(), nn.Linear(dimension, dimension)
            )

    def pieces(self, features: Tensor) -> Tensor:
        """[B, T, width] floats or [B, T] piece numbers -> [B, T, dimension]."""
        vectors: Tensor = self.piece(features) if self.pretrained else self.embedding(features)
        return vectors

    def labels(self, features: Tensor) -> Tensor:
        """[U, width] floats or [U, L] piece numbers -> [U, dimension]."""
        means = self._means(features)
        if self.pretrained:
            means = means * means.shape[-1] ** 0.5  # unit vectors -> unit variance
        vectors: Tensor = self.label(means)
        return vectors

    def comparable(self, pieces: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Features of pieces and labels as unit vectors whose products tell likeness: [B, T, W], [U, W]."""
        words = pieces if self.pretrained else self.embedding(pieces)
        return functional.normalize(words, dim=-1), functional.normalize(self._means(labels), dim=-1)

    def _means(self, features: Tensor) -> Tensor:
        if self.pretrained:
            return features
        present = (features != 0).unsqueeze(-1)  # [U, L, 1]
        summed = (self.embedding(features) * present).sum(1)
        means: Tensor = summed / present.sum(1).clamp(min=1)
        return means
