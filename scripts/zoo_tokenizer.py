"""Write the word-level tokenizer that every checkpoint of the zoo carries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<bos>", "<eos>"


def vocabulary(captions: Iterable[str]) -> dict[str, int]:
    """Number the words of the captions; the end token comes last.

    open_clip pools a text at its highest token id, so the end token must have the highest.
    """
    splitter = pre_tokenizers.Whitespace()
    words = {word for caption in captions for word, _ in splitter.pre_tokenize_str(caption.lower())}
    return {word: index for index, word in enumerate([PAD, UNKNOWN, BEGIN, *sorted(words), END])}


def write_tokenizer(directory: Path, vocab: dict[str, int]) -> None:
    """Save the tokenizer in the form that transformers' AutoTokenizer loads from a directory."""
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, vocab[BEGIN]), (END, vocab[END])]
    )
    tokenizer.add_special_tokens([PAD, UNKNOWN, BEGIN, END])
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text(json.dumps(_CONFIG, indent=2) + "\n", encoding="utf-8")


_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "pad_token": PAD,
    "unk_token": UNKNOWN,
    "bos_token": BEGIN,
    "eos_token": END,
    "model_max_length": 16,
    "padding_side": "right",
}
