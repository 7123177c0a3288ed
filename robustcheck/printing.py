"""Text from outside, made fit to be printed: nothing in it can move a cursor, start a command or fill a screen.

File names, model names, captions and values of other people's files stand in messages. What a terminal, a CI service
or a log would act on is written as an escape instead: control characters, line separators, marks that turn the
direction of writing, halves of surrogate pairs, and the beginnings of workflow commands (``::error``, ``##[group]``).
"""

from __future__ import annotations

import re
from reprlib import Repr

MOST = 2000

_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNPRINTABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff{_TURNS}]")
# GitHub reads a command at the start of a line, white space aside; the older form and others' anywhere in it.
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_MARKED_COMMAND = re.compile(r"(?<=#)#(?=\w*\[)")


def printable(text: str, most: int = MOST) -> str:
    """Return a text of several lines with nothing in it that a terminal or a CI service acts on.

    >>> printable("a\\x1b[31m\\n::error::b")
    'a\\\\x1b[31m\\n\\\\x3a:error::b'
    """
    return _without_commands(_UNPRINTABLE.sub(_escape, without_middle(text, most)))


def one_line(text: str, most: int = MOST) -> str:
    """Return a text as one printable line: line breaks and tabs are written as escapes too.

    >>> one_line("a\\n::error::b")
    'a\\\\n::error::b'
    """
    line = without_middle(text, most).replace("\n", "\\n").replace("\t", "\\t")
    return _without_commands(_UNPRINTABLE.sub(_escape, line))


def flowing(text: str, most: int = MOST) -> str:
    """Return prose as one printable line: its line breaks are spaces.

    >>> flowing("a long\\nsentence")
    'a long sentence'
    """
    return one_line(" ".join(without_middle(text, most).split()), most)


def shown(value: object) -> str:
    """Return the representation of a value from a file, however large or deep the value is.

    >>> shown([1, [2, [3, [4, [5]]]]])
    '[1, [2, [3, [...]]]]'
    """
    return _SHORT.repr(value)


def without_middle(text: str, most: int = MOST) -> str:
    """Return a text of at most about ``most`` characters: the middle of a longer one is left out, and counted.

    >>> without_middle("abcdefghij", 4)
    'ab...(6 characters)...ij'
    """
    if len(text) <= most:
        return text
    head, tail = most - most // 2, most // 2
    return f"{text[:head]}...({len(text) - most:,} characters)...{text[len(text) - tail :]}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    names = {"\r": "\\r"}
    return names.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _without_commands(text: str) -> str:
    return _MARKED_COMMAND.sub(r"\\x23", _COMMAND.sub(r"\1\\x3a", text)) if "::" in text or "[" in text else text


def _short() -> Repr:
    short = Repr()
    short.maxlevel = 3
    short.maxlist = short.maxtuple = short.maxdict = short.maxset = 6
    short.maxstring = short.maxlong = short.maxother = 120
    return short


_SHORT = _short()
