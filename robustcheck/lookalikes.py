"""Characters that look like those of YAML and are others: what word processors, web pages and keyboards put there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)


def with_plain_characters(text: str) -> str:
    """Return a text with the characters of a keyboard in place of those that look like them.

    >>> with_plain_characters("\u2013 id\uff1a \u201ca\u201d")
    '- id: "a"'
    """
    return "".join(map(_plain, text))


def name_characters(characters: Iterable[str]) -> str:
    """Name the characters that are not those of a keyboard; an empty text where all are.

    >>> name_characters("t\u043ep1")
    "'\u043e' is CYRILLIC SMALL LETTER O"
    """
    named = (f"{_shown(one)} is {unicodedata.name(one, f'U+{ord(one):04X}')}" for one in characters if ord(one) > 126)
    return ", ".join(dict.fromkeys(named))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return unicodedata.normalize("NFKC", character).translate(_PLAIN)


def _shown(character: str) -> str:
    return f"'{character}'" if character.isprintable() else f"U+{ord(character):04X}"
