"""The YAML files beside suites: models, ``about.yaml``, ``datasets.local.yaml``, descriptions of populations."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.files.spans import Mistake
from robustcheck.files.texts import lines_of, read_text
from robustcheck.files.yaml_nodes import MOST_BYTES, UnreadableError, parse_yaml

_SHOWN = 5


def read_yaml(path: Path, complaint: type[RobustcheckError], *, expected: str) -> object:
    """Return the value in a YAML file, None when it is empty; every mistake in its text is in one complaint.

    Scalars are those of YAML 1.2: a date is text, ``no`` is a word, ``1e-3`` is a number.
    """
    text = read_text(path, complaint, expected=expected, most=MOST_BYTES)
    try:
        parsed = parse_yaml(text, lines_of(text), switch_words=True)
    except UnreadableError as unreadable:
        raise complaint(_line(unreadable.mistake), where=_place(path, unreadable.mistake), expected=expected) from None
    if parsed is None:
        return None
    if parsed.mistakes:
        first, *others = parsed.mistakes
        more = tuple(f"  {_place(path, mistake)}: {_line(mistake)}" for mistake in others[:_SHOWN])
        raise complaint((_line(first), *more), where=_place(path, first), expected=expected)
    return parsed.data


def read_mapping(path: Path, complaint: type[RobustcheckError], *, expected: str) -> dict[str, object]:
    """Return the mapping that a YAML file is; an empty file is an empty one."""
    value = read_yaml(path, complaint, expected=expected)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise complaint("no mapping of keys to values", where=str(path), expected=expected)
    return value


def _place(path: Path, mistake: Mistake) -> str:
    return f"{path}:{mistake.span.line}:{mistake.span.column}"


def _line(mistake: Mistake) -> str:
    return f"{mistake.summary} ({mistake.expected})" if mistake.expected else mistake.summary
