"""The structured Transformer: one list of embeddings in, a form written by pointing out.

Encoder: word pieces of the question and of earlier questions, the actions of the previous form, and the
objects of the context attend to each other freely. Decoder: writes the form's actions in prefix order; an
action is an operator (a learnt row) or an object (its encoder state), so entities, relations and types are
pointed at and never memorised. Shapes: see ``batch``; D is the model's width, S = T + F + N.

The layers are pre-norm Transformer layers (Vaswani et al. 2017; Xiong et al. 2020), the pointer is that of
Vinyals et al. 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from grammar.offers import UNKNOWN
from grammar.operators import LEAF_SORTS
from grammar.partial import OPERATOR_NAMES
from kgqa.batch import MAX_ORDER, MAX_TURN, NUMERIC, POINTER, Batch
from kgqa.config import ContextConfig, ModelConfig
from kgqa.context import HOW, NEAR
from kgqa.text import TextInput

OPERATORS_COUNT = len(OPERATOR_NAMES)
START = OPERATORS_COUNT
"""The action before the first."""
ALIKE_SHARPNESS = 10.0
"""How much more the words count, at first, that are most like an object."""
SMALLEST_SHARE = 1e-3
"""Smaller shares of what the graph offers weigh as much as this one."""


class Attention(nn.Module):
    """Multi-head attention; keys and values may be given ready (``project``) and extended (a cache)."""

    def __init__(self, dimension: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dimension, dimension)
        self.key_value = nn.Linear(dimension, 2 * dimension)
        self.out = nn.Linear(dimension, dimension)

    def _split(self, x: Tensor) -> Tensor:
        batch, length, dimension = x.shape
        return x.view(batch, length, self.heads, dimension // self.heads).transpose(1, 2)  # [B, H, n, D/H]

    def project(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [B, H, n, D/H] of a source [B, n, D]."""
        key, value = self.key_value(source).chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def forward(
        self, x: Tensor, key_value: tuple[Tensor, Tensor], *, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """[B, n, D] attends to keys of length m; ``mask`` broadcasts to [B, H, n, m], True where allowed."""
        query, (key, value) = self._split(self.query(x)), key_value
        # On a processor attention in half precision is slower than in full, its gradient several times.
        with torch.autocast("cpu", enabled=False):
            if x.device.type == "cpu":
                query, key, value = query.float(), key.float(), value.float()
            attended = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=causal
            )
        joined: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return joined


def _feed_forward(dimension: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dimension, 4 * dimension),
        nn.GELU(),
        nn.Linear(4 * dimension, dimension),
    )


class EncoderLayer(nn.Module):
    """Everything attends to everything."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(config.dimension)
        self.attention = Attention(config.dimension, config.heads)
        self.before_feed_forward = nn.LayerNorm(config.dimension)
        self.feed_forward = _feed_forward(config.dimension)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, S, D]; ``mask`` [B, 1, 1, S]."""
        normed = self.before_attention(x)
        x = x + self.dropout(self.attention(normed, self.attention.project(normed), mask=mask))
        x = x + self.dropout(self.feed_forward(self.before_feed_forward(x)))
        return x


class DecoderLayer(nn.Module):
    """Attends to what is written, then to the encoder's states."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.before_self = nn.LayerNorm(config.dimension)
        self.self_attention = Attention(config.dimension, config.heads)
        self.before_cross = nn.LayerNorm(config.dimension)
        self.cross_attention = Attention(config.dimension, config.heads)
        self.before_feed_forward = nn.LayerNorm(config.dimension)
        self.feed_forward = _feed_forward(config.dimension)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        x: Tensor,
        written: tuple[Tensor, Tensor] | None,
        source: tuple[Tensor, Tensor],
        source_mask: Tensor,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """[B, n, D] after what is ``written`` (keys and values, None at the start); gives the longer cache.

        Without a cache the n positions are the whole sequence and attend causally; with one, n is 1.
        """
        normed = self.before_self(x)
        key, value = self.self_attention.project(normed)
        if written is not None:
            key, value = torch.cat((written[0], key), 2), torch.cat((written[1], value), 2)
        attended = self.self_attention(normed, (key, value), causal=written is None)
        x = x + self.dropout(attended)
        x = x + self.dropout(self.cross_attention(self.before_cross(x), source, mask=source_mask))
        x = x + self.dropout(self.feed_forward(self.before_feed_forward(x)))
        return x, (key, value)


@dataclass
class Memory:
    """What the decoder looks at: made once a question.

    ``objects`` [B, N, D] encoder states, ``keys`` [B, N, D] what pointers are compared with, ``mask``
    [B, 1, 1, S], ``source`` keys and values of every decoder layer, ``written`` its cache so far.
    """

    objects: Tensor
    keys: Tensor
    object_mask: Tensor
    mask: Tensor
    source: list[tuple[Tensor, Tensor]]
    written: list[tuple[Tensor, Tensor] | None] = field(default_factory=list)
    length: int = 0

    def select(self, rows: Tensor) -> Memory:
        """The memory of other rows (beams that go on), [B'] -> a memory of B' rows."""
        pick = lambda pair: (pair[0][rows], pair[1][rows])  # noqa: E731
        return Memory(
            self.objects[rows],
            self.keys[rows],
            self.object_mask[rows],
            self.mask[rows],
            [pick(pair) for pair in self.source],
            [None if pair is None else pick(pair) for pair in self.written],
            self.length,
        )


class StructuredTransformer(nn.Module):
    """See the module's docstring."""

    def __init__(
        self, config: ModelConfig, context: ContextConfig, *, text: TextInput, max_actions: int
    ) -> None:
        super().__init__()
        d = config.dimension
        self.text = text
        self.max_actions = max_actions
        self.hidden_words = self.hidden_offers = 0.0
        self.piece_position = nn.Embedding(context.question_tokens, d)
        self.piece_turn = nn.Embedding(MAX_TURN, d)
        self.piece_norm = nn.LayerNorm(d)
        self.form_operator = nn.Embedding(POINTER + 1, d)
        self.form_position = nn.Embedding(context.form_actions, d)
        self.sort = nn.Embedding(len(LEAF_SORTS), d)
        self.how = nn.Embedding(len(HOW), d)
        self.turn = nn.Embedding(MAX_TURN, d)
        self.place = nn.Embedding(context.form_actions + 1, d)
        self.order = nn.Embedding(MAX_ORDER, d)
        self.near = nn.Linear(len(NEAR), d)
        self.numeric = nn.Sequential(nn.Linear(NUMERIC, d), nn.GELU(), nn.Linear(d, d))
        self.mention = nn.Linear(d, d)
        self.alike = nn.Linear(d + 1, d)
        self.sharpness = nn.Parameter(torch.tensor(math.log(ALIKE_SHARPNESS)))
        self.leads = nn.Linear(d, d)
        self.object_norm = nn.LayerNorm(d)
        self.kind = nn.Embedding(3, d)  # piece, action of the previous form, object
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.LayerNorm(d)
        self.action = nn.Embedding(OPERATORS_COUNT + 1, d)
        self.pointed = nn.Linear(d, d)
        self.action_position = nn.Embedding(max_actions, d)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.decoder_norm = nn.LayerNorm(d)
        self.operator_score = nn.Linear(d, OPERATORS_COUNT)
        self.pointer_query = nn.Linear(d, d)
        self.pointer_key = nn.Linear(d, d)
        self.offer = nn.Linear(d, 2)
        self.apply(_initialise)
        with torch.no_grad():  # from the start what leads nowhere is less likely
            self.offer.bias.copy_(torch.tensor([-1.0, 1.0]))

    def hide(self, *, words: float, offers: float) -> None:
        """Hide these shares of word pieces and of forms' offers while training."""
        self.hidden_words, self.hidden_offers = words, offers

    def encode(self, batch: Batch) -> Memory:
        """Read the contexts."""
        seen = self._seen(batch.piece_mask)
        pieces = self.text.pieces(batch.pieces) * seen.unsqueeze(-1)  # [B, T, D]
        pieces = pieces + self.piece_position(batch.piece_position) + self.piece_turn(batch.piece_turn)
        pieces = self.piece_norm(pieces)
        texts = self.text.labels(batch.label_features)  # [U, D]
        labels = texts[batch.label]  # [B, N, D]
        leads = self.leads(texts)[batch.leads.clamp(min=0)] * (batch.leads >= 0).unsqueeze(-1)
        tables = (self.sort, self.how, self.turn, self.place, self.order)
        objects = labels + leads + self.near(batch.near) + self.numeric(batch.numeric)
        for k, table in enumerate(tables):
            objects = objects + table(batch.categories[..., k])
        objects = objects + self.mention(_mean_of_spans(pieces, batch.span))
        objects = self.object_norm(objects + self._words_alike(batch, pieces, seen))
        pointed = batch.form_object.clamp(min=0)[..., None].expand(-1, -1, objects.shape[-1])
        form = self.form_operator(batch.form_operator) + torch.gather(objects, 1, pointed) * (
            batch.form_object >= 0
        ).unsqueeze(-1)
        form = form + self.form_position.weight[: form.shape[1]]
        x = torch.cat(
            (pieces + self.kind.weight[0], form + self.kind.weight[1], objects + self.kind.weight[2]), 1
        )
        mask = torch.cat((batch.piece_mask, batch.form_mask, batch.object_mask), 1)[:, None, None, :]
        x = self.dropout(x)
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.encoder_norm(x)  # [B, S, D]
        states = x[:, -objects.shape[1] :]
        source = [layer.cross_attention.project(x) for layer in self.decoder]  # type: ignore[operator, union-attr]
        return Memory(
            states, self.pointer_key(states), batch.object_mask, mask, source, [None] * len(self.decoder)
        )

    def _seen(self, mask: Tensor) -> Tensor:
        """The word pieces [B, T] that are there and not hidden."""
        if not (self.training and self.hidden_words):
            return mask
        return mask & (torch.rand(mask.shape, device=mask.device) >= self.hidden_words)

    def _words_alike(self, batch: Batch, pieces: Tensor, seen: Tensor) -> Tensor:
        """What of the questions each object's text is most like, by the encoder's own measure, [B, N, D].

        It says from the start which words speak of which relation; attention would have to learn it.
        """
        words, labels = self.text.comparable(batch.pieces, batch.label_features)
        alike = labels[batch.label] @ words.transpose(1, 2)  # [B, N, T], cosines
        alike = alike.masked_fill(~seen[:, None, :], -1.0)
        weights = (alike * self.sharpness.exp()).softmax(-1)
        most = alike.amax(-1, keepdim=True)
        found: Tensor = self.alike(torch.cat((weights @ pieces, most), -1))
        return found

    def _action_embedding(self, actions: Tensor, objects: Tensor) -> Tensor:
        """[B, n] actions (operator, START, or START + 1 + object) -> [B, n, D]."""
        operators = self.action(actions.clamp(max=START))
        index = (actions - START - 1).clamp(min=0)[..., None].expand(-1, -1, objects.shape[-1])
        pointed = self.pointed(torch.gather(objects, 1, index))
        return torch.where((actions > START).unsqueeze(-1), pointed, operators)

    def decode(self, previous: Tensor, memory: Memory, offers: Tensor | None = None) -> Tensor:
        """Scores of the next action, [B, n, A], after the actions [B, n] (``with_start`` of action numbers).

        ``offers`` [B, n, A] are shares of ``grammar.offers``, if known; what is being written decides how
        much they weigh. Extends the cache in ``memory``: call it with whole sequences once, or step by step
        with n = 1.
        """
        length = previous.shape[1]
        x = self._action_embedding(previous, memory.objects)
        x = x + self.action_position.weight[memory.length : memory.length + length]
        for k, layer in enumerate(self.decoder):
            x, memory.written[k] = layer(x, memory.written[k], memory.source[k], memory.mask)
        memory.length += length
        x = self.decoder_norm(x)
        pointers = self.pointer_query(x) @ memory.keys.transpose(1, 2) / x.shape[-1] ** 0.5  # [B, n, N]
        pointers = pointers.masked_fill(~memory.object_mask[:, None, :], -1e9)
        scores = torch.cat((self.operator_score(x), pointers), -1)
        if offers is None:
            return scores
        weights = self.offer(x)  # [B, n, 2]: of what leads nowhere, of how much leads somewhere
        share = 1 + offers.clamp(min=SMALLEST_SHARE).log10() / -math.log10(SMALLEST_SHARE)
        graph = torch.where(offers > 0, weights[..., 1:] * share, weights[..., :1])
        return scores + graph * (offers >= 0)

    def forward(self, batch: Batch, rows: Tensor, actions: Tensor, allowed: Tensor, offers: Tensor) -> Tensor:
        """Negative log-likelihood, summed over questions, that one of a question's forms is written.

        With one form a question it is that of the form. The arguments are those of ``likelihoods``.
        """
        likely = self.likelihoods(batch, rows, actions, allowed, offers)
        questions = batch.label.shape[0]
        if len(rows) == questions:
            return -likely.sum()
        own = rows == torch.arange(questions, device=rows.device)[:, None]  # [B, R]
        return -torch.where(own, likely, -torch.inf).logsumexp(1).sum()

    def likelihoods(
        self, batch: Batch, rows: Tensor, actions: Tensor, allowed: Tensor, offers: Tensor
    ) -> Tensor:
        """Log-likelihood of each of R forms, [R].

        ``rows`` [R] says of which question each is, ``actions`` [R, L] (-1 pads) are its actions, under the
        mask ``allowed`` and with what the graph ``offers`` [R, L, A].
        """
        memory = self.encode(batch)
        if len(rows) > batch.label.shape[0]:
            memory = memory.select(rows)
        start = torch.full_like(actions[:, :1], -1)
        previous = with_start(torch.cat((start, actions[:, :-1]), 1).clamp(min=-1))
        if self.training and self.hidden_offers:
            hidden = torch.rand(len(offers), 1, 1, device=offers.device) < self.hidden_offers
            offers = offers.masked_fill(hidden, UNKNOWN)
        scores = self.decode(previous, memory, offers).float().masked_fill(~allowed, -1e9)
        steps = functional.cross_entropy(scores.transpose(1, 2), actions, ignore_index=-1, reduction="none")
        return -steps.sum(1)


def with_start(actions: Tensor) -> Tensor:
    """Action numbers (operators, then objects; -1 for the start) as rows of the decoder's input."""
    shifted = torch.where(actions >= OPERATORS_COUNT, actions + 1, actions)
    return torch.where(actions < 0, torch.full_like(actions, START), shifted)


def _mean_of_spans(pieces: Tensor, span: Tensor) -> Tensor:
    """Mean of the pieces [B, T, D] in every span [B, N, 2] -> [B, N, D]; zero for empty spans."""
    ends = torch.cat((torch.zeros_like(pieces[:, :1]), pieces.cumsum(1)), 1)  # [B, T + 1, D]
    take = lambda edge: torch.gather(ends, 1, edge[..., None].expand(-1, -1, pieces.shape[-1]))  # noqa: E731
    length = (span[..., 1] - span[..., 0]).clamp(min=1).unsqueeze(-1)
    return (take(span[..., 1]) - take(span[..., 0])) / length


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02 if module.padding_idx is None else 0.1)
        if module.padding_idx is not None:
            with torch.no_grad():
                module.weight[module.padding_idx].zero_()
