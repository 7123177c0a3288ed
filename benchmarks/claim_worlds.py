"""Groups of models whose truth is known: what the simulation of claims draws, one function a claim.

Families have offsets of their own, as architectures with a training source have; models of one family resemble each
other. Families differ as in a world: by a normal distribution or another one, of equal sizes or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from robustcheck.judge import GroupCase, MatchedPair, Member, ModelGroup, Support
from robustcheck.values import Cell, ModelRef, Pairs, Position, Quantity
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import Correlates, GroupAbove, GroupExpectation, Improves, SameTrend, Steeper

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

VAL = {"metric": "top1", "dataset": "imagenet-val"}
R = Quantity("top1", "imagenet-r")
# Points of accuracy: families lie 3 points apart by chance, the models of one 1 point.
APART, WITHIN = 0.03, 0.01
IMAGES = 10_000
# The line of all models, and how far the x of one family's models lie apart.
SLOPE, LEVEL, X_WITHIN = 0.8, 0.1, 0.02
# Families of the group that a small one is compared with.
MANY = 12


@dataclass(frozen=True, slots=True)
class World:
    """How families differ: their offsets, in standard deviations, and how many models each has.

    Those of a second group are turned round where they are ``are_opposite``.
    """

    name: str
    offsets: Callable[[Rng, int], Floats]
    are_equal: bool = True
    are_opposite: bool = False

    def rows(self, families: int) -> list[int]:
        """Return the family of each model: two of each, or six of the first and one to three of the others."""
        sizes = [2 if self.are_equal else 6 if family == 0 else 1 + family % 3 for family in range(families)]
        return [family for family, size in enumerate(sizes) for _ in range(size)]


def skewed(rng: Rng, families: int) -> Floats:
    """Draw offsets of skewness -1: most families are a little better than the mean, a few much worse."""
    return (4 - rng.gamma(4, size=families)) / 2


def exponential(rng: Rng, families: int) -> Floats:
    """Draw offsets of skewness -2."""
    return 1 - rng.exponential(size=families)


def long_tailed(rng: Rng, families: int) -> Floats:
    """Draw offsets from Student's t with three degrees of freedom."""
    return rng.standard_t(3, size=families) / 3**0.5


def one_wide(rng: Rng, families: int) -> Floats:
    """Draw normal offsets, those of the first family four times as wide."""
    return rng.standard_normal(families) * np.where(np.arange(families) == 0, 4, 1)


def normal(rng: Rng, families: int) -> Floats:
    """Draw normal offsets."""
    return rng.standard_normal(families)


UNEQUAL = World("families of unequal size", normal, are_equal=False)
EQUAL = World("families of equal size", normal)
SKEWED = World("skewed families", skewed)
OPPOSITE = World("families skewed to opposite sides", skewed, are_opposite=True)
VERY_OPPOSITE = World("families very skewed to opposite sides", exponential, are_opposite=True)
VERY_SKEWED = World("very skewed families", exponential)
LONG_TAILED = World("long-tailed families", long_tailed)
ONE_WIDE = World("one family varies four times as much", one_wide)


# --- claims: (rng, families, world) -> groups between which nothing is as claimed --------------------


def means(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups of one mean."""
    expect = GroupAbove.model_validate({"higher": {"side": "a"}, "lower": {"side": "b"}})
    return _case(expect, _two_groups(rng, families, world, slope=0.0))


def residuals(rng: Rng, families: int, world: World, shift: float = 0.0) -> GroupCase:
    """Draw two groups on one line, or the first above it."""
    block = {"higher": {"side": "a"}, "lower": {"side": "b"}, "by": "residual", "against": VAL, "axis": "linear"}
    return _case(GroupAbove.model_validate(block), _two_groups(rng, families, world, shift=shift))


def above_the_line(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups of which the first lies 5 points above the line."""
    return residuals(rng, families, world, 0.05)


def neighbours(rng: Rng, families: int, world: World, shift: float = 0.0) -> GroupCase:
    """Draw two groups on one line, or the first above it, of which models of a like x are compared."""
    block = {"higher": {"side": "a"}, "lower": {"side": "b"}, "by": "local", "against": VAL, "reach": "5pp"}
    return _case(GroupAbove.model_validate(block), _two_groups(rng, families, world, shift=shift))


def above_neighbours(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups of which the first lies 5 points above models of a like x."""
    return neighbours(rng, families, world, 0.05)


def slopes(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups on lines of one slope."""
    block = {"steeper": {"side": "a"}, "than": {"side": "b"}, "against": VAL, "axis": "linear"}
    return _case(Steeper.model_validate(block), _two_groups(rng, families, world))


def trends(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups whose lines lie as far apart as just does not count as one trend."""
    expect = SameTrend.model_validate(
        {"groups": [{"side": "a"}, {"side": "b"}], "against": VAL, "axis": "linear", "within": "2pp"}
    )
    return _case(expect, _two_groups(rng, families, world, shift=0.02))


def pairs(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw pairs that do not change in the mean; those of a family change together."""
    rows = world.rows(families)
    return _changing(rng, rows, APART * world.offsets(rng, families)[rows])


def crossed(rng: Rng, side: int, world: World) -> GroupCase:
    """Draw the cells of a table of so many rows and columns, which have changes of their own; two a crossing."""
    row, column = np.divmod(np.arange(side * side).repeat(2), side)
    change = world.offsets(rng, side)[row] + world.offsets(rng, side)[column]
    units = [(("row", str(one)), ("column", str(other))) for one, other in zip(row, column, strict=True)]
    return _changing(rng, row.tolist(), APART / 2**0.5 * change, units)


def pairs_on_lines(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw pairs that move along the line of the models before, and change from it by families."""
    before, after = (
        _members(rng, side, world.rows(families), offsets)
        for side, offsets in (("b", np.zeros(families)), ("a", APART * world.offsets(rng, families)))
    )
    drawn = [MatchedPair(one.model, (one,), (other,)) for one, other in zip(before, after, strict=True)]
    block = {**_MATCH, "by": "residual", "against": VAL, "axis": "linear"}
    return _case(Improves.model_validate(block), _sides(drawn), tuple(drawn))


def correlated(rng: Rng, families: int, world: World, shared: float = 0.0) -> GroupCase:
    """Draw models whose two values share so much of their offsets or nothing, held against a correlation of 0."""
    expect = Correlates.model_validate({"with": VAL, "at_least": 1e-9})
    one, other = (APART * world.offsets(rng, families) for _ in range(2))
    other = shared * one + (1 - shared**2) ** 0.5 * other
    members = tuple(
        Member(f"{place}", *(0.5 + side[family] + rng.normal(0, WITHIN) for side in (one, other)), str(family))
        for place, family in enumerate(world.rows(families))
    )
    return _case(expect, [ModelGroup("all models", members)])


def going_together(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw models whose two values have a correlation of 0.9 over families."""
    return correlated(rng, families, world, 0.9)


def on_the_margin(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups that lie just as far apart as is not equally good."""
    return _as_good(rng, families, world, 0.02)


def equally_good(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups that are equally good."""
    return _as_good(rng, families, world, 0.0)


def five_apart(rng: Rng, families: int, world: World) -> GroupCase:
    """Draw two groups that lie 5 points apart."""
    return _as_good(rng, families, world, 0.05)


def every_but_one(rng: Rng, families: int, _: World) -> GroupCase:
    """Draw pairs that are 5 points better, but for one that is not."""
    return _every(rng, [0.0] + [0.05] * (families - 1))


def none_changes(rng: Rng, families: int, _: World) -> GroupCase:
    """Draw pairs of which none changes."""
    return _every(rng, [0.0] * families)


def every_better(rng: Rng, families: int, _: World) -> GroupCase:
    """Draw pairs that are all 3 points better."""
    return _every(rng, [0.03] * families)


def one_worse(rng: Rng, families: int, _: World) -> GroupCase:
    """Draw pairs that are 5 points better, but for one that is 3 points worse."""
    return _every(rng, [-0.03] + [0.05] * (families - 1))


# --- how they are drawn ---------------------------------------------------------------------------

_MATCH: Mapping[str, object] = {"before": {"side": "b"}, "after": {"side": "a"}, "match": ["backbone"]}


def _two_groups(
    rng: Rng,
    families: int,
    world: World,
    *,
    shift: float = 0.0,
    apart: float = APART,
    others: int = MANY,
    slope: float = SLOPE,
) -> list[ModelGroup]:
    """Draw a group of so many families, and one of many; the first lies ``shift`` above."""
    turned = -1 if world.are_opposite else 1
    return [
        ModelGroup(
            name, tuple(_members(rng, name, world.rows(count), by + sign * apart * world.offsets(rng, count), slope))
        )
        for name, count, by, sign in (("a", families, shift, 1), ("b", others, 0.0, turned))
    ]


def _members(rng: Rng, name: str, rows: list[int], offsets: Floats, slope: float = SLOPE) -> list[Member]:
    """Draw a model for each row, of a family with an offset from the line and a place on it."""
    places = rng.uniform(0.5, 0.8, offsets.size)[rows] + rng.normal(0, X_WITHIN, len(rows))
    values = LEVEL + slope * places + offsets[rows] + rng.normal(0, WITHIN, len(rows))
    return [
        Member(f"{name}{row}", float(y), float(x), f"{name}{family}")
        for row, (family, x, y) in enumerate(zip(rows, places, values, strict=True))
    ]


def _changing(rng: Rng, families: list[int], changes: Floats, units: Sequence[Pairs] = ()) -> GroupCase:
    """Return pairs of families, or of cells with these units, that change by so much, and a little by chance."""
    drawn = []
    for place, (family, change) in enumerate(zip(families, changes, strict=True)):
        shared = units[place] if units else ()
        before = Member(f"b{place}", 0.5, np.nan, str(family), units=shared)
        value = float(0.5 + change + rng.normal(0, WITHIN))
        after = Member(f"a{place}", value, np.nan, str(family), units=shared)
        drawn.append(MatchedPair(before.model, (before,), (after,)))
    return _case(Improves.model_validate(_MATCH), _sides(drawn), tuple(drawn))


def _as_good(rng: Rng, families: int, world: World, shift: float) -> GroupCase:
    expect = GroupAbove.model_validate({"higher": {"side": "a"}, "lower": {"side": "b"}, "keeps": "2pp"})
    return _case(expect, _two_groups(rng, families, world, shift=shift, apart=WITHIN, others=families, slope=0.0))


def _every(rng: Rng, changes: list[float]) -> GroupCase:
    drawn = [
        MatchedPair(
            str(place), (_photographed(rng, f"b{place}", 0.6),), (_photographed(rng, f"a{place}", 0.6 + change),)
        )
        for place, change in enumerate(changes)
    ]
    return _case(Improves.model_validate({**_MATCH, "every": True}), _sides(drawn), tuple(drawn))


def _photographed(rng: Rng, name: str, truth: float) -> Member:
    return Member(name, rng.binomial(IMAGES, truth) / IMAGES, np.nan, name, Support(IMAGES))


def _sides(drawn: list[MatchedPair]) -> list[ModelGroup]:
    return [
        ModelGroup("before", tuple(pair.before[0] for pair in drawn)),
        ModelGroup("after", tuple(pair.after[0] for pair in drawn)),
    ]


def _case(expect: GroupExpectation, groups: list[ModelGroup], drawn: tuple[MatchedPair, ...] = ()) -> GroupCase:
    here, model = Position("drawn.robust.yaml", 1, 1), ModelRef("models", expect.words, "group", "")
    check = Check("drawn", (), "", "", (), R, expect, None, "unsure", (), (), 0, "", here, here, "")
    item = PlannedCheck(Suite(here.path, "", "", (), (check,)), check, model, (Cell(model, R),), 0.05)
    return GroupCase(item, tuple(groups), date(2026, 1, 1), "%", True, 1, pairs=drawn)
