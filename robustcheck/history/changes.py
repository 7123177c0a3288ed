"""What changed between two runs of the same suites: verdicts, and values that moved by more than noise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zlib import crc32

from robustcheck.errors import RecordError
from robustcheck.history.baselines import KeptRun
from robustcheck.history.kept_samples import read_samples
from robustcheck.history.portable import Key, is_same_quantity, key_of, suite_of
from robustcheck.numerals import write_p
from robustcheck.report import load_run, runs_by_age
from robustcheck.stats.compare import paired_difference
from robustcheck.store import Place
from robustcheck.values import Change, Result, RunRecord, Samples, Score, Status

ALPHA = 0.05
# So many runs are looked at for one that judged more of the checks.
_MOST_RUNS = 10
RED: tuple[Status, ...] = ("fail", "error")

ReadSamples = Callable[[], Samples | None]


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything in which a run differs from an earlier one; ``same`` counts what does not.

    A check that appears and fails is a new failure and an appearance. One that is ``asked_otherwise``, such as against
    another limit, may have moved or changed its status too.
    """

    before: str
    after: str
    new_failures: tuple[Change, ...]
    fixed: tuple[Change, ...]
    other_status: tuple[Change, ...]
    moved: tuple[Change, ...]
    asked_otherwise: tuple[Change, ...]
    appeared: tuple[Result, ...]
    gone: tuple[Result, ...]
    same: int

    @property
    def new_and_failing(self) -> tuple[Result, ...]:
        """The checks that appeared and fail."""
        return tuple(result for result in self.appeared if result.verdict.status in RED)

    @property
    def failures(self) -> int:
        """How many checks fail now that did not fail before."""
        return len(self.new_failures) + len(self.new_and_failing)


@dataclass(frozen=True, slots=True)
class Movement:
    """Whether a value moved by more than noise, and what that rests on."""

    beyond_noise: bool
    basis: str


def previous_run(reports: Path, results: Sequence[Result], root: str = "", before: str = "") -> RunRecord | None:
    """Return the newest run under ``reports`` that judged all of these suites, models and checks.

    If no recent run judged all checks, it is the one that judged most of them: a run of a part (``-k``) in between must
    not hide what changed in the rest. ``root`` is where the run of the results was
    started, ``before`` when: what a wrong clock once dated later is not the run before this one.
    """
    wanted = _Judged.by(results, root)
    best: RunRecord | None = None
    most = seen = 0
    for path in reversed(runs_by_age(reports)):
        try:
            run = load_run(path)
        except RecordError:
            continue
        if before and run.started > before:
            continue
        shared = _Judged.by(run.results, run.root).shared(wanted)
        if shared > most:
            best, most = run, shared
        seen += shared > 0
        if most == len(wanted.keys) or seen == _MOST_RUNS:
            break
    return best


@dataclass(frozen=True, slots=True)
class _Judged:
    """The suites, the models and the (suite, check, model) of a run."""

    suites: frozenset[str]
    models: frozenset[str]
    keys: frozenset[Key]

    @classmethod
    def by(cls, results: Sequence[Result], root: str) -> _Judged:
        keys = frozenset(key_of(result, root) for result in results)
        return cls(frozenset(suite for suite, _, _ in keys), frozenset(model for _, _, model in keys), keys)

    def shared(self, wanted: _Judged) -> int:
        """Count the wanted checks that were judged; none where a suite or a model is not there at all."""
        is_whole = wanted.suites <= self.suites and wanted.models <= self.models
        return len(wanted.keys & self.keys) if is_whole else 0


def changes_since(
    previous: RunRecord | None, results: Sequence[Result], samples: Place | None = None, root: str = ""
) -> tuple[Change, ...]:
    """Return every (check, model) whose status or question is not what it was, or that moved by more than noise.

    ``samples`` is the directory of the per-sample scores of both runs, ``root`` where the present one was started.
    """
    if previous is None:
        return ()
    pairs = pairs_of(previous, results, root)
    sides = (_Side(samples, previous.root), _Side(samples, root))
    found = (_change(then, now, sides, ALPHA / len(pairs)) for then, now in pairs)
    return tuple(change for change in found if change.before != change.after or change.beyond_noise or change.asked)


@dataclass(frozen=True, slots=True)
class _Side:
    """Where a run's per-sample scores lie, and where it was started."""

    samples: Place | None
    root: str


def differences(before: KeptRun, after: KeptRun) -> Differences:
    """Compare two runs; raises RecordError where they judged other suites, or measured on other data."""
    _require_common_suite(before.run, after.run)
    pairs = pairs_of(before.run, after.run.results, after.run.root)
    sides = (_Side(before.samples, before.run.root), _Side(after.samples, after.run.root))
    for then, now in pairs:
        _require_same_data(then, now, sides)
    changes = [_change(then, now, sides, ALPHA / len(pairs)) for then, now in pairs]
    status = [change for change in changes if change.before != change.after]
    return Differences(
        before=before.name,
        after=after.name,
        new_failures=tuple(change for change in status if is_new_failure(change)),
        fixed=tuple(change for change in status if is_fixed(change)),
        other_status=tuple(change for change in status if not is_new_failure(change) and not is_fixed(change)),
        moved=tuple(change for change in changes if change.beyond_noise),
        asked_otherwise=tuple(change for change in changes if change.asked),
        appeared=_only_in(after.run, before.run),
        gone=_only_in(before.run, after.run),
        same=sum(change.before == change.after and not change.beyond_noise and not change.asked for change in changes),
    )


def is_new_failure(change: Change) -> bool:
    """Say whether a check fails now that did not fail before."""
    return change.after in RED and change.before not in RED


def is_fixed(change: Change) -> bool:
    """Say whether a check that failed now holds."""
    return change.before in RED and change.after in ("pass", "warn")


def movement(before: Score, after: Score, samples: tuple[ReadSamples, ReadSamples], alpha: float) -> Movement:
    """Say whether a value moved by more than noise: a paired test at ``alpha``, else intervals that are apart.

    The samples of the two are read only where the two are other measurements of the same data.
    """
    if before.key == after.key and before.value == after.value:
        return Movement(False, "the same measurement")
    if (prints := _other_data(before, after)) is not None:
        return Movement(False, f"measured on other data: {prints[0][:12]} then, {prints[1][:12]} now")
    first, second = (read() for read in samples)
    found = None
    if first is not None and second is not None:
        # Other samples, clusters or labels cannot be paired.
        with contextlib.suppress(ValueError):
            found = paired_difference(first, second, seed=crc32(f"{before.key}|{after.key}".encode()))
    if found is not None:
        basis = f"paired over {found.n:,} samples, {found.discordant:,} of them judged differently, "
        return Movement(found.p_value < alpha, f"{basis}{found.test} p {write_p(found.p_value, 3)}")
    # NaN ends, of figures without samples, are never apart.
    apart = before.high < after.low or after.high < before.low
    return Movement(apart, f"the 95% intervals are {'' if apart else 'not '}apart; the samples cannot be paired")


def _change(then: Result, now: Result, sides: tuple[_Side, _Side], alpha: float) -> Change:
    first, second = then.score, now.score
    asked = "" if then.sentence == now.sentence else then.sentence
    change = Change(now.check_key, now.model.id, then.verdict.status, now.verdict.status, now.suite, asked=asked)
    if first is None or second is None or not _is_same(first, second, sides):
        return change
    moved = _movement(first, second, sides, alpha)
    has_changed = moved.beyond_noise or change.before != change.after
    versions = second.versions_since(first) if has_changed else ""
    return replace(
        change,
        value_before=first.value,
        value_after=second.value,
        unit=now.verdict.unit,
        beyond_noise=moved.beyond_noise,
        basis=f"{moved.basis}; {versions}" if versions else moved.basis,
    )


def _movement(first: Score, second: Score, sides: tuple[_Side, _Side], alpha: float) -> Movement:
    readers = (partial(_samples, first, sides[0].samples), partial(_samples, second, sides[1].samples))
    try:
        return movement(first, second, readers, alpha)
    except RecordError as error:
        unpaired = movement(first, second, (_no_samples, _no_samples), alpha)
        return replace(unpaired, basis=f"{unpaired.basis}: {error.found} ({error.where})")


def _no_samples() -> None:
    return None


def _is_same(first: Score, second: Score, sides: tuple[_Side, _Side]) -> bool:
    return is_same_quantity(first.cell.quantity, sides[0].root, second.cell.quantity, sides[1].root)


def _samples(score: Score, directory: Place | None) -> Samples | None:
    if score.samples is not None or directory is None or score.evidence == "published":
        return score.samples
    return read_samples(directory, score.key)


def pairs_of(before: RunRecord, after: Sequence[Result], root: str) -> list[tuple[Result, Result]]:
    """Return the results of the earlier run and of the later one (started in ``root``) that are of one check."""
    then = {key_of(result, before.root): result for result in before.results}
    return [(then[key], result) for result in after if (key := key_of(result, root)) in then]


def _only_in(run: RunRecord, other: RunRecord) -> tuple[Result, ...]:
    known = {key_of(result, other.root) for result in other.results}
    return tuple(result for result in run.results if key_of(result, run.root) not in known)


def _require_common_suite(before: RunRecord, after: RunRecord) -> None:
    then, now = ({suite_of(result, run.root) for result in run.results} for run in (before, after))
    if not then & now:
        raise RecordError(
            f"the runs have no suite in common: {_name_suites(then)} then, {_name_suites(now)} now",
            where=f"{before.id} and {after.id}",
            expected="two runs of the same suites",
        )


def _require_same_data(then: Result, now: Result, sides: tuple[_Side, _Side]) -> None:
    if then.score is None or now.score is None or not _is_same(then.score, now.score, sides):
        return
    if (prints := _other_data(then.score, now.score)) is not None:
        raise RecordError(
            f"{now.score.cell.quantity.dataset} was other data: {prints[0][:12]} then, {prints[1][:12]} now",
            where=f"{now.check_key} on {now.model.id}",
            expected="two runs on the same images",
            fix="run both on the data set as it is now",
        )


def _other_data(before: Score, after: Score) -> tuple[str, str] | None:
    """Return the fingerprints of the data, where both are known and differ."""
    then, now = (dict(score.provenance).get("dataset") for score in (before, after))
    return (then, now) if then and now and then != now else None


def _name_suites(suites: set[str]) -> str:
    return ", ".join(sorted(suites)) or "none"
