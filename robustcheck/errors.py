"""The exception tree, drawn by who must act.

RobustcheckError
├── SpecError            the author of the YAML (carries every problem of a file)
├── SetupError           the owner of the machine (a package, a device, an option)
│   ├── ModelError       a model that cannot be loaded or is not what it claims
│   └── ModelUnavailable its weights are not on this machine and cannot be fetched
├── DataError            the data set is there but wrong
│   └── DataMissing      the data set is not there: where it should be put
└── RecordError          a baseline, population or stored result is missing or damaged

Messages quote names and values from outside. They are made printable and short here, once: a file name cannot start
a line of its own, move the cursor, or be longer than a reader reads.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from copy import copy
from typing import Any, Self

from robustcheck.lookalikes import name_characters
from robustcheck.printing import MOST, one_line, printable
from robustcheck.values import Problem

_MOST_EXPECTED = 6000
_MOST_PROBLEMS = 50
_MOST_OF_PROBLEM = 8000
# Comparing names takes time that grows with the product of their lengths.
_LONGEST_NAME = 200

Text = str | tuple[str, ...]


class RobustcheckError(Exception):
    """Say where something is wrong, what was found, what was expected and what to do.

    Every part is optional but ``found``; the message joins those that are given. A part of several lines is a
    tuple of them: a line break inside a text came from outside, and is written as an escape.
    """

    def __init__(self, found: Text, *, where: str = "", expected: Text = "", fix: Text = "") -> None:
        self.found = _lines(found)
        self.where = one_line(where)
        self.expected = _lines(expected, _MOST_EXPECTED)
        self.fix = _lines(fix)
        super().__init__(self._message())

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as it is: made anew from its message, the lines of it would become one."""
        return _restored, (type(self), self.args, self.__dict__)

    def afresh(self) -> Self:
        """Return the error as if never raised: one that is kept keeps the frames it went through and what they hold."""
        error = copy(self)
        error.__cause__, error.__suppress_context__ = self.__cause__, self.__suppress_context__
        return error

    def _message(self) -> str:
        head = f"{self.where}: {self.found}" if self.where else self.found
        parts = [head]
        if self.expected:
            parts.append(f"  expected: {self.expected}")
        if self.fix:
            parts.append(f"  to do: {self.fix}")
        return "\n".join(parts)


class SpecError(RobustcheckError):
    """A suite that cannot be used; ``problems`` holds every mistake found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [printable(problem.text, _MOST_OF_PROBLEM) for problem in self.problems[:_MOST_PROBLEMS]]
        more = len(self.problems) - len(shown)
        shown += [f"... and {more:,} more mistakes in this file"] if more else []
        super().__init__(tuple("\n\n".join(shown).split("\n")))

    def _message(self) -> str:
        return self.found


class SetupError(RobustcheckError):
    """Something on this machine or on the command line is not as it must be."""


class ModelError(SetupError):
    """A model that cannot be loaded, or is not what its reference claims."""


class ModelUnavailable(SetupError):
    """The weights of a known model are not on this machine and cannot be fetched."""


class DataError(RobustcheckError):
    """A data set that is there but wrong: count, label range, class list, unreadable image."""


class DataMissing(DataError):
    """A data set that is not there; ``fix`` says where to put it, ``dataset`` is its name where it has one."""

    def __init__(self, found: str, *, where: str = "", expected: str = "", fix: str = "", dataset: str = "") -> None:
        super().__init__(found, where=where, expected=expected, fix=fix)
        self.dataset = dataset


class RecordError(RobustcheckError):
    """A baseline, a population or a stored result that is missing, damaged or mismatched."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name, or an empty string."""
    if len(name) > _LONGEST_NAME:
        return ""
    short = [other for other in known if len(other) <= _LONGEST_NAME]
    # Names that differ in capitals alone are one to most who write them.
    near = [other for other in short if other.casefold() == name.casefold()][:1]
    near = near or difflib.get_close_matches(name, short, n=1, cutoff=0.6)
    if not near:
        return ""
    # Two names that look the same are told apart by what their characters are called.
    strange = "".join(one for one in name if one not in near[0])
    named = name_characters(strange)
    return f"did you mean {near[0]!r}?{f' ({named})' if named else ''}"


def _restored(kind: type[RobustcheckError], args: tuple[object, ...], facts: dict[str, object]) -> RobustcheckError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


def _lines(text: Text, most: int = MOST) -> str:
    lines = (text,) if isinstance(text, str) else text
    return "\n".join(one_line(line, most) for line in lines)
