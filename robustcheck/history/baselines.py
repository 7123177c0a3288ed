"""Baselines: blessed runs that later runs are compared with, image by image.

A baseline is a directory ``baselines/NAME`` in the home with the run's ``run.json`` and the per-sample scores of its
live measurements. In a project it can be committed, or kept as a CI artefact; a home in a bucket serves many machines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from robustcheck.errors import RecordError, did_you_mean
from robustcheck.history.kept_files import open_home, read_kept
from robustcheck.history.kept_samples import SAMPLES, DamagedSamples, read_samples, samples_name, sealed_samples
from robustcheck.history.lineage import Blessed, begin_lineage, continue_lineage, find_counterpart, own_scores
from robustcheck.history.portable import is_same_quantity
from robustcheck.history.steps import Step, steps_since_origin
from robustcheck.listing import counted, name_first
from robustcheck.report import dump_run, load_run, parse_run
from robustcheck.store import Place, alone, below, is_url
from robustcheck.values import Lineage, ModelRef, Quantity, RunRecord, Samples, Score
from robustcheck.values.expectations import BASELINE_NAME

_NAME = re.compile(BASELINE_NAME)
_RUN = "run.json"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A blessed run and where its per-sample scores lie; ``here`` is where the run that asks was started.

    ``listed`` says of a baseline in a bucket how large those files are and when they were written, by key.
    """

    name: str
    directory: Place
    run: RunRecord
    here: str = ""
    listed: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def label(self, score: Score) -> str:
        """Name the baseline and the model of it that a candidate is held against."""
        forced = f"; blessed with failures: {self.run.blessed_why}" if self.run.blessed_why else ""
        return f"baseline {self.name} ({score.cell.model.id}{forced})"

    def origin(self, score: Score) -> tuple[Score | None, str]:
        """Return the score that the line of a blessed score started from, and its name; None where that is itself."""
        found = Blessed(self.run).origin_of(score)
        if found is None:
            return None, ""
        since = f"{self.run.lineage.since_origin} blessed since"
        return (
            found.score,
            f"the origin of baseline {self.name} ({found.score.cell.model.id}, run {found.run}, {since})",
        )

    def score(self, model: ModelRef, quantity: Quantity) -> Score:
        """Return the blessed score to hold a model against; raises RecordError when there is none.

        The same model if the baseline has it; else the only model of the same architecture (an
        earlier checkpoint); else the only model it has.
        """
        scores = {score.cell.model.id: score for score in own_scores(self.run) if self._is(score, quantity)}
        if not scores:
            raise self._missing(f"no measurement of {quantity.label}", "bless a run of this suite")
        chosen = find_counterpart(model, {name: score.cell.model for name, score in scores.items()})
        if chosen is None:
            raise self._missing(
                f"no model to hold {model.id} against: it holds {', '.join(sorted(scores))}",
                "bless a run of this model, or of one earlier checkpoint of it",
            )
        return scores[chosen]

    def stamp(self, score: Score) -> Sequence[int]:
        """Return what changes when the file of the per-sample scores does; nothing where there is none."""
        if is_url(self.directory):
            return self.listed.get(score.key, ())
        file = Path(self.directory) / SAMPLES / samples_name(score.key)
        if not file.exists():
            return ()
        found = file.stat()
        return found.st_size, found.st_mtime_ns

    def samples(self, score: Score) -> Samples:
        """Read the per-sample scores of a blessed score that was measured; raises RecordError without them."""
        found = f"the per-image scores of {score.cell.model.id} are gone or damaged"
        try:
            samples = read_samples(below(self.directory, SAMPLES), score.key)
        except RecordError as error:
            raise self._missing(f"{found} ({error.where})", "bless it again") from error
        if samples is None:
            raise self._missing(found, "bless it again")
        return samples

    def _is(self, score: Score, quantity: Quantity) -> bool:
        return is_same_quantity(score.cell.quantity, self.run.root, quantity, self.here)

    def _missing(self, found: str, fix: str) -> RecordError:
        return RecordError(found, where=f"baseline {self.name}", fix=fix)


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run that was asked for by path, id or baseline name, and where its per-sample scores lie."""

    name: str
    run: RunRecord
    samples: Place


def open_run(text: str, reports: Path, baselines: Place, samples: Place) -> KeptRun:
    """Open a run by its path, its id under ``reports``, or the name of a baseline; raises RecordError."""
    for path in (Path(text), reports / text):
        if path.is_file() or (path / "run.json").is_file():
            return KeptRun(text, load_run(path), samples)
    blessed = _blessed_run(baselines, text) if _NAME.fullmatch(text) else None
    if blessed is not None:
        return KeptRun(text, blessed, below(baselines, f"{text}/{SAMPLES}"))
    known = sorted([*(path.parent.name for path in reports.glob("*/run.json")), *known_baselines(baselines)])
    raise RecordError(
        f"no run {text!r} (known: {', '.join(known[-10:]) or 'none'})",
        where=f"{reports} and {baselines}",
        expected="a report's directory or run.json, the id of a run, or the name of a baseline",
        fix=did_you_mean(text, known) or "run the suites first",
    )


@dataclass(frozen=True, slots=True)
class Blessing:
    """A run that was made a baseline, the run that it replaced, and how far it lies from where its line started."""

    place: Place
    run: RunRecord
    replaced: RunRecord | None
    steps: tuple[Step, ...]


def bless(
    run_place: Place, name: str, baselines: Place, samples: Place, *, why: str = "", new_origin: str = ""
) -> Blessing:
    """Make a run the baseline ``name``: copy its record, the per-image scores it rests on, and those it started from.

    It comes after the baseline that it replaces, unless ``new_origin`` says why a new line begins with it. A run with
    failures or errors needs a reason, which is kept. The baseline changes with the one writing of its record: killed
    before it, the old one stands; after it, at most scores that nothing names are left. Two that bless at once do so
    one after the other.
    """
    if not _NAME.fullmatch(name):
        raise RecordError(f"{name!r} cannot name a baseline", expected="letters, digits, '.', '_' and '-'")
    run = _read_run(run_place)
    _refuse_failures(run, run_place, why)
    _refuse_part(run, run_place)
    scores = _kept_scores(run, samples)
    with alone(open_home(baselines), name):
        replaced = _blessed_run(baselines, name)
        run = replace(run, blessed_why=why, lineage=_lineage(replaced, run, new_origin))
        # A baseline that is blessed under another name brings its own origin with it.
        before = below(below(baselines, name) if replaced is not None else run_place, SAMPLES)
        steps = steps_since_origin(
            run, lambda score: read_samples(samples, score.key), lambda score: read_samples(before, score.key)
        )
        started = {each.score.key for each in run.lineage.origins if each.score.evidence == "live"} - scores.keys()
        scores |= {key: sealed_samples(before, key) for key in sorted(started)}
        _put(below(baselines, name), run, scores)
    return Blessing(below(baselines, name), run, replaced, steps)


def _read_run(place: Place) -> RunRecord:
    """Read the run of a report, or that of a baseline, which may lie in a bucket."""
    if not is_url(place):
        return load_run(Path(place))
    content = read_kept(place, _RUN)
    if content is None:
        raise RecordError("no run record can be read here", where=str(place), expected="a baseline of another name")
    return parse_run(content, str(place))


def _put(target: Place, run: RunRecord, scores: Mapping[str, bytes]) -> None:
    """Write the scores, then the record that names them, and remove what no record names any more."""
    home = open_home(target)
    for key, content in scores.items():
        home.write(f"{SAMPLES}/{samples_name(key)}", [content])
    home.write(_RUN, [dump_run(run)])
    named = {f"{SAMPLES}/{samples_name(key)}" for key in scores}
    for kept in [*home.files(SAMPLES)]:
        if kept.name.endswith(".npz") and kept.name not in named:
            home.remove(kept.name)


def _blessed_run(baselines: Place, name: str) -> RunRecord | None:
    """Return the record of a baseline, or None when there is none of this name."""
    content = read_kept(baselines, f"{name}/{_RUN}", what="the run record")
    return None if content is None else parse_run(content, open_home(baselines).place(f"{name}/{_RUN}"))


def _lineage(replaced: RunRecord | None, run: RunRecord, new_origin: str) -> Lineage:
    if new_origin:
        return begin_lineage(replaced, new_origin)
    if replaced is None:
        return run.lineage
    if (replaced.id, replaced.results) == (run.id, run.results):
        return replaced.lineage
    return continue_lineage(replaced, run, lambda old, new: is_same_quantity(old, replaced.root, new, run.root))


def _refuse_failures(run: RunRecord, run_place: Place, why: str) -> None:
    counts = run.counts()
    if why or not counts["fail"] + counts["error"] + len(run.unread) + len(run.not_run):
        return
    unread = f", and suites that could not be read: {name_first(run.unread)}" if run.unread else ""
    not_run = f", and was interrupted; not run: {counted(len(run.not_run), 'check')}" if run.not_run else ""
    wrong = f"{counted(counts['fail'], 'failed check')} and {counted(counts['error'], 'error')}"
    raise RecordError(
        f"this run has {wrong}{unread}{not_run}",
        where=str(run_place),
        expected="a run that later ones may be held against",
        fix='bless another run, or say why: --force --why "..."',
    )


def _refuse_part(run: RunRecord, run_place: Place) -> None:
    """Refuse a run that decided early: later ones would be held against part of the images."""
    early = [score for score in own_scores(run) if score.cell.stage is not None]
    if early:
        raise RecordError(
            f"{len(early)} scores of this run rest on part of the images: it decided early",
            where=str(run_place),
            expected="a full run",
            fix="run the suites with --robust-effort full, which measures the rest alone, and bless that run",
        )


def _kept_scores(run: RunRecord, samples: Place) -> dict[str, bytes]:
    """Return the content of the per-image scores of a run's measurements by key; raise RecordError for a lost one."""
    keys = sorted({score.key for score in own_scores(run) if score.evidence == "live"})
    gone = [key for key in keys if not _is_whole(samples, key)]
    if gone:
        for key in gone:
            # What is damaged goes, so that the next run keeps it anew.
            open_home(samples).remove(samples_name(key))
        raise RecordError(
            f"the per-image scores of {len(gone)} measurements are no longer in the store",
            where=str(samples),
            fix="run the suites again with this store, then bless that run",
        )
    return {key: sealed_samples(samples, key) for key in keys}


def _is_whole(samples: Place, key: str) -> bool:
    try:
        return read_samples(samples, key) is not None
    except DamagedSamples:
        return False


def known_baselines(baselines: Place) -> tuple[str, ...]:
    """Return the names of the baselines."""
    if not is_url(baselines):
        return tuple(sorted(path.parent.name for path in Path(baselines).glob(f"*/{_RUN}")))
    found = (kept.name.split("/") for kept in open_home(baselines).files())
    return tuple(sorted(parts[0] for parts in found if parts[1:] == [_RUN]))


def load_baseline(name: str, baselines: Place, here: Path | None = None) -> Baseline:
    """Load a baseline by name; raises RecordError with the known names when there is none.

    ``here`` is where the run that asks was started (without it, the working directory).
    """
    run = _blessed_run(baselines, name)
    if run is None:
        known = known_baselines(baselines)
        raise RecordError(
            f"no baseline {name!r} (known: {', '.join(known) or 'none'})",
            where=str(baselines),
            fix=did_you_mean(name, known) or f"robustcheck bless RUN --as {name}",
        )
    directory = below(baselines, name)
    return Baseline(name, directory, run, str(here or Path.cwd()), _listed(directory) if is_url(directory) else {})


def _listed(directory: Place) -> dict[str, Sequence[int]]:
    """Return the size and the time in nanoseconds of the files of per-sample scores in a bucket, by key."""
    files = open_home(below(directory, SAMPLES)).files()
    return {kept.name.removesuffix(".npz"): (kept.size, int(kept.written * 1e9)) for kept in files}
