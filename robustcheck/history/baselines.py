"""Baselines: blessed runs that later runs are compared with, image by image.

A baseline is a directory ``.robustcheck/baselines/NAME`` with the run's ``run.json`` and the
per-sample scores of its live measurements; it can be committed, or kept as a CI artefact.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustcheck.disk import write_atomically
from robustcheck.errors import DataError, RecordError, did_you_mean
from robustcheck.report import load_run
from robustcheck.stats.statistics import statistic_named
from robustcheck.values import ModelRef, Quantity, RunRecord, Samples, Score

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SAMPLES = "samples"
_COLUMNS = ("ids", "scores", "groups", "weights", "counted", "correct", "clusters")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A blessed run and where its per-sample scores lie."""

    name: str
    directory: Path
    run: RunRecord

    def score(self, model: ModelRef, quantity: Quantity) -> Score:
        """Return the blessed score to hold a model against; raises RecordError when there is none.

        The same model if the baseline has it; else the only model of the same architecture (an
        earlier checkpoint); else the only model it has.
        """
        scores = {score.cell.model.id: score for score in _own_scores(self.run) if score.cell.quantity == quantity}
        if not scores:
            raise self._missing(f"no measurement of {quantity.label}", "bless a run of this suite")
        chosen = _counterpart(model, scores)
        if chosen is None:
            raise self._missing(
                f"no model to hold {model.id} against: it holds {', '.join(sorted(scores))}",
                "bless a run of this model, or of one earlier checkpoint of it",
            )
        return chosen

    def samples_file(self, score: Score) -> Path:
        """Return the file of the per-sample scores of a blessed score that was measured."""
        return _samples_file(self.directory / SAMPLES, score.key)

    def samples(self, score: Score) -> Samples:
        """Read the per-sample scores of a blessed score that was measured; raises RecordError without them."""
        samples = read_samples(self.directory / SAMPLES, score.key)
        if samples is None:
            raise self._missing(f"the per-image scores of {score.cell.model.id} are gone or damaged", "bless it again")
        return samples

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


def bless(run_path: Path, name: str, baselines: Path, samples: Path) -> Path:
    """Make a run the baseline ``name``: copy its record and the per-image scores it rests on."""
    if not _NAME.fullmatch(name):
        raise RecordError(f"{name!r} cannot name a baseline", expected="letters, digits, '.', '_' and '-'")
    run = load_run(run_path)
    keys = {score.key for score in _own_scores(run) if score.evidence == "live"}
    gone = sorted(key for key in keys if read_samples(samples, key) is None)
    if gone:
        for key in gone:
            # What is damaged goes, so that the next run keeps it anew.
            _samples_file(samples, key).unlink(missing_ok=True)
        raise RecordError(
            f"the per-image scores of {len(gone)} measurements are no longer in the store",
            where=str(samples),
            fix="run the suites again with this store, then bless that run",
        )
    baselines.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=baselines) as scratch:
        fresh = Path(scratch) / "fresh"
        (fresh / SAMPLES).mkdir(parents=True)
        source = run_path / "run.json" if run_path.is_dir() else run_path
        shutil.copy(source, fresh / "run.json")
        for key in keys:
            shutil.copy(_samples_file(samples, key), _samples_file(fresh / SAMPLES, key))
        _swap(fresh, baselines / name, Path(scratch) / "old")
    return baselines / name


def load_baseline(name: str, baselines: Path) -> Baseline:
    """Load a baseline by name; raises RecordError with the known names when there is none."""
    directory = baselines / name
    if not (directory / "run.json").is_file():
        known = sorted(path.parent.name for path in baselines.glob("*/run.json"))
        raise RecordError(
            f"no baseline {name!r} (known: {', '.join(known) or 'none'})",
            where=str(baselines),
            fix=did_you_mean(name, known) or f"robustcheck bless RUN --as {name}",
        )
    return Baseline(name, directory, load_run(directory))


def write_samples(directory: Path, key: str, samples: Samples) -> None:
    """Keep per-sample scores under their cell's key, whole or not at all."""
    if read_samples(directory, key) is not None:
        return
    buffer = io.BytesIO()
    columns = {name: getattr(samples, name) for name in _COLUMNS if getattr(samples, name) is not None}
    np.savez_compressed(
        buffer, allow_pickle=False, **columns, statistic=np.array(samples.statistic), bins=np.array(samples.bins)
    )
    write_atomically(_samples_file(directory, key), buffer.getvalue())


def has_samples(directory: Path, key: str) -> bool:
    """Say whether per-sample scores are stored, whole as far as the directory at the end of their file says."""
    return zipfile.is_zipfile(_samples_file(directory, key))


def read_samples(directory: Path, key: str) -> Samples | None:
    """Return stored per-sample scores, or None when they are not there or cannot be read."""
    try:
        with _samples_file(directory, key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            columns = {name: arrays[name] for name in _COLUMNS if name in arrays}
            # 0.1.0 wrote `aggregate` for the statistic, and `partner` for whichever further column that needs.
            statistic = statistic_named(str(arrays["statistic" if "statistic" in arrays else "aggregate"]))
            if "partner" in arrays and statistic.column:
                columns[statistic.column] = arrays["partner"]
            return Samples(**columns, statistic=statistic.name, bins=int(arrays["bins"]))
    except (OSError, EOFError, TypeError, ValueError, KeyError, DataError, zipfile.BadZipFile, zlib.error):
        return None


def _samples_file(directory: Path, key: str) -> Path:
    return directory / f"{key}.npz"


def _own_scores(run: RunRecord) -> Iterator[Score]:
    """Yield the candidates' own scores, live ones last so that they count where a figure is there too.

    What they were held against is left out: it may be an older baseline's score of the same model.
    """
    scores = [result.score for result in run.results if result.score is not None]
    yield from sorted(scores, key=lambda score: score.evidence == "live")


def _counterpart(model: ModelRef, scores: dict[str, Score]) -> Score | None:
    if model.id in scores:
        return scores[model.id]
    kin = [score for score in scores.values() if score.cell.model.architecture == model.architecture]
    if model.architecture and len(kin) == 1:
        return kin[0]
    return next(iter(scores.values())) if len(scores) == 1 else None


def _swap(fresh: Path, target: Path, old: Path) -> None:
    if target.exists():
        os.replace(target, old)
    os.replace(fresh, target)
