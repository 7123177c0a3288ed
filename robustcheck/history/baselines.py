"""Baselines: blessed runs that later runs are compared with, image by image.

A baseline is a directory ``.robustcheck/baselines/NAME`` with the run's ``run.json`` and the
per-sample scores of its live measurements; it can be committed, or kept as a CI artefact.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from robustcheck.disk import write_atomically
from robustcheck.errors import DataError, RecordError, did_you_mean
from robustcheck.files.array_files import parse_arrays
from robustcheck.files.sealed import seal, unseal
from robustcheck.files.texts import read_bytes
from robustcheck.history.lineage import Blessed, begin_lineage, continue_lineage, find_counterpart, own_scores
from robustcheck.history.portable import is_same_quantity
from robustcheck.history.steps import Step, steps_since_origin
from robustcheck.report import dump_run, load_run
from robustcheck.stats.statistics import statistic_named
from robustcheck.values import Lineage, ModelRef, Quantity, RunRecord, Samples, Score

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SAMPLES = "samples"
_COLUMNS = ("ids", "scores", "groups", "weights", "counted", "correct", "clusters")
_REQUIRED = frozenset({"ids", "scores", "groups", "bins"})
# 0.1.0 wrote `aggregate` for the statistic, and `partner` for whichever further column that needs.
_OLD = frozenset({"aggregate", "partner"})


@dataclass(frozen=True, slots=True)
class Baseline:
    """A blessed run and where its per-sample scores lie; ``here`` is where the run that asks was started."""

    name: str
    directory: Path
    run: RunRecord
    here: str = ""

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

    def samples_file(self, score: Score) -> Path:
        """Return the file of the per-sample scores of a blessed score that was measured."""
        return _samples_file(self.directory / SAMPLES, score.key)

    def samples(self, score: Score) -> Samples:
        """Read the per-sample scores of a blessed score that was measured; raises RecordError without them."""
        found = f"the per-image scores of {score.cell.model.id} are gone or damaged"
        try:
            samples = read_samples(self.directory / SAMPLES, score.key)
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
    samples: Path


def open_run(text: str, reports: Path, baselines: Path, samples: Path) -> KeptRun:
    """Open a run by its path, its id under ``reports``, or the name of a baseline; raises RecordError."""
    for path in (Path(text), reports / text):
        if path.is_file() or (path / "run.json").is_file():
            return KeptRun(text, load_run(path), samples)
    if (baselines / text / "run.json").is_file():
        return KeptRun(text, load_run(baselines / text), baselines / text / SAMPLES)
    known = sorted(path.parent.name for place in (reports, baselines) for path in place.glob("*/run.json"))
    raise RecordError(
        f"no run {text!r} (known: {', '.join(known[-10:]) or 'none'})",
        where=f"{reports} and {baselines}",
        expected="a report's directory or run.json, the id of a run, or the name of a baseline",
        fix=did_you_mean(text, known) or "run the suites first",
    )


@dataclass(frozen=True, slots=True)
class Blessing:
    """A run that was made a baseline, the run that it replaced, and how far it lies from where its line started."""

    place: Path
    run: RunRecord
    replaced: RunRecord | None
    steps: tuple[Step, ...]


def bless(
    run_path: Path, name: str, baselines: Path, samples: Path, *, why: str = "", new_origin: str = ""
) -> Blessing:
    """Make a run the baseline ``name``: copy its record, the per-image scores it rests on, and those it started from.

    It comes after the baseline that it replaces, unless ``new_origin`` says why a new line begins with it. A run with
    failures or errors needs a reason, which is kept. The baseline changes with the one rename of its record: killed
    before it, the old one stands; after it, at most scores that nothing names are left.
    """
    if not _NAME.fullmatch(name):
        raise RecordError(f"{name!r} cannot name a baseline", expected="letters, digits, '.', '_' and '-'")
    run = load_run(run_path)
    _refuse_failures(run, run_path, why)
    _refuse_part(run, run_path)
    scores = _kept_scores(run, samples)
    target = baselines / name
    replaced = load_run(target) if (target / "run.json").is_file() else None
    run = replace(run, blessed_why=why, lineage=_lineage(replaced, run, new_origin))
    # A baseline that is blessed under another name brings its own origin with it.
    before = (target if replaced is not None else run_path) / SAMPLES
    steps = steps_since_origin(
        run, lambda score: read_samples(samples, score.key), lambda score: read_samples(before, score.key)
    )
    started = {each.score.key for each in run.lineage.origins if each.score.evidence == "live"} - scores.keys()
    scores |= {key: _sealed(_samples_file(before, key).read_bytes(), key) for key in sorted(started)}
    for key, content in scores.items():
        write_atomically(_samples_file(target / SAMPLES, key), content, what="the baseline")
    write_atomically(target / "run.json", dump_run(run), what="the baseline")
    for left in (target / SAMPLES).glob("*.npz"):
        if left.stem not in scores:
            left.unlink(missing_ok=True)
    return Blessing(target, run, replaced, steps)


def _lineage(replaced: RunRecord | None, run: RunRecord, new_origin: str) -> Lineage:
    if new_origin:
        return begin_lineage(replaced, new_origin)
    if replaced is None:
        return run.lineage
    if (replaced.id, replaced.results) == (run.id, run.results):
        return replaced.lineage
    return continue_lineage(replaced, run, lambda old, new: is_same_quantity(old, replaced.root, new, run.root))


def _refuse_failures(run: RunRecord, run_path: Path, why: str) -> None:
    counts = run.counts()
    if why or not counts["fail"] + counts["error"]:
        return
    raise RecordError(
        f"this run has {counts['fail']} failed checks and {counts['error']} errors",
        where=str(run_path),
        expected="a run that later ones may be held against",
        fix='bless another run, or say why: --force --why "..."',
    )


def _refuse_part(run: RunRecord, run_path: Path) -> None:
    """Refuse a run that decided early: later ones would be held against part of the images."""
    early = [score for score in own_scores(run) if score.cell.stage is not None]
    if early:
        raise RecordError(
            f"{len(early)} scores of this run rest on part of the images: it decided early",
            where=str(run_path),
            expected="a full run",
            fix="run the suites with --robust-effort full, which measures the rest alone, and bless that run",
        )


def _kept_scores(run: RunRecord, samples: Path) -> dict[str, bytes]:
    """Return the content of the per-image scores of a run's measurements by key; raise RecordError for a lost one."""
    keys = sorted({score.key for score in own_scores(run) if score.evidence == "live"})
    gone = [key for key in keys if not _is_whole(samples, key)]
    if gone:
        for key in gone:
            # What is damaged goes, so that the next run keeps it anew.
            _samples_file(samples, key).unlink(missing_ok=True)
        raise RecordError(
            f"the per-image scores of {len(gone)} measurements are no longer in the store",
            where=str(samples),
            fix="run the suites again with this store, then bless that run",
        )
    return {key: _sealed(_samples_file(samples, key).read_bytes(), key) for key in keys}


def _is_whole(samples: Path, key: str) -> bool:
    try:
        return read_samples(samples, key) is not None
    except RecordError:
        return False


def _sealed(content: bytes, key: str) -> bytes:
    """Return kept scores with a checksum: those of earlier versions have none."""
    kept = unseal(content, key)
    return content if kept is None or kept.sealed else seal(content, key)


def known_baselines(baselines: Path) -> tuple[str, ...]:
    """Return the names of the baselines."""
    return tuple(sorted(path.parent.name for path in baselines.glob("*/run.json")))


def load_baseline(name: str, baselines: Path, here: Path | None = None) -> Baseline:
    """Load a baseline by name; raises RecordError with the known names when there is none.

    ``here`` is where the run that asks was started (without it, the working directory).
    """
    directory = baselines / name
    if not (directory / "run.json").is_file():
        known = known_baselines(baselines)
        raise RecordError(
            f"no baseline {name!r} (known: {', '.join(known) or 'none'})",
            where=str(baselines),
            fix=did_you_mean(name, known) or f"robustcheck bless RUN --as {name}",
        )
    return Baseline(name, directory, load_run(directory), str(here or Path.cwd()))


def write_samples(directory: Path, key: str, samples: Samples) -> None:
    """Keep per-sample scores under their cell's key, whole or not at all."""
    try:
        if read_samples(directory, key) is not None:
            return
    except RecordError:
        pass  # damaged: it is written anew
    buffer = io.BytesIO()
    columns = {name: getattr(samples, name) for name in _COLUMNS if getattr(samples, name) is not None}
    np.savez_compressed(
        buffer, allow_pickle=False, **columns, statistic=np.array(samples.statistic), bins=np.array(samples.bins)
    )
    write_atomically(_samples_file(directory, key), seal(buffer.getvalue(), key))


def has_samples(directory: Path, key: str) -> bool:
    """Say whether per-sample scores are stored, whole as far as the directory at the end of their file says."""
    return zipfile.is_zipfile(_samples_file(directory, key))


def read_samples(directory: Path, key: str) -> Samples | None:
    """Return stored per-sample scores, or None when they are not there; raise RecordError when a bit has changed."""
    path = _samples_file(directory, key)
    if not path.exists():
        return None
    unsealed = unseal(read_bytes(path, RecordError), key)
    arrays = parse_arrays(unsealed.content) if unsealed is not None else None
    if arrays is None or not _REQUIRED <= set(arrays) <= _REQUIRED | _OLD | {*_COLUMNS, "statistic"}:
        raise _damaged(path)
    columns = {name: arrays[name] for name in _COLUMNS if name in arrays}
    try:
        statistic = statistic_named(str(arrays["statistic" if "statistic" in arrays else "aggregate"]))
        if "partner" in arrays and statistic.column:
            columns[statistic.column] = arrays["partner"]
        return Samples(**columns, statistic=statistic.name, bins=int(arrays["bins"]))
    except (DataError, KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _damaged(path: Path) -> RecordError:
    return RecordError(
        "the per-image scores in this file are damaged",
        where=str(path),
        expected="the file as robustcheck wrote it",
        fix="restore the file, or delete it and measure again",
    )


def _samples_file(directory: Path, key: str) -> Path:
    return directory / f"{key}.npz"
