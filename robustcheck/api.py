"""robustcheck from Python: run suites and measure, in a notebook or a training loop, with typed answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

from robustcheck.datasets import data_roots
from robustcheck.errors import DataMissing, RobustcheckError, SetupError, did_you_mean
from robustcheck.files.named_suites import suites_named
from robustcheck.measure import Decode, MeasureSettings, metric_named
from robustcheck.models.encoders import Precision
from robustcheck.models.model_sets import resolve_one
from robustcheck.printing import shown
from robustcheck.report.rows import result_rows
from robustcheck.run.closing import Outcome, finish_run
from robustcheck.run.expected_names import expecting
from robustcheck.run.looks import parse_series
from robustcheck.run.measuring_options import crop_place, measure_settings
from robustcheck.run.named_engines import engine_named
from robustcheck.run.session import RobustSession, status_of_error
from robustcheck.run.settings import RunSettings, home_of
from robustcheck.store import Place, below
from robustcheck.values import Cell, EvidenceChoice, Quantity, Result, RunRecord, Score, TrendFigure, Verdict
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.stages import Effort

if TYPE_CHECKING:
    import pandas

Choice = TypeVar("Choice", bound=str)
Paths = str | Path | Iterable[str | Path]


def run(
    suites: Paths,
    *,
    models: str | Sequence[str] | None = None,
    arch: str | None = None,
    data: str | Path | None = None,
    evidence: EvidenceChoice = "auto",
    device: str = "auto",
    precision: Precision = "fp32",
    decode: Decode = "exact",
    batch: int | str = "auto",
    workers: int | str = "auto",
    memory: str = "auto",
    compiled: bool = False,
    crop_cache: str | None = None,
    engine: str = "auto",
    home: str | Path | None = None,
    store: str | Path | None = None,
    reports: str | Path = "reports",
    series: str | None = None,
    effort: Effort | None = None,
    strict: bool = False,
    images: bool = True,
) -> RunRecord:
    """Run suites as pytest does, write the report, and return the record of the run.

    ``suites`` are files and directories; ``models`` replaces the models of every suite (an empty list is refused).
    ``home`` and ``store`` are directories or URLs. The other options are those of pytest: ``decode`` is
    ``--robust-decode``. Raises SpecError for mistakes in a suite and SetupError for what cannot be resolved; what
    became of each check stands in the results.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    how = _Measuring(data, device, precision, decode, batch, workers, memory, compiled, crop_cache)
    settings = replace(
        _settings(how, _home(home), store, evidence, engine),
        reports=Path(reports),
        models=_named_models(models),
        arch=arch,
        strict=strict,
        images=images,
        series=parse_series(series),
        effort=None if effort is None else _known("effort", effort, Effort),
    )
    return _judge_all(RobustSession(settings, started.date()), suites, started, clock)


def measure(
    model: str | Path,
    dataset: str | Path,
    metric: str = "top1",
    *,
    where: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
    transform: str | None = None,
    prompts: str | None = None,
    arch: str | None = None,
    data: str | Path | None = None,
    evidence: EvidenceChoice = "live",
    device: str = "auto",
    precision: Precision = "fp32",
    decode: Decode = "exact",
    batch: int | str = "auto",
    workers: int | str = "auto",
    memory: str = "auto",
    compiled: bool = False,
    crop_cache: str | None = None,
    engine: str = "auto",
    home: str | Path | None = None,
    store: str | Path | None = None,
) -> Score:
    """Measure one model on one data set and return its score: value, 95% interval, n and the per-sample scores."""
    how = _Measuring(data, device, precision, decode, batch, workers, memory, compiled, crop_cache)
    session = RobustSession(_settings(how, _home(home), store, evidence, engine), datetime.now(UTC).date())
    named, place = _text("model", model), _dataset_name(dataset)
    with expecting((("model", named), ("data set", place), ("metric", metric))):
        chosen = metric_named(metric).checked_options(_pairs(options))
        quantity = Quantity(metric, place, _pairs(where), transform, prompts, options=chosen)
        return session.book.score(Cell(resolve_one(named, arch=arch), quantity))


def _named_models(models: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the models that replace those of the suites; none of them is no wish for all of the suites' own."""
    named = () if models is None else (models,) if isinstance(models, str) else tuple(models)
    if models is not None and not named:
        raise SetupError("models is empty", expected="at least one model, or None for those that the suites name")
    return tuple(_text("models", model) for model in named)


def _dataset_name(dataset: str | Path) -> str:
    name = _text("dataset", dataset)
    is_place = isinstance(dataset, Path) or "/" in name
    return str(Path(name).resolve()) if is_place and Path(name).is_dir() else name


def _text(name: str, value: object) -> str:
    """Return the text of a name or a path; raise SetupError for anything else, such as a list."""
    if not isinstance(value, str | Path):
        raise SetupError(f"{name} is {shown(value)}", expected="a name or a path")
    return str(value)


def frame(record: RunRecord) -> pandas.DataFrame:
    """Return the results of a run as a data frame: a row for each check and model.

    Raise SetupError for anything but what ``run`` returned.
    """
    import pandas

    if not isinstance(record, RunRecord):
        raise SetupError(
            f"{shown(record)} is no run",
            expected="what robustcheck.run returned",
            fix="of a report: robustcheck export-results RUN results.csv, which pandas reads",
        )
    return pandas.DataFrame(list(result_rows(record)))


def _judge_all(session: RobustSession, suites: Paths, started: datetime, clock: float) -> RunRecord:
    """Judge every check of the suites and write the report; the run began at ``started``, ``clock`` on the counter."""
    items = [
        (f"{path}::{item.name}", item)
        for path in _suite_files(suites)
        for item in session.plan(session.load(path)).items
    ]
    planned = [item for _, item in items]
    session.select(planned)
    session.judge_ahead(planned)
    try:
        results = {nodeid: _result(session, item, nodeid) for nodeid, item in items}
    finally:
        session.close()
    outcome = Outcome(
        results=tuple(results.values()),
        figures=tuple(_figures(session, items, results)),
        planned=tuple(results),
        started=started,
        seconds=round(time.perf_counter() - clock, 2),
        command="robustcheck.run(...)",
    )
    return finish_run(session, outcome, {}).run


@dataclass(frozen=True, slots=True)
class _Measuring:
    """How to measure, as the options say."""

    data: str | Path | None
    device: str
    precision: Precision
    decode: Decode
    batch: int | str
    workers: int | str
    memory: str
    compiled: bool
    crop_cache: str | None

    def settings(self, home: Place, store: Place | None) -> MeasureSettings:
        """Return the settings; raise SetupError for a value that cannot be."""
        return measure_settings(
            below(home, "store") if store is None else store,
            data_roots(None if self.data is None else str(self.data), os.environ, Path.cwd()),
            device=self.device,
            precision=_known("precision", self.precision, Precision),
            decode=_known("decode", self.decode, Decode),
            batch=str(self.batch),
            workers=str(self.workers),
            memory=self.memory,
            compiled=self.compiled,
            crops=crop_place(self.crop_cache, home, "crop_cache"),
        )


def _settings(how: _Measuring, home: Place, store: Place | None, evidence: EvidenceChoice, engine: str) -> RunSettings:
    return RunSettings(
        measure=how.settings(home, store),
        baselines=below(home, "baselines"),
        home=home,
        reports=Path("reports"),
        evidence=_known("evidence", evidence, EvidenceChoice),
        # Never a worker of pytest, even when a test calls this.
        engine=engine_named(engine, {}),
    )


def _home(given: str | Path | None) -> Place:
    return home_of(Path.cwd()) if given is None else given


def _known(name: str, value: Choice, choices: object) -> Choice:
    """Return a value that is one of a Literal's; raise SetupError naming the nearest."""
    known = get_args(choices)
    if value not in known:
        raise SetupError(
            f"{name} is {value!r}", expected="one of " + ", ".join(known), fix=did_you_mean(str(value), known)
        )
    return value


def _suite_files(suites: Paths) -> list[Path]:
    return suites_named([Path(each) for each in ([suites] if isinstance(suites, str | Path) else suites)])


def _result(session: RobustSession, item: PlannedCheck, nodeid: str) -> Result:
    """Judge a check; what cannot be judged is a skip or an error, as under pytest."""
    started = time.perf_counter()
    try:
        return session.judge(session.gather(item), nodeid, started)
    except RobustcheckError as error:
        missing = error.dataset if isinstance(error, DataMissing) else ""
        verdict = Verdict(status=status_of_error(error, item.model), reason=str(error), missing=missing)
        return session.make_result(item, nodeid, verdict, started)


def _figures(
    session: RobustSession, items: Sequence[tuple[str, PlannedCheck]], results: Mapping[str, Result]
) -> Iterable[TrendFigure]:
    """Draw the trend of each check once, with the first of its results that was judged."""
    drawn: set[tuple[str, str]] = set()
    for nodeid, item in items:
        result = results[nodeid]
        check = (result.suite, result.check_key)
        if result.verdict.margin is not None and check not in drawn:
            drawn.add(check)
            figure = session.draw_figure(item)
            if figure is not None:
                yield figure


def _pairs(values: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in (values or {}).items()
    }
    return tuple(sorted(texts.items()))
