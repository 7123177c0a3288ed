"""Which file of a directory holds the predictions on a data set.

DIR/NAME.csv or DIR/NAME.npz, with the data set's "/" written "__", "@TRANSFORM-VARIANT" and "+PROMPTS"
after it where there are any (a data set given as a path is called by its directory); or DIR/NAME/ with
the trial files of one observer. For imagenet-x and cue-conflict, whose files are published under other
names, the one file of that form will do. The path may also be such a file itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustcheck.errors import DataError
from robustcheck.files.csv_files import stream_rows
from robustcheck.files.regular import open_regular
from robustcheck.files.texts import stripped
from robustcheck.listing import name_first
from robustcheck.predictions.archives import read_archive
from robustcheck.predictions.forms import BEST_CLASS, GENERAL, general_predictions, predictions_of_best_class
from robustcheck.predictions.prediction_tables import PredictionTable, read_prediction_table
from robustcheck.predictions.saved_predictions import Predictions, check_predictions
from robustcheck.predictions.trials import COLUMNS as TRIALS
from robustcheck.predictions.trials import predictions_of_trials

_OWN_FORM = {"imagenet-x": BEST_CLASS, "cue-conflict": TRIALS}
SUFFIXES = (".csv", ".npz")


def read_predictions(
    path: Path, dataset_name: str, transform: str | None = None, prompts: str | None = None
) -> Predictions | None:
    """Return a model's predictions on a data set, or None when there are none; raise DataError in words."""
    files = find_files(path, dataset_name, transform, prompts)
    return read_files(files) if files else None


def find_files(
    path: Path, dataset_name: str, transform: str | None = None, prompts: str | None = None
) -> tuple[Path, ...]:
    """Return the files that hold a model's predictions on a data set, none where there are none."""
    return _files(path, dataset_name, stem_of(dataset_name, transform, prompts))


def read_files(files: Sequence[Path]) -> Predictions:
    """Return the predictions in the files of one model on one data set; raise DataError in words."""
    return replace(check_predictions(_read_files(files)), digest=_digest(files))


def stem_of(dataset_name: str, transform: str | None = None, prompts: str | None = None) -> str:
    """Return the name, without suffix, of the file of predictions on a data set.

    >>> stem_of("imagenet-c/fog/3"), stem_of("digits", "blur:2", "mine/five.txt")
    ('imagenet-c__fog__3', 'digits@blur-2+five')
    """
    changed = f"@{transform.replace(':', '-')}" if transform else ""
    asked = f"+{Path(prompts).stem if prompts.endswith(('.txt', '.json')) else prompts}" if prompts else ""
    return f"{_name(dataset_name).replace('/', '__')}{changed}{asked}"


def _name(dataset_name: str) -> str:
    """Return a data set's name; of a path, which differs between machines, that of the directory alone."""
    is_path = dataset_name.startswith(("/", "./", "../", "~"))
    return Path(dataset_name).name if is_path else dataset_name.strip("/")


def _files(path: Path, dataset_name: str, stem: str) -> tuple[Path, ...]:
    own_form = _OWN_FORM.get(dataset_name) if stem == dataset_name else None
    if path.is_file():
        is_it = path.stem == stem or (own_form is not None and _has_form(path, own_form))
        return (path,) if is_it else ()
    named = [file for suffix in SUFFIXES if (file := path / f"{stem}{suffix}").is_file()]
    named += [path / stem] if (path / stem).is_dir() else []
    if len(named) > 1:
        raise DataError(f"{' and '.join(file.name for file in named)}", where=str(path), expected="one of them")
    if named:
        return (named[0],) if named[0].is_file() else _trial_files(named[0])
    found = [file for file in sorted(path.glob("*.csv")) if own_form is not None and _has_form(file, own_form)]
    return _only(found, path, dataset_name)


def _trial_files(directory: Path) -> tuple[Path, ...]:
    files = tuple(sorted(directory.glob("*.csv")))
    if not files:
        raise DataError("no CSV file in it", where=str(directory), expected="the trial files of one observer")
    return files


def _only(found: Sequence[Path], directory: Path, dataset_name: str) -> tuple[Path, ...]:
    if len(found) > 1:
        names = name_first([file.name for file in found], 3)
        raise DataError(
            f"{len(found)} files could be the predictions on {dataset_name}: {names}",
            where=str(directory),
            expected=f"one, or a file called {dataset_name}.csv",
            fix=f"name the file itself: predictions:{found[0]}",
        )
    return tuple(found)


def _has_form(path: Path, columns: frozenset[str]) -> bool:
    if path.suffix != ".csv":
        return False
    try:
        _, header = next(stream_rows(path, DataError), (1, []))
    except DataError:
        return False
    return columns <= {stripped(name) for name in header}


def _read_files(files: Sequence[Path]) -> Predictions:
    if files[0].suffix == ".npz":
        return read_archive(files[0])
    tables = [read_prediction_table(file) for file in files]
    if all(set(table.header) >= TRIALS for table in tables):
        return predictions_of_trials(tables)
    if len(tables) > 1:
        raise DataError(
            f"{len(tables)} files that are not all trials",
            where=str(files[0].parent),
            expected="the trial files of one observer: columns " + ", ".join(sorted(TRIALS)),
        )
    return _of_table(tables[0])


def _of_table(table: PredictionTable) -> Predictions:
    if set(table.header) >= BEST_CLASS:
        return predictions_of_best_class(table)
    if "id" not in table.header:
        raise DataError(
            "predictions of no known form",
            where=f"{table.path}:1",
            expected=f"{GENERAL}; ImageNet-X's file_name, predicted_class; or trials with imagename, object_response",
        )
    return general_predictions(table)


def _digest(files: Sequence[Path]) -> str:
    lines = [f"{file.name} {_sha256(file)}" for file in files]
    return hashlib.sha256(os.fsencode("\n".join(lines))).hexdigest()


def _sha256(file: Path) -> str:
    with open_regular(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
