"""The mistakes found in one file, and the place in the file that each value came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from robustcheck.errors import SpecError
from robustcheck.files.spans import Mistake, Span
from robustcheck.spec.problems import show_mistake
from robustcheck.spec.source import Document, Loc


@dataclass(frozen=True)
class Scope:
    """A part of the file with its variables filled in; locations count from ``root``.

    ``filled`` maps a value that is one whole variable to the place of the variable's value;
    ``mixed`` holds the texts in which a variable is only a part.
    """

    document: Document
    root: Loc
    data: object
    filled: Mapping[Loc, Span] = field(default_factory=dict)
    mixed: frozenset[Loc] = frozenset()

    def block(self, loc: Loc) -> dict[str, object]:
        """Return the mapping at a place, or an empty one where there is none."""
        data = self.data
        for step in loc:
            data = data.get(step) if isinstance(data, dict) else None
        return data if isinstance(data, dict) else {}

    def value_span(self, loc: Loc) -> Span:
        """Return where the author wrote this value."""
        return self.filled.get(loc) or self.document.value_span(self.root + loc)

    def key_span(self, loc: Loc) -> Span:
        """Return where the author wrote the key of this value."""
        return self.document.key_span(self.root + loc)


class Mistakes:
    """Collect every mistake of a file once, however many ``for_each`` cases show it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[tuple[Span, str], Mistake] = {}
        self._settled: set[Span] = set()
        for mistake in document.mistakes:
            self.add(mistake, settled=True)

    def add(self, mistake: Mistake, *, topic: str | None = None, settled: bool = False) -> None:
        """Add a mistake; ``settled`` silences what later stages would say about the same value."""
        if mistake.span in self._settled:
            return
        self._found.setdefault((mistake.span, mistake.summary if topic is None else topic), mistake)
        if settled:
            self._settled.add(mistake.span)

    def at_value(self, scope: Scope, loc: Loc, summary: str, *, expected: str = "", hint: str = "") -> None:
        """Report a wrong value; a text that variables change is reported for its first case only."""
        topic = "" if loc in scope.mixed else None
        self.add(Mistake(scope.value_span(loc), summary, expected, hint), topic=topic)

    def at_key(self, scope: Scope, loc: Loc, summary: str, *, expected: str = "", hint: str = "") -> None:
        """Report a wrong key, or a block at its key."""
        if scope.value_span(loc) not in self._settled:
            self.add(Mistake(scope.key_span(loc), summary, expected, hint))

    def raise_if_any(self) -> None:
        """Raise one SpecError with every mistake in the order of the file."""
        if self._found:
            mistakes = sorted(self._found.values(), key=lambda mistake: mistake.span)
            raise SpecError(show_mistake(item, self._document.path, self._document.lines) for item in mistakes)
