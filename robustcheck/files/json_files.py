"""JSON from outside: each key once, finite numbers that fit 64 bits, bounded depth; else a complaint with its place."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pydantic_core

from robustcheck.errors import RobustcheckError
from robustcheck.files.texts import MOST_BYTES, lines_of, read_text, stripped

_DEEPEST = 64
_LONGEST_NUMBER = 40
# A string, or what lies between: taken away, it leaves the brackets.
_NO_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\[\]{}"]+', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
# Half of a surrogate pair is not a character: it cannot be written again, nor hashed.
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused(ValueError):
    """A value that JSON can write and that no honest file holds."""


def read_json(
    path: Path, complaint: type[RobustcheckError], *, expected: str = "a JSON file", most: int = MOST_BYTES
) -> Any:
    """Return the value in a JSON file."""
    return parse_json(read_text(path, complaint, expected=expected, most=most), str(path), complaint, expected=expected)


def read_json_lines(
    path: Path, complaint: type[RobustcheckError], *, expected: str = "one JSON value a line"
) -> Iterator[tuple[str, Any]]:
    """Yield the place and the value of each line of a JSONL file; blank lines are left out."""
    for number, line in enumerate(lines_of(read_text(path, complaint, expected=expected)), start=1):
        if stripped(line):
            where = f"{path}:{number}"
            yield where, _parsed(line, where, complaint, expected)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the mapping in a JSON file that another library wrote; an empty one where it cannot be read.

    Such files hold numbers of any size and keys that occur twice, which are that library's to judge.
    """
    try:
        value = json.loads(read_text(path, RobustcheckError))
    except (RobustcheckError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def parse_json(text: str, where: str, complaint: type[RobustcheckError], *, expected: str = "JSON") -> Any:
    """Return the value that a JSON text holds; a mistake is placed at its line."""
    return _parsed(text, where, complaint, expected, count_lines=True)


def _parsed(
    text: str, where: str, complaint: type[RobustcheckError], expected: str, *, count_lines: bool = False
) -> Any:
    try:
        _refuse_depth(text)
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
        if _HALF_PAIR.search(text):
            _refuse_half_pairs(value)
        return value
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}" if count_lines else where
        raise complaint(f"not JSON: {error.msg}", where=place, expected=expected) from None
    except (_Refused, RecursionError) as error:
        found = str(error) if isinstance(error, _Refused) else "it is nested too deeply"
        raise complaint(found, where=where, expected=expected) from None


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= _DEEPEST:
        return
    steps = (_STEPS.get(sign, 0) for sign in _NO_BRACKET.sub("", text))
    if max(accumulate(steps), default=0) > _DEEPEST:
        raise _Refused(f"it is nested more than {_DEEPEST} levels deep")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that occurs twice: of two values the last would count, and nobody would know."""
    found = {stripped(name): value for name, value in pairs}
    if len(found) < len(pairs):
        twice = Counter(stripped(name) for name, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {twice!r} occurs twice")
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or not -(2**63) <= int(text) < 2**63:
        raise _Refused(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused(f"the number {text[:_LONGEST_NUMBER]} is beyond what a computer counts")
    return number


def _no_constant(text: str) -> float:
    raise _Refused(f"{text} is not a number")


def _refuse_half_pairs(value: object) -> None:
    items = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise _Refused(f"the text {value!r} holds half of a surrogate pair")
    for item in items:
        _refuse_half_pairs(item)


def dump_json(plain: object, *, indent: int | None = None) -> bytes:
    """Return plain values as JSON; infinities and NaN become strings, which every reader accepts.

    A path that is not UTF-8 holds halves of surrogate pairs, which JSON cannot: they are written as escapes.
    """
    try:
        return pydantic_core.to_json(plain, indent=indent, inf_nan_mode="strings")
    except pydantic_core.PydanticSerializationError:
        return pydantic_core.to_json(without_half_pairs(plain), indent=indent, inf_nan_mode="strings")


def without_half_pairs(plain: object) -> object:
    """Return plain values in which a half of a surrogate pair is written as an escape."""
    if isinstance(plain, str):
        return plain.encode("utf-8", "backslashreplace").decode()
    if isinstance(plain, dict):
        return {without_half_pairs(key): without_half_pairs(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [without_half_pairs(value) for value in plain]
    return plain
