"""A tiny pretrained encoder with random weights, in a folder as a hub would give it."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

WORDS = ("who", "directed", "alien", "the", "film", "##s", "?")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write_encoder(path: Path, *, words: tuple[str, ...] = WORDS, layers: int = 1) -> Path:
    """Write the encoder; its word pieces are the words."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = (*SPECIAL, *words)
    tokenizer = Tokenizer(WordPiece({word: k for k, word in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=48,
    )
    BertModel(config).save_pretrained(path)
    return path
