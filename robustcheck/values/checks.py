"""Suites and checks as frozen values: what the spec stage makes and the plan stage expands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from robustcheck.values import Cell, Finding, KnownDeviation, ModelRef, Pairs, Position, Quantity, Query
from robustcheck.values.expectations import Expectation, GroupExpectation
from robustcheck.values.series import Look, Series
from robustcheck.values.stages import Effort

WhenUnsure = Literal["unsure", "fail", "warn", "pass"]


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion: ``for_each`` and the variables are resolved, models are not chosen yet.

    ``case`` holds the ``for_each`` values; ``expect_position`` points at the ``expect:`` line;
    ``yaml`` is the check's own text, for failures and the report. ``claim`` is the sentence of a paper that
    the check tests and ``source`` its place there; with ``expect_finding`` the check passes when its
    evidence says just that of the claim. ``doubts`` say what of the check itself is most likely a mistake: where it
    passes, it warns.
    """

    id: str
    case: Pairs
    title: str
    why: str
    tags: tuple[str, ...]
    quantity: Quantity
    expect: Expectation
    warn: Expectation | None
    when_unsure: WhenUnsure
    known_deviations: tuple[KnownDeviation, ...]
    applies_to: Query
    seed: int
    sentence: str
    position: Position
    expect_position: Position
    yaml: str
    claim: str = ""
    source: str = ""
    expect_finding: Finding = ""
    doubts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The check's key in history: its id and its case, such as ``shift-on-trend[imagenet-v2]``."""
        return f"{self.id}[{self.case_label}]" if self.case else self.id

    @property
    def is_about_groups(self) -> bool:
        """Whether the check is judged once over all models, not once a model."""
        return self.expect.is_about_groups

    @property
    def group_expectation(self) -> GroupExpectation:
        """The expectation of a check that is about groups."""
        assert isinstance(self.expect, GroupExpectation), f"{self.key} is about single models"
        return self.expect

    @property
    def other_quantity(self) -> Quantity | None:
        """The quantity that is measured of the same models beside the first, where there is one."""
        other = self.expect.needs.other
        return other.quantity(self.seed) if other else None

    @property
    def further_quantities(self) -> tuple[Quantity, ...]:
        """The quantities beside the other one, of a trend against several."""
        return tuple(each.quantity(self.seed) for each in self.expect.needs.further)

    @property
    def quantities(self) -> tuple[Quantity | None, ...]:
        """What is measured of each model of a check about groups: itself, its x, and both before a change; or None."""
        needs = self.expect.needs
        others = (needs.other, needs.before, needs.before_x)
        return (self.quantity, *(None if each is None else each.quantity(self.seed) for each in others))

    @property
    def case_label(self) -> str:
        """The case in a test id: the values joined by commas."""
        return ",".join(value for _, value in self.case)


@dataclass(frozen=True, slots=True)
class Suite:
    """One ``*.robust.yaml`` file; ``models`` are references, sets or queries as written."""

    path: str
    title: str
    about: str
    models: tuple[str, ...]
    checks: tuple[Check, ...]
    series: Series | None = None
    effort: Effort = "full"


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One item: a check of a suite on one model (or on groups of them), and the cells whose scores it needs.

    ``alpha`` is the level at which a fail is shown: that of one look, or with a ``look`` its share of that.
    """

    suite: Suite
    check: Check
    model: ModelRef
    cells: tuple[Cell, ...]
    alpha: float
    look: Look | None = None

    @property
    def one_look(self) -> float:
        """The level that the check has where it is looked at once only."""
        return self.alpha if self.look is None else self.alpha / self.look.share

    def at(self, look: Look) -> PlannedCheck:
        """Return the item at another look."""
        return replace(self, alpha=self.one_look * look.share, look=look)

    def at_stage(self, stage: int, measured: Collection[Cell]) -> PlannedCheck:
        """Return the item on the images that are seen by the end of a stage, of those cells that are measured."""
        cells = tuple(replace(cell, stage=stage) if cell in measured else cell for cell in self.cells)
        return replace(self, cells=cells)

    @property
    def is_about_candidates(self) -> bool:
        """Whether the verdict says something about the models of the run, and not about others or a paper alone."""
        if not self.check.is_about_groups:
            return True
        return not self.is_published_claim and not self.check.expect_finding and bool(self.cells)

    @property
    def address(self) -> str:
        """Its name behind that of its suite, as pytest takes it."""
        return f"{self.suite.path}::{self.name}"

    @property
    def is_published_claim(self) -> bool:
        """Whether the item is about groups of published models, so that nothing is measured for it."""
        expect = self.check.expect
        return isinstance(expect, GroupExpectation) and bool(expect.populations)

    @property
    def name(self) -> str:
        """The pytest item name: ``id[case|model]``, model last behind a bar that no slug contains.

        A check about groups is one item, so it has its key for a name.
        """
        if self.check.is_about_groups:
            return self.check.key
        case = f"{self.check.case_label}|" if self.check.case else ""
        return f"{self.check.id}[{case}{self.model.id}]"
