"""Everything that a verdict rests on: the measured score, and what the expectation needs beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations, starmap
from pathlib import Path

from robustcheck.errors import RecordError
from robustcheck.history.baselines import Baseline, load_baseline
from robustcheck.history.kept_noise import NoiseFloor, worst_share
from robustcheck.judge import Case, GroupCase, PopulationPoints
from robustcheck.measure import Partner, metric_named
from robustcheck.measure.option import ModelsOption
from robustcheck.models.kinship import family_of, network_of, preference
from robustcheck.populations import Population, load_population
from robustcheck.run.evidence import EvidenceBook, cells_without_figure, published_score
from robustcheck.run.members import gather_groups
from robustcheck.stats.compare import Difference
from robustcheck.stats.sampling import keep_ids
from robustcheck.store import Place
from robustcheck.values import NEW_ORIGIN, Cell, Score, TrendPoint
from robustcheck.values.checks import Check, PlannedCheck
from robustcheck.values.expectations import PopulationLine


@dataclass(frozen=True, slots=True)
class _Reference:
    """A score that the measured one is compared with, whose it is, and where its samples are, if not in the store."""

    score: Score | None = None
    name: str = ""
    samples: Partner | None = None
    is_figure: bool = False
    origin: _Reference | None = None


@dataclass(slots=True)
class CaseBook:
    """The cases of a run; what several items share is gathered once."""

    book: EvidenceBook
    baselines: Place
    directory: Path
    today: date
    noise: tuple[NoiseFloor, ...] = ()
    _loaded: dict[str, Baseline] = field(default_factory=dict)
    _points: dict[tuple[str, str], PopulationPoints | None] = field(default_factory=dict)
    _groups: dict[tuple[str, str], GroupCase] = field(default_factory=dict)

    def gather_groups(self, item: PlannedCheck) -> GroupCase:
        """Return the models of a check about groups: gathered once, for its verdict and its plot."""
        key = (item.suite.path, item.check.key)
        if key not in self._groups:
            self._groups[key] = gather_groups(item, self.book, self.today)
        return self._groups[key]

    def load_points(self, item: PlannedCheck) -> PopulationPoints | None:
        """Return the points that a check needs a line through, loaded once; None where it needs no line."""
        key = (item.suite.path, item.check.key)
        if key not in self._points:
            self._points[key] = _load_points(item.check)
        return self._points[key]

    def gather_model(self, item: PlannedCheck) -> Case:
        """Return everything the verdict on a model rests on, measuring what is not known yet."""
        needs, metric = item.check.expect.needs, metric_named(item.check.quantity.metric)
        # The reference comes first: a missing baseline is said before anything is measured for it.
        reference = self._find_reference(item)
        score = self._score(item, 0, live=self._is_held_against_measured(reference))
        x = self._score(item, 1) if needs.other else None
        further = tuple(self._score(item, 2 + place) for place in range(len(needs.further)))
        return Case(
            planned=item,
            score=score,
            today=self.today,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            x_unit=metric_named(needs.other.metric).unit if needs.other else metric.unit,
            minimum_n=metric.n_min,
            x=x,
            further=further,
            further_units=tuple(metric_named(each.metric).unit for each in needs.further),
            population=self.load_points(item),
            reference=reference.score,
            reference_name=reference.name,
            difference=self._difference(score, reference, "bless a run on the data set as it is now"),
            shared=tuple(starmap(self.book.covariance, combinations((score, x, *further), 2))) if x else None,
            origin=reference.origin.score if reference.origin else None,
            origin_name=reference.origin.name if reference.origin else "",
            drift=self._difference(score, reference.origin, NEW_ORIGIN),
            noise=worst_share(self.noise, self.book.bench.settings.precision, item.check.quantity.dataset),
            network=network_of(item.model.id, dict(item.model.facets)),
            bounded=metric.bounded,
            counted=metric.counted,
        )

    def _difference(self, score: Score, reference: _Reference | None, fix: str) -> Difference | None:
        """Return the paired difference of two measured scores; None where there is nothing to pair."""
        then = None if reference is None or reference.is_figure else reference.score
        if reference is None or then is None or "published" in (score.evidence, then.evidence):
            return None
        try:
            return self.book.bench.difference(score, then, self._seen(score, reference.samples))
        except ValueError as error:
            raise RecordError(
                f"{error}: {then.n} samples then, {score.n} now",
                where=reference.name,
                fix=_same_others(score, fix),
            ) from None

    def _seen(self, score: Score, kept: Partner | None) -> Partner | None:
        """Return the kept samples of a reference, of the images alone that a stage has seen."""
        if kept is None or score.cell.stage is None:
            return kept
        bench = self.book.bench
        return replace(kept, read=lambda: keep_ids(kept.read(), bench.samples(score.cell).ids))

    def _find_reference(self, item: PlannedCheck) -> _Reference:
        needs = item.check.expect.needs
        if needs.figure is not None:
            return _Reference(
                _published(item.cells[0], needs.figure.population), "the published figure", is_figure=True
            )
        if needs.model is not None:
            return _Reference(self._score_other_model(item), item.cells[1].model.id)
        if needs.baseline is not None:
            baseline = self.baseline(needs.baseline)
            score = baseline.score(item.model, item.check.quantity)
            origin, name = baseline.origin(score)
            started = None if origin is None else _Reference(origin, name, _partner(baseline, origin))
            return _Reference(score, baseline.label(score), _partner(baseline, score), origin=started)
        return _Reference()

    def _score_other_model(self, item: PlannedCheck) -> Score:
        """Return the other model's score, live where the item's own is live."""
        return self._score(item, 1, live=self._score(item, 0).evidence == "live")

    def baseline(self, name: str) -> Baseline:
        """Return a baseline, read once a run."""
        if name not in self._loaded:
            self._loaded[name] = load_baseline(name, self.baselines, self.directory)
        return self._loaded[name]

    def _score(self, item: PlannedCheck, place: int, live: bool = False) -> Score:
        """Return the score of a cell of an item, measured where that must be."""
        cell = item.cells[place]
        return self.book.score(cell, live=live or cell in cells_without_figure(item))

    def _is_held_against_measured(self, reference: _Reference) -> bool:
        """Say whether a score must be measured because it is compared with a measured one."""
        return reference.score is not None and reference.score.evidence == "live" and self.book.choice == "auto"


def _partner(baseline: Baseline, score: Score) -> Partner:
    return Partner(score.key, lambda: baseline.samples(score), lambda: baseline.stamp(score))


def _load_points(check: Check) -> PopulationPoints | None:
    line = check.expect.needs.line
    if line is None:
        return None
    population = load_population(line.population)
    points, further = _members(population, line, check)
    networks = {point.model: network_of(point.model, population.facets[point.model]) for point in points}
    kept = _keep_networks(points, networks, population)
    families = {point.model: family_of(point.model, population.facets[point.model]) for point in kept}
    return PopulationPoints(line.population, kept, population.source, population.licence, networks, families, further)


def _members(
    population: Population, line: PopulationLine, check: Check
) -> tuple[list[TrendPoint], Mapping[str, tuple[float, ...]]]:
    """Return the members with all figures, and the x of each on the further sets of a trend against several."""
    first, *others = (each.quantity(check.seed) for each in line.against)
    members = [TrendPoint(*member) for member in population.points(first, check.quantity, line.among)]
    if not others:
        return members, {}
    found = {point.model: [population.figure(point.model, each) for each in others] for point in members}
    further = {model: tuple(each.value for each in row if each) for model, row in found.items() if all(row)}
    if missing := next((each for each in others if not population.has(each)), None):
        raise population.no_figure(missing)
    return [point for point in members if point.model in further], further


def _keep_networks(
    points: Sequence[TrendPoint], networks: Mapping[str, str], population: Population
) -> tuple[TrendPoint, ...]:
    """Return one point of each network: of those listed twice, the one that counts."""
    best: dict[str, TrendPoint] = {}
    for point in points:
        other = best.setdefault(networks[point.model], point)
        ranks = [preference(each.model, population.facets[each.model]) for each in (point, other)]
        if ranks[0] > ranks[1]:
            best[networks[point.model]] = point
    return tuple(best.values())


def _published(cell: Cell, population: str | None) -> Score:
    score = published_score(cell, population)
    if score is None:
        raise RecordError(
            f"no published figure for {cell.quantity.label} of {cell.model.id}",
            where=population or "the shipped populations",
            fix="name a population that has it: reproduces: {population: figures.csv, within: 0.5pp}",
        )
    return score


def _same_others(score: Score, fix: str) -> str:
    """Say of a metric that reads further models first that both sides need the same ones: each leaves itself out."""
    options = metric_named(score.cell.quantity.metric).options
    several = next((option.name for option in options if isinstance(option, ModelsOption)), None)
    return fix if several is None else f"name in {several!r} neither of the two models; if it names neither, {fix}"
