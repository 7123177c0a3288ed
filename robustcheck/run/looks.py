"""The looks of a run in a series: what share of its checks' level each candidate may spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from robustcheck.errors import RecordError, SetupError
from robustcheck.history.kept_files import open_home
from robustcheck.history.taken_looks import (
    HistoryMissing,
    SeriesRecord,
    TakenLook,
    load_series,
    question,
    take_looks,
)
from robustcheck.run.plan import Plan
from robustcheck.stats.spending import even_share, open_share
from robustcheck.store import Place
from robustcheck.values import Result, RunRecord, Score
from robustcheck.values.checks import PlannedCheck, Suite
from robustcheck.values.series import Look, Series, require_series_name


@dataclass
class LookBook:
    """The series of a run; ``declared`` is the one of the command line, which goes before those of the suites."""

    directory: Place
    declared: Series | None = None
    _records: dict[str, SeriesRecord | RecordError] = field(default_factory=dict)

    def series_of(self, suite: Suite) -> Series | None:
        """Return the series that a suite is looked at in, if there is one."""
        return self.declared or suite.series

    def record(self, series: Series) -> SeriesRecord:
        """Return the looks that a series has had; none where a history is not there and not needed."""
        found = self._load(series.name)
        return SeriesRecord(series.name) if isinstance(found, RecordError) else found

    def place(self, plan: Plan, suite: Suite) -> Plan:
        """Give each item its look: one for each candidate, in their order; checks about groups take the first."""
        series = self.series_of(suite)
        if series is None:
            return plan
        taken = self.record(series).taken
        candidates = list(dict.fromkeys(item.model.id for item in plan.items if not item.check.is_about_groups))
        numbers = {model: taken + 1 + place for place, model in enumerate(candidates)}
        most = max(series.looks or 1, len(candidates))
        items = [item.at(look_at(series, numbers.get(item.model.id, taken + 1), most)) for item in plan.items]
        return replace(plan, items=tuple(items))

    def require_history(self, item: PlannedCheck) -> None:
        """Raise RecordError where the history of an item's series cannot be read, SetupError where none can be written.

        No look could be added to it. Without a history the level of an open-ended series is not known; a declared one
        begins with its first look.
        """
        if item.look is not None:
            self._require(item.look.series)

    def require_declared(self) -> None:
        """Raise the same of the command line's series: once, not for each check."""
        if self.declared is not None:
            self._require(self.declared)

    def _require(self, series: Series) -> None:
        found, is_declared = self._load(series.name), series.looks is not None
        if isinstance(found, RecordError) and not (is_declared and isinstance(found, HistoryMissing)):
            raise found.afresh()
        if self._is_read_only:
            raise SetupError(
                f"no look of the series {series.name!r} can be kept: its history is read-only",
                where=str(self.directory),
                expected="a home that can be written, so that every look counts",
                fix="name another home (--robust-home DIR), or run without the series",
            )

    @cached_property
    def _is_read_only(self) -> bool:
        """Whether no look can be kept, asked for once: of a bucket it takes time."""
        return open_home(self.directory).is_read_only

    def look_again(self, item: PlannedCheck, scores: Sequence[Score], is_early: bool = False) -> PlannedCheck:
        """Return the item at the look that asked this very question before, so that asking twice changes nothing.

        To decide early (``is_early``) spends the level in another way, and so is another question.
        """
        if item.look is None:
            return item
        earlier = self.record(item.look.series).look_of(_question(item.check.key, scores, is_early))
        if earlier is None:
            return item
        share = item.look.share if item.look.series.looks else open_share(earlier)
        return item.at(Look(item.look.series, earlier, share))

    def take(self, run: RunRecord) -> None:
        """Keep the looks that a run took; the process that writes the report does this, and no other."""
        by_series: dict[str, list[TakenLook]] = {}
        for result in run.results:
            if result.look is not None and result.verdict.value is not None:
                by_series.setdefault(result.look.series.name, []).append(_taken(run, result, result.look.number))
        for name, looks in by_series.items():
            take_looks(self.directory, self.record(Series(name)), tuple(looks))

    def _load(self, name: str) -> SeriesRecord | RecordError:
        if name not in self._records:
            try:
                self._records[name] = load_series(self.directory, name)
            except RecordError as error:
                self._records[name] = error.with_traceback(None)
        return self._records[name]


def parse_series(text: str | None) -> Series | None:
    """Read ``NAME:LOOKS``; raise SetupError for what cannot be. Without a number of looks a series is open-ended.

    >>> parse_series("nightly:100"), parse_series("nightly:open")
    (Series(name='nightly', looks=100), Series(name='nightly', looks=None))
    """
    if text is None:
        return None
    name, _, looks = text.partition(":")
    is_number = looks.isascii() and looks.isdigit() and int(looks) > 0
    try:
        if is_number or looks in ("", "open"):
            return Series(require_series_name(name), int(looks) if is_number else None)
    except ValueError:
        pass
    raise SetupError(
        f"{text!r} is not a series", where="--robust-series", expected="NAME:LOOKS, such as nightly:100 or nightly:open"
    )


def look_at(series: Series, number: int, looks: int) -> Look:
    """Return a look with its share of the level; ``looks`` are those that a declared series has in all."""
    return Look(series, number, open_share(number) if series.looks is None else even_share(looks))


def _taken(run: RunRecord, result: Result, number: int) -> TakenLook:
    is_early = result.verdict.images is not None
    scores = [score for score in (result.score, result.x, *result.further) if score is not None]
    asked = () if result.score is None else (_question(result.check_key, scores, is_early),)
    return TakenLook(number, result.model.id, run.id, run.started, asked)


def _question(check_key: str, scores: Sequence[Score], is_early: bool) -> str:
    # The key of a stage is that of all images with the stage's number: whichever decided, the question was one.
    keys = [each.key.partition("-")[0] if is_early else each.key for each in scores]
    return question(check_key, *keys, *(["early"] if is_early else []))
