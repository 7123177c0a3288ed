"""CLIP's byte-pair vocabulary, read from open_clip's file: what token ids are as text, and back, without torch."""

from __future__ import annotations

import gzip
import html
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from robustcheck.errors import SetupError

_FILE = "bpe_simple_vocab_16e6.txt.gz"
# 256 bytes, alone and at the end of a word, these merges, and the marks of start and end make 49,408 tokens.
_MERGES = 48_894
_END = "</w>"
# How CLIP splits a text into words (openai/CLIP, simple_tokenizer.py).
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def decode_tokens(ids: Sequence[int], where: str = "") -> str:
    """Return the text of token ids; raise SetupError for an id that CLIP's vocabulary does not have.

    >>> decode_tokens([320, 1125, 539, 320])
    'a photo of a'
    """
    words, bytes_of = _vocabulary(), {letter: byte for byte, letter in _letters().items()}
    strange = [number for number in ids if not 0 <= number < len(words)]
    if strange:
        expected = f"ids from 0 to {len(words) - 1} of CLIP's vocabulary"
        raise SetupError(f"no token {strange[0]}", where=where, expected=expected)
    text = "".join(words[number].replace(_END, " ") for number in ids)
    return bytes(byte for letter in text for byte in _bytes(letter, bytes_of)).decode("utf-8", errors="replace").strip()


def encode_text(text: str) -> list[int]:
    """Return the token ids of a text, without those of start and end, as CLIP's tokenizer gives them.

    >>> encode_text("A photo of a")
    [320, 1125, 539, 320]
    """
    import ftfy

    cleaned = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    found: list[int] = _tokenizer().encode(" ".join(cleaned.split()).lower()).ids
    return found


def _bytes(letter: str, bytes_of: dict[str, int]) -> bytes:
    return b" " if letter == " " else bytes([bytes_of[letter]])


@cache
def _tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {word: number for number, word in enumerate(_vocabulary())}
    merges = [(first, second) for first, second in (line.split() for line in _merges())]
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix=_END))
    split = pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return made


@cache
def _vocabulary() -> tuple[str, ...]:
    """Return every token by its id but the marks of start and end."""
    letters = tuple(_letters().values())
    merged = tuple("".join(line.split()) for line in _merges())
    return (*letters, *(letter + _END for letter in letters), *merged)


@cache
def _merges() -> tuple[str, ...]:
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        raise SetupError("the package open_clip is not installed", fix="pip install open_clip_torch")
    lines = gzip.decompress(Path(package.origin).with_name(_FILE).read_bytes()).decode("utf-8").split("\n")
    return tuple(lines[1 : 1 + _MERGES])


@cache
def _letters() -> dict[int, str]:
    """Return the letter that stands for each byte: itself where it prints, else one behind the first 256."""
    # Those of Latin-1 that print: ! to ~, and from the inverted exclamation mark on without the soft hyphen.
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    return {byte: chr(byte) for byte in printed} | {byte: chr(256 + place) for place, byte in enumerate(others)}
