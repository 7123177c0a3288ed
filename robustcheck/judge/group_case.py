"""What a verdict about groups of models rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from robustcheck.judge.case import Comparison
from robustcheck.stats.lines import Points
from robustcheck.values import Pairs
from robustcheck.values.checks import PlannedCheck

FEW_MODELS, FEW_PAIRS = 5, 3


@dataclass(frozen=True, slots=True)
class Member:
    """A model of a group: its value, and its value on the other axis (NaN without one)."""

    model: str
    y: float
    x: float


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """Models that are compared as one; ``name`` is their query in words."""

    name: str
    members: tuple[Member, ...]

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The members' values."""
        return np.array([member.y for member in self.members])

    @property
    def points(self) -> Points:
        """The members on both axes."""
        return Points(np.array([member.x for member in self.members]), self.values)


@dataclass(frozen=True, slots=True)
class MatchedPair:
    """Models before and after a change, alike in everything else; ``name`` says what they have in common."""

    name: str
    before: tuple[Member, ...]
    after: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class GroupCase:
    """Everything a verdict about groups rests on.

    ``evidence`` says where the figures come from, ``licence`` under which terms; ``notes`` and ``facts`` are
    what the gathering has to say: members left out, axes that differ.
    """

    planned: PlannedCheck
    groups: tuple[ModelGroup, ...]
    today: date
    unit: str
    higher_is_better: bool
    seed: int
    x_unit: str = "%"
    pairs: tuple[MatchedPair, ...] = ()
    evidence: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    facts: Pairs = ()

    @property
    def metric(self) -> str:
        """The name of the measured metric."""
        return self.planned.check.quantity.metric


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """A comparison of groups: over ``sizes`` models each (or pairs), of which at least ``enough`` are needed.

    ``unit`` is that of the compared number; a slope has none.
    """

    comparison: Comparison
    sizes: tuple[int, ...]
    unit: str
    counted: str = "models"
    enough: int = FEW_MODELS

    @property
    def n(self) -> int:
        """How many models (or pairs) were compared."""
        return sum(self.sizes)

    @property
    def is_small(self) -> bool:
        """Whether a group is too small for any verdict but unsure."""
        return min(self.sizes) < self.enough
