"""What is judged: verdicts, trends, results and the record of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from robustcheck.values.ancestry import Lineage
from robustcheck.values.measured import ModelRef, Pairs, Position, Quantity, Score
from robustcheck.values.pictures import NOTHING_DRAWN, Drawn
from robustcheck.values.series import Look

Status = Literal["pass", "warn", "fail", "unsure", "error", "skip"]
# What the evidence says of a claim; nothing where no claim was judged.
Finding = Literal["", "holds", "fails", "open"]
# How a value is written: as a percentage, or as it is.
Unit = Literal["%", ""]

STATUSES: tuple[Status, ...] = ("fail", "error", "unsure", "warn", "pass", "skip")


# --- what is judged ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check on one model, always with the numbers it rests on.

    ``compared`` is what is held against ``limit``: the value itself, a residual or a difference;
    [``low``, ``high``] is its 95% interval; ``margin`` is its signed distance to the limit,
    positive when the expectation holds. ``n`` counts images, or what else the
    reason says (models and families, of an estimate); ``detectable`` is the drop that this n finds with 80% power.
    ``notes`` are sentences about the evidence: extrapolation, a limit tighter than the scatter, ...
    ``excused`` marks a pass that is a fail by its numbers, let through by a known deviation;
    ``p_value`` is the one-sided one of "worse than the limit", the smallest level that makes it a fail.
    ``missing`` names the data set that a skip would need. ``could_decide`` says whether so many samples find a drop
    as large as the one that the check allows; it is None where nothing was compared. ``below_noise`` marks an
    allowed drop that measuring the same model again may exceed. ``images`` are those that were seen, of how many,
    where the check may be decided on part of them; it is None where all are always used. ``origin`` is where the
    first baseline of the line lies on the scale of ``compared``; it is None where nothing is held against a baseline.
    """

    status: Status
    reason: str
    value: float | None = None
    compared: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    margin: float | None = None
    n: int | None = None
    detectable: float | None = None
    expected: float | None = None
    unit: Unit = "%"
    notes: tuple[str, ...] = ()
    facts: Pairs = ()
    excused: bool = False
    p_value: float | None = None
    missing: str = ""
    could_decide: bool | None = None
    below_noise: bool = False
    images: tuple[int, int] | None = None
    origin: float | None = None


@dataclass(frozen=True, slots=True)
class TrendFit:
    """A robust line through a population, on transformed axes.

    ``scale`` is the MAD residual scale and ``r2`` the R squared, both on the transformed axes;
    ``covariance`` is (var intercept, cov, var slope); x_low and x_high bound the fitted x (fractions). ``families``
    counts those of the models (0: not known), and ``family_error`` is the prediction error of a family left out.
    """

    axis: Literal["probit", "logit", "linear"]
    n: int
    slope: float
    intercept: float
    scale: float
    r2: float
    covariance: tuple[float, float, float]
    x_low: float
    x_high: float
    dropped: tuple[str, ...] = ()
    families: int = 0
    family_error: float = 0.0


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A population member on a trend plot (fractions)."""

    model: str
    x: float
    y: float
    group: str


@dataclass(frozen=True, slots=True)
class TrendFigure:
    """Everything a trend plot needs; the report only draws it.

    ``line`` holds (x, y, low, high) samples of the line and of its 95% prediction band (fractions);
    ``line_of`` names the group of points that it fits, where that is not all of them. The units are
    those of the two metrics. ``of_expected`` says that x is what a plane over several sets expects of y, which for a
    checked model is the verdict's ``expected``.
    """

    suite: str
    check_key: str
    population: str
    x_label: str
    y_label: str
    fit: TrendFit
    points: tuple[TrendPoint, ...]
    line: tuple[tuple[float, float, float, float], ...]
    source: str = ""
    licence: str = ""
    x_unit: Unit = "%"
    y_unit: Unit = "%"
    line_of: str = ""
    of_expected: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one planned check: one (check, model) of one suite.

    ``check_key`` is the check's id with its ``for_each`` case, its key in history;
    ``x`` is the score on a trend's x axis, or the score it is compared with, and ``further`` are those on the further
    sets of a trend against several; ``rerun`` is a command.
    ``claim`` is the sentence of a paper that the check tests, ``source`` its place there, ``finding``
    what this evidence says of it, and ``expect_finding`` what the suite says that it should. A check
    about groups has a ``model`` of kind "group". ``quantity`` is what the check measures, also where it
    has no score; ``about_candidates`` is false for a claim that rests on published figures alone or that
    the suite expects to turn out in one way; ``drawn`` is what the report draws beside the verdict, and
    ``look`` its place in a series, where it has one.
    """

    nodeid: str
    suite: str
    check_id: str
    check_key: str
    title: str
    why: str
    tags: tuple[str, ...]
    sentence: str
    position: Position
    yaml: str
    model: ModelRef
    verdict: Verdict
    score: Score | None = None
    x: Score | None = None
    seconds: float = 0.0
    rerun: str = ""
    claim: str = ""
    source: str = ""
    finding: Finding = ""
    expect_finding: Finding = ""
    quantity: Quantity | None = None
    about_candidates: bool = True
    drawn: Drawn = NOTHING_DRAWN
    look: Look | None = None
    further: tuple[Score, ...] = ()

    @property
    def is_about_groups(self) -> bool:
        """Whether groups of models were judged."""
        return self.model.kind == "group"


@dataclass(frozen=True, slots=True)
class Change:
    """A result whose status differs from an earlier run's, whose value moved beyond noise, or that asks otherwise.

    The values are None where either run has none. ``basis`` says what ``beyond_noise`` rests on: a paired
    test over the same samples, or intervals. ``asked`` is the earlier sentence of the check, where the later one says
    something else: another limit, say.
    """

    check_key: str
    model: str
    before: Status
    after: Status
    suite: str = ""
    value_before: float | None = None
    value_after: float | None = None
    unit: Unit = "%"
    beyond_noise: bool = False
    basis: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """What an earlier run held against which limit, with its 95% interval and where its baseline's origin lay."""

    run: str
    status: Status
    compared: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    origin: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """The earlier verdicts of a check on a model, oldest first."""

    suite: str
    check_key: str
    model: str
    verdicts: tuple[PastVerdict, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about a run as a whole; what is ``loud`` also stands in the terminal and on the first screen."""

    about: Literal["gone", "sides", "series", "looks", "power", "noise", "versions", "store", "clock"]
    text: str
    loud: bool = True


@dataclass(frozen=True, slots=True)
class SuiteInfo:
    """A suite as the report names it."""

    path: str
    title: str
    about: str
    checks: int
    deselected: int = 0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run: typed, versioned, and all that the report is made from.

    ``lineage`` says of a blessed run which ones it replaced, and where its scores started. ``unread`` are the suites
    that have mistakes, so that none of their checks was planned; ``left_out`` counts what was planned of the others and
    not chosen (``-k``, ``--lf``).
    """

    id: str
    started: str
    seconds: float
    command: str
    suites: tuple[SuiteInfo, ...]
    results: tuple[Result, ...]
    trends: tuple[TrendFigure, ...] = ()
    not_run: tuple[str, ...] = ()
    previous: str | None = None
    changes: tuple[Change, ...] = ()
    environment: Pairs = ()
    strict: bool = False
    schema: int = 2
    past: tuple[Past, ...] = ()
    # Where the run was started: two checkouts are told from two data sets by it.
    root: str = ""
    # How many checks the previous run judged too, and why a run with failures was blessed.
    compared: int = 0
    blessed_why: str = ""
    notices: tuple[Notice, ...] = ()
    lineage: Lineage = field(default_factory=Lineage)
    unread: tuple[str, ...] = ()
    left_out: int = 0

    def counts(self) -> Mapping[Status, int]:
        """Count the results by status, every status present."""
        counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)
        for result in self.results:
            counts[result.verdict.status] += 1
        return counts
