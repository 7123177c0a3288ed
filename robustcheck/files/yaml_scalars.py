"""Plain scalars as YAML 1.2 reads them, and the words that YAML 1.1 readers read otherwise."""

from __future__ import annotations

import math
import re
from typing import Any, TypeGuard

import yaml

from robustcheck.printing import without_middle
from robustcheck.values.expectations import number_text

PREFIX = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 40
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SWITCH_WORD = re.compile(r"(?:yes|no|on|off)", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)")


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the YAML 1.2 core scalars; PyYAML's own classes stay as they are."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's protocol


def _register(name: str, pattern: re.Pattern[str], first: list[str] | None) -> None:
    CoreLoader.add_implicit_resolver(PREFIX + name, re.compile(f"(?:{pattern.pattern})$"), first)


_register("null", _NULL, ["~", "n", "N", ""])
_register("bool", _BOOL, list("tTfF"))
_register("int", _INT, list("-+0123456789"))
_register("float", _FLOAT, list("-+.0123456789"))


def scalar_value(kind: str, text: str) -> object:
    """Return the value of a scalar of a core kind; raise ValueError when the text is not of that kind."""
    if kind == "str":
        return text
    if kind == "null" and _NULL.fullmatch(text):
        return None
    if kind == "bool" and _BOOL.fullmatch(text):
        return text.lower() == "true"
    if kind == "int" and _INT.fullmatch(text):
        return _integer(text)
    if kind == "float" and _FLOAT.fullmatch(text):
        return _real(text)
    raise ValueError(f"{without_middle(text, 100)!r} is not of the type {kind}")


def _integer(text: str) -> int:
    bases = {"0o": 8, "0x": 16}
    if len(text) > _LONGEST_NUMBER or abs(number := int(text, bases.get(text[:2], 10))) >= 2**63:
        raise ValueError(f"a number of {len(text)} digits is beyond what a computer counts")
    return number


def _real(text: str) -> float:
    number = float(re.sub(r"\.(?=[in])", "", text.lower()))
    if math.isinf(number) and "inf" not in text.lower():
        raise ValueError(f"the number {without_middle(text, _LONGEST_NUMBER)} is beyond what a computer counts")
    return number


def trap(kind: str, text: str, *, switch_words: bool = False) -> tuple[str, str] | None:
    """Return (what is wrong, what was expected) for a plain scalar that YAML readers disagree on.

    With ``switch_words`` yes, no, on and off are words like others.
    """
    if not switch_words and _SWITCH_WORD.fullmatch(text):
        truth = "true" if text.lower() in {"yes", "on"} else "false"
        return f"{text!r} can be read as a word or as {truth}", f'{truth}, or the word in quotes: "{text}"'
    zeros = _LEADING_ZERO.fullmatch(text) if kind in {"int", "float"} else None
    if zeros:
        return (
            f"{text!r} has leading zeros, which can be read as octal",
            f'{zeros[1]}{zeros[2]}, or in quotes: "{text}"',
        )
    return None


def is_text_or_number(value: object) -> TypeGuard[str | int | float]:
    """Tell whether a value is a name or a number; to Python a bool is an int too."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def scalar_text(value: object) -> str:
    """Return a scalar as text: ``1e9`` as 1000000000, true as ``true``."""
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, float) else str(value)
