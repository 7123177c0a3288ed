"""One run from YAML to results: the only module that composes the stages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from zlib import crc32

from robustcheck.errors import DataMissing, ModelUnavailable, RecordError, RobustcheckError
from robustcheck.history.baselines import load_baseline, write_samples
from robustcheck.judge import Case, GroupCase, PopulationPoints, conclude, group_figure, trend_figure
from robustcheck.measure import Bench, ProgressEvent, group_models
from robustcheck.metrics import METRICS
from robustcheck.models.facets import matches
from robustcheck.models.sets import resolve_models, resolve_one
from robustcheck.populations import load_population
from robustcheck.run.evidence import EvidenceBook, published_score
from robustcheck.run.known_names import known_names
from robustcheck.run.members import gather_groups, is_in_a_group
from robustcheck.run.plan import Plan, plan_suite
from robustcheck.run.rerun import rerun_command
from robustcheck.run.settings import RunSettings
from robustcheck.spec import load_suite
from robustcheck.values import Cell, ModelRef, Result, Score, Status, TrendFigure, TrendPoint, Verdict
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import GroupExpectation, NoWorseThan, OnTrend, Reproduces


@dataclass(slots=True)
class Listener:
    """Who is told of measuring progress; the default tells nobody."""

    def on_progress(self, event: ProgressEvent) -> None:
        """Take note of one progress event."""


@dataclass
class RobustSession:
    """A run: loads and plans suites, gathers the evidence of each item, and judges it."""

    settings: RunSettings
    today: date
    listener: Listener = field(default_factory=Listener)
    _kept: set[str] = field(default_factory=set)
    _populations: dict[tuple[str, str], PopulationPoints] = field(default_factory=dict)
    _groups: dict[tuple[str, str], GroupCase] = field(default_factory=dict)

    @cached_property
    def book(self) -> EvidenceBook:
        """The scores of this run."""
        bench = Bench(self.settings.measure, self.settings.engine, lambda event: self.listener.on_progress(event))
        return EvidenceBook(bench, self.settings.evidence)

    def load(self, path: Path) -> Suite:
        """Read a suite; raises SpecError with every mistake in it."""
        return load_suite(path, known_names(path.parent))

    def plan(self, suite: Suite) -> Plan:
        """Pair the checks of a suite with the models they are meant for; raises SetupError."""
        models = self._models(suite)
        return plan_suite(suite, models, _applies_to, partial(resolve_one, base=_directory(suite)))

    def pass_order(self, items: Sequence[PlannedCheck]) -> list[tuple[int, int]]:
        """Return a sort key of each item: the group of models that fit in memory together, then the data set.

        A check about groups of models comes with the last group that holds one of its models.
        """
        cells = [cell for item in items for cell in item.cells]
        groups = group_models(cells, self.settings.measure.memory_budget)
        first: dict[str, int] = {}
        return [
            (
                max((groups[cell.model] for cell in item.cells), default=0),
                first.setdefault(item.check.quantity.dataset, len(first)),
            )
            for item in items
        ]

    def select(self, items: Sequence[PlannedCheck]) -> None:
        """Take note of the items that will run, so that one pass serves all of them."""
        self.book.planned = tuple(dict.fromkeys(cell for item in items for cell in item.cells))
        self.book.groups = group_models(self.book.planned, self.settings.measure.memory_budget)
        self.book.planned_live = frozenset(item.cells[0] for item in items if isinstance(item.check.expect, Reproduces))

    def gather(self, item: PlannedCheck) -> Case | GroupCase:
        """Return everything the verdict of an item rests on, measuring what is not known yet."""
        if item.check.is_about_groups:
            return self._group_case(item)
        check, cell = item.check, item.cells[0]
        facts = METRICS[check.quantity.metric]
        # The reference comes first: a missing baseline is said before anything is measured for it.
        reference, name = self._reference(item)
        score = self.book.score(cell, live=self._must_be_live(check, reference))
        return Case(
            planned=item,
            score=score,
            today=self.today,
            unit=facts.unit,
            higher_is_better=facts.higher_is_better,
            x_unit=METRICS[check.expect.against.metric].unit if isinstance(check.expect, OnTrend) else facts.unit,
            minimum_n=facts.n_min,
            seed=_seed(score.key, check.seed),
            x=self.book.score(item.cells[1]) if isinstance(check.expect, OnTrend) else None,
            population=self._population(item) if isinstance(check.expect, OnTrend) else None,
            reference=reference,
            reference_name=name,
        )

    def judge(self, case: Case | GroupCase, nodeid: str, started: float) -> Result:
        """Judge a gathered case and keep the per-sample scores that it rests on."""
        score = x = None
        if isinstance(case, Case):
            score, x = case.score, case.x or case.reference
            self._keep_samples(score)
        check, (verdict, finding) = case.planned.check, conclude(case)
        result = self.result(case.planned, nodeid, verdict, started, score, x)
        return replace(result, finding=finding) if check.claim or check.expect_finding else result

    def result(
        self,
        item: PlannedCheck,
        nodeid: str,
        verdict: Verdict,
        started: float,
        score: Score | None = None,
        x: Score | None = None,
    ) -> Result:
        """Return what became of an item."""
        check = item.check
        return Result(
            nodeid=nodeid,
            suite=item.suite.path,
            check_id=check.id,
            check_key=check.key,
            title=check.title,
            why=check.why,
            tags=check.tags,
            sentence=check.sentence,
            position=check.expect_position,
            yaml=check.yaml,
            model=item.model,
            verdict=verdict,
            score=score,
            x=x,
            seconds=round(time.perf_counter() - started, 4),
            rerun=rerun_command(nodeid, self._models_to_name(item)),
            claim=check.claim,
            source=check.source,
            expect_finding=check.expect_finding,
            quantity=check.quantity,
            about_candidates=item.is_about_candidates,
        )

    def figure(self, item: PlannedCheck) -> TrendFigure | None:
        """Return the trend plot of an item's check, or None when it has no trend."""
        check = item.check
        if isinstance(check.expect, GroupExpectation):
            return group_figure(check.expect, self._group_case(item))
        if not isinstance(check.expect, OnTrend):
            return None
        units = (METRICS[check.expect.against.metric].unit, METRICS[check.quantity.metric].unit)
        return trend_figure(check.expect, item.suite.path, check, self._population(item), units)

    def _models_to_name(self, item: PlannedCheck) -> str | None:
        """Return the --models of a rerun, where the run has them: the item's model; of a check on groups, all."""
        if not self.settings.models or (item.check.is_about_groups and not item.cells):
            return None
        if not item.check.is_about_groups:
            return item.model.text
        return ",".join(
            dict.fromkeys(cell.model.text for cell in item.cells) if self.settings.arch else self.settings.models
        )

    def _group_case(self, item: PlannedCheck) -> GroupCase:
        """Return the models of a check about groups: gathered once, for its verdict and its plot."""
        key = (item.suite.path, item.check.key)
        if key not in self._groups:
            self._groups[key] = gather_groups(item, self.book, self.today)
        return self._groups[key]

    def _keep_samples(self, score: Score) -> None:
        if score.samples is not None and score.key not in self._kept:
            write_samples(self.settings.samples, score.key, score.samples)
            self._kept.add(score.key)

    def _population(self, item: PlannedCheck) -> PopulationPoints:
        """Return the population of an on_trend check on its two axes: one for all of its models."""
        key = (item.suite.path, item.check.key)
        if key not in self._populations:
            self._populations[key] = _population_of(item.check)
        return self._populations[key]

    def _models(self, suite: Suite) -> tuple[ModelRef, ...]:
        if self.settings.models:
            return resolve_models(self.settings.models, arch=self.settings.arch)
        return resolve_models(suite.models, base=_directory(suite))

    def _must_be_live(self, check: Check, reference: Score | None) -> bool:
        """Say that a figure will not do: only like pairs with like, and a figure cannot reproduce itself."""
        if isinstance(check.expect, Reproduces):
            return True
        return reference is not None and reference.evidence == "live" and self.settings.evidence == "auto"

    def _reference(self, item: PlannedCheck) -> tuple[Score | None, str]:
        expect = item.check.expect
        if isinstance(expect, Reproduces):
            return _published(item.cells[0], expect.population), "the published figure"
        if not isinstance(expect, NoWorseThan):
            return None, ""
        if expect.baseline is None:
            return self._other_model(item), item.cells[1].model.id
        baseline = load_baseline(expect.baseline, self.settings.baselines)
        reference = baseline.score(item.model, item.check.quantity)
        return reference, f"baseline {expect.baseline} ({reference.cell.model.id})"

    def _other_model(self, item: PlannedCheck) -> Score:
        """Return the other model's score on the evidence that the candidate has: only like pairs with like."""
        live = self.book.score(item.cells[0]).evidence == "live"
        return self.book.score(item.cells[1], live=live)


def status_of_error(error: RobustcheckError, model: ModelRef) -> Status:
    """Say whether an error skips an item (no data, or a set's model that is not here) or breaks it."""
    if isinstance(error, DataMissing):
        return "skip"
    if isinstance(error, ModelUnavailable) and not model.named:
        return "skip"
    return "error"


def _population_of(check: Check) -> PopulationPoints:
    expect = check.expect
    assert isinstance(expect, OnTrend)
    population = load_population(expect.population)
    members = population.points(expect.against.quantity(check.seed), check.quantity, expect.among)
    points = tuple(TrendPoint(*member) for member in members)
    return PopulationPoints(expect.population, points, population.source, population.licence)


def _applies_to(check: Check, model: ModelRef) -> bool:
    is_meant = matches(check.applies_to, dict(model.facets))
    return is_meant and (not check.is_about_groups or is_in_a_group(check, model))


def _directory(suite: Suite) -> Path:
    return Path(suite.path).resolve().parent


def _published(cell: Cell, population: str | None) -> Score:
    score = published_score(cell, population)
    if score is None:
        raise RecordError(
            f"no published figure for {cell.quantity.label} of {cell.model.id}",
            where=population or "the shipped populations",
            fix="name a population that has it: reproduces: {population: figures.csv, within: 0.5pp}",
        )
    return score


def _seed(key: str, seed: int) -> int:
    """Return the seed of a verdict: from the cell's key, so that it is the same on every machine."""
    return crc32(f"{seed}|{key}".encode())
