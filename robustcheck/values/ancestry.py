"""Where a baseline comes from: the blessed runs before it, and the scores that they started from."""

from __future__ import annotations

from dataclasses import dataclass

from robustcheck.values.measured import Cell, Score

# What to do where a score cannot be held against the origin of its baseline.
NEW_ORIGIN = (
    "measure on the images that the origin has; or say that a new line of baselines begins: "
    'robustcheck bless RUN --as NAME --new-origin --why "..."'
)


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A blessed run that a later one replaced; ``why`` is the reason where an origin was set anew after it."""

    run: str
    started: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The first blessed score of a lineage, of which ``cell`` is the latest: the model may have another name now."""

    cell: Cell
    score: Score
    run: str
    started: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a baseline replaced: ``ancestors``, the oldest first; a score without an origin is its own."""

    ancestors: tuple[Ancestor, ...] = ()
    origins: tuple[Origin, ...] = ()

    @property
    def since_origin(self) -> int:
        """How many of the ancestors came after the last time that an origin was set anew."""
        anew = [place for place, ancestor in enumerate(self.ancestors, start=1) if ancestor.why]
        return len(self.ancestors) - (anew[-1] if anew else 0)
