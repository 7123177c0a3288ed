"""One run from YAML to results: the only module that composes the stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from robustcheck.errors import DataMissing, ModelUnavailable, RobustcheckError
from robustcheck.history.kept_noise import load_noise
from robustcheck.judge import Case, GroupCase, conclude, draw_groups, draw_trend
from robustcheck.measure import Bench, ProgressEvent, group_models, metric_named
from robustcheck.models.model_sets import resolve_models, resolve_one
from robustcheck.run.cases import CaseBook
from robustcheck.run.early_checks import FULL, EarlyChecks
from robustcheck.run.evidence import EvidenceBook, cells_without_figure
from robustcheck.run.expected_names import expecting
from robustcheck.run.judged_ahead import ClaimsAhead, JudgedClaim
from robustcheck.run.known_names import known_names
from robustcheck.run.looks import LookBook
from robustcheck.run.members import make_model_test
from robustcheck.run.plan import Plan, plan_suite
from robustcheck.run.rerun import name_models, rerun_command
from robustcheck.run.sample_book import SampleBook
from robustcheck.run.settings import RunSettings
from robustcheck.run.tally import Tally, planned_tally
from robustcheck.run.verdict_pictures import draw_result
from robustcheck.spec import load_suite
from robustcheck.values import Drawn, ModelRef, Result, Score, Status, TrendFigure, Verdict
from robustcheck.values.checks import PlannedCheck, Suite


@dataclass(slots=True)
class Listener:
    """Who is told of measuring progress; the default tells nobody."""

    def expect(self, planned: Callable[[], Tally]) -> None:
        """Take note that measuring begins; ``planned`` finds out what is to be done in all."""

    def on_progress(self, event: ProgressEvent) -> None:
        """Take note of one progress event."""


@dataclass
class RobustSession:
    """A run: loads and plans suites, gathers the evidence of each item, and judges it."""

    settings: RunSettings
    today: date
    listener: Listener = field(default_factory=Listener)
    ahead: ClaimsAhead = field(default_factory=ClaimsAhead)
    _suites: dict[Path, Suite] = field(default_factory=dict)
    _plans: dict[str, Plan] = field(default_factory=dict)

    @cached_property
    def book(self) -> EvidenceBook:
        """The scores of this run."""
        bench = Bench(self.settings.measure, self.settings.engine, lambda event: self.listener.on_progress(event))
        return EvidenceBook(bench, self.settings.evidence, before_measuring=self._foretell)

    @cached_property
    def looks(self) -> LookBook:
        """The looks of this run in its series."""
        return LookBook(self.settings.series_files, self.settings.series)

    @cached_property
    def cases(self) -> CaseBook:
        """The cases of this run."""
        settings = self.settings
        return CaseBook(self.book, settings.baselines, settings.directory, self.today, load_noise(settings.home))

    @cached_property
    def samples(self) -> SampleBook:
        """The per-sample scores of this run."""
        settings = self.settings
        return SampleBook(self.book.bench, settings.samples, settings.baselines)

    @cached_property
    def early(self) -> EarlyChecks:
        """The checks of this run that may be decided on part of their images."""
        return EarlyChecks(self.book, self._gather_model, self.settings.effort)

    def load(self, path: Path) -> Suite:
        """Read a suite, once a run; raises SpecError with every mistake in it."""
        place = path.resolve()
        if place not in self._suites:
            self._suites[place] = load_suite(path, known_names(path.parent, self.settings.models, self.settings.arch))
        return self._suites[place]

    def plan(self, suite: Suite) -> Plan:
        """Pair the checks of a suite with the models they are meant for, once a run; raises SetupError."""
        if suite.path not in self._plans:
            resolve = partial(resolve_one, base=_directory(suite))
            plan = plan_suite(suite, self._models(suite), make_model_test(suite), resolve)
            self._plans[suite.path] = self.looks.place(plan, suite)
        return self._plans[suite.path]

    def _foretell(self) -> None:
        """Tell the listener that measuring begins, and how it learns what is to be done."""
        book = self.book
        self.listener.expect(lambda: planned_tally(book.bench.lacking(book.lacking())))

    def pass_order(self, items: Sequence[PlannedCheck]) -> list[tuple[bool, int, int]]:
        """Return a sort key of each item: the group of models that fit in memory together, then the data set.

        A check about groups comes with the last group that holds one of its models. Claims about published models come
        last: what is said of the candidates is seen first, and meanwhile another process judges the claims.
        """
        cells = [cell for item in items for cell in item.cells]
        groups = group_models(cells, self.settings.measure)
        first: dict[str, int] = {}
        return [
            (
                item.is_published_claim,
                max((groups[cell.model] for cell in item.cells), default=0),
                first.setdefault(item.check.quantity.dataset, len(first)),
            )
            for item in items
        ]

    def select(self, items: Sequence[PlannedCheck]) -> None:
        """Take note of the items that will run, so that one pass over the images serves all of them."""
        self.book.planned = tuple(dict.fromkeys(cell for item in items for cell in item.cells))
        self.book.groups = group_models(self.book.planned, self.settings.measure)
        self.book.early = self.early.cells_of(items)
        self.book.planned_live = frozenset(cell for item in items for cell in cells_without_figure(item))

    def judge_ahead(self, items: Sequence[PlannedCheck]) -> None:
        """Have another process begin on the claims about published models: for a run that has its cores to itself."""
        self.ahead.start(items, self.today)

    def close(self) -> None:
        """End what works for this run beside it."""
        self.ahead.close()

    def lend_a_hand(self) -> None:
        """Help other workers with what they measure, when this one has no item left."""
        self.book.lend_a_hand()

    def gather(self, item: PlannedCheck) -> Case | GroupCase | JudgedClaim:
        """Return everything the verdict of an item rests on, measuring what is not known yet."""
        self.looks.require_history(item)
        if item.check.is_about_groups:
            return self.ahead.find(item) or self.cases.gather_groups(item)
        why = self.early.why_not(item)
        if not why:
            return self.early.decide(item)
        return replace(self._gather_model(item), all_images="" if why == FULL else why)

    def _gather_model(self, item: PlannedCheck, is_early: bool = False) -> Case:
        case = self.cases.gather_model(item)
        return replace(case, planned=self.looks.look_again(item, case.parts, is_early))

    def judge(self, case: Case | GroupCase | JudgedClaim, nodeid: str, started: float) -> Result:
        """Judge a gathered case and keep the per-sample scores that it rests on."""
        score = x = None
        further: tuple[Score, ...] = ()
        if isinstance(case, Case):
            score, x, further = case.score, case.x or case.reference, case.further
            self.samples.keep(score)
        check = case.planned.check
        verdict, finding = case.conclusion if isinstance(case, JudgedClaim) else conclude(case)
        result = replace(
            self.make_result(case.planned, nodeid, verdict, started, score, x),
            further=tuple(replace(each, samples=None) for each in further),
        )
        if isinstance(case, Case):
            result = replace(result, drawn=self._draw(case, verdict))
            result = replace(result, verdict=replace(verdict, notes=(*verdict.notes, *self.samples.take_notes())))
        return replace(result, finding=finding) if check.claim or check.expect_finding else result

    def make_result(
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
            score=_without_samples(score),
            x=_without_samples(x),
            seconds=round(time.perf_counter() - started, 4),
            rerun=rerun_command(item.address, name_models(item, self.settings), self.settings.words),
            claim=check.claim,
            source=check.source,
            expect_finding=check.expect_finding,
            quantity=check.quantity,
            about_candidates=item.is_about_candidates,
            look=item.look,
        )

    def draw_figure(self, item: PlannedCheck) -> TrendFigure | None:
        """Return the trend plot of an item's check, or None when it has no trend."""
        check = item.check
        if (judged := self.ahead.find(item)) is not None:
            return judged.figure
        if check.is_about_groups:
            line = check.group_expectation.drawn_line
            return draw_groups(line, self.cases.gather_groups(item)) if line else None
        points, other = self.cases.load_points(item), check.other_quantity
        if points is None or other is None:
            return None
        units = (metric_named(other.metric).unit, metric_named(check.quantity.metric).unit)
        return draw_trend(item.suite.path, check, points, units, bounded=metric_named(check.quantity.metric).bounded)

    def _draw(self, case: Case, verdict: Verdict) -> Drawn:
        planned, images = len(self.book.planned), self.settings.images
        return draw_result(
            case, verdict, self.book.bench, self.samples.finder(case), planned=planned, with_images=images
        )

    def require_named(self) -> None:
        """Raise what is wrong with the models and the series that the run names itself: once, not for each suite."""
        if self.settings.models:
            _ = self._named_models
        self.looks.require_declared()

    @cached_property
    def _named_models(self) -> tuple[ModelRef, ...]:
        """The models that the run names itself."""
        with expecting([("model", text) for text in self.settings.models]):
            return resolve_models(self.settings.models, arch=self.settings.arch)

    def _models(self, suite: Suite) -> tuple[ModelRef, ...]:
        return self._named_models if self.settings.models else resolve_models(suite.models, base=_directory(suite))


def status_of_error(error: RobustcheckError, model: ModelRef) -> Status:
    """Say whether an error skips an item (no data, or a set's model that is not here) or breaks it."""
    if isinstance(error, DataMissing):
        return "skip"
    if isinstance(error, ModelUnavailable) and not model.named:
        return "skip"
    return "error"


def _without_samples(score: Score | None) -> Score | None:
    """Return a score that has just been made without its samples: thousands of results would hold on to them."""
    return score if score is None or score.samples is None else replace(score, samples=None)


def _directory(suite: Suite) -> Path:
    return Path(suite.path).resolve().parent
