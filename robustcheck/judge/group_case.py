"""What a verdict about groups of models rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import nan

import numpy as np
import numpy.typing as npt

from robustcheck.judge.case import Comparison
from robustcheck.stats.lines import Points
from robustcheck.stats.model_families import Families, cross_families
from robustcheck.values import Pairs, Samples
from robustcheck.values.checks import PlannedCheck

# Bootstraps and Student's t over fewer families promise more than they keep.
FEW_FAMILIES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """What says how sure a value is: its samples, or the number of images that it is a share of (0: not known)."""

    n: int = 0
    samples: Samples | None = None


NO_SUPPORT = Support()


@dataclass(frozen=True, slots=True)
class Member:
    """A model of a group: its value, and its value on the other axis (NaN without one).

    ``start`` and ``start_x`` are both before a change, or in the quantity that an effect is held against. ``family``
    names the models that it is not independent of; without one it is a family of its own. A cell of a table has
    ``units`` in its place, (facet, value) for each way along which cells share one.
    """

    model: str
    y: float
    x: float
    family: str = ""
    of_y: Support = NO_SUPPORT
    start: float = nan
    start_x: float = nan
    of_start: Support = NO_SUPPORT
    units: Pairs = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """The facets along which it shares units with others."""
        return tuple(facet for facet, _ in self.units)

    @property
    def kin(self) -> tuple[str, ...]:
        """What it shares with others: its unit along each way, else its family."""
        return tuple(value for _, value in self.units) or (self.family or self.model,)


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
        """The members on both axes, in their families."""
        return Points(np.array([member.x for member in self.members]), self.values, self.families)

    @property
    def starts(self) -> npt.NDArray[np.float64]:
        """The members' values in the quantity that an effect is held against."""
        return np.array([member.start for member in self.members])

    @property
    def start_points(self) -> Points:
        """The members on both axes in that quantity, in their families."""
        return Points(np.array([member.x for member in self.members]), self.starts, self.families)

    @property
    def families(self) -> Families:
        """The families of the members; of cells their crossings."""
        return cross_families([member.kin for member in self.members])

    @property
    def ways(self) -> tuple[str, ...]:
        """The facets along which the members, cells of a table, share units; none of other models."""
        return self.members[0].ways if self.members else ()


@dataclass(frozen=True, slots=True)
class MatchedPair:
    """Models before and after a change, alike in everything else; ``name`` says what they have in common."""

    name: str
    before: tuple[Member, ...]
    after: tuple[Member, ...]

    @property
    def kin(self) -> tuple[str, ...]:
        """What the pair shares with others, along each way: that of the models before the change."""
        shared = zip(*(each.kin for each in self.before), strict=True)
        return tuple(" and ".join(dict.fromkeys(way)) for way in shared)


@dataclass(frozen=True, slots=True)
class GroupCase:
    """Everything a verdict about groups rests on; of pairs, a third group may draw the line.

    ``evidence`` says where the figures come from, ``licence`` under which terms; ``notes`` and ``facts`` are
    what the gathering has to say: members left out, axes that differ. ``bounded`` says that every value that is
    compared lies between 0 and 1.
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
    bounded: bool = False

    @property
    def metric(self) -> str:
        """The name of the measured metric."""
        return self.planned.check.quantity.metric


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """A comparison of groups: over ``sizes`` models each (or pairs), of ``families`` (of cells their crossings).

    ``ways`` are the facets along which the families of cells cross.

    ``unit`` is that of the compared number; a slope has none. ``one_refutes`` says that a claim about every pair
    fails by a single one, however few families there are.
    """

    comparison: Comparison
    sizes: tuple[int, ...]
    families: tuple[Families, ...]
    unit: str
    counted: str = "models"
    one_refutes: bool = False
    ways: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """How many models (or pairs) were compared."""
        return sum(self.sizes)

    @property
    def is_small(self) -> bool:
        """Whether a group has too few families for a claim to hold."""
        return min(each.independent for each in self.families) < FEW_FAMILIES
