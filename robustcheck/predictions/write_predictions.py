"""Write predictions in the form that ``predictions:DIR`` reads."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from robustcheck.disk import write_atomically
from robustcheck.errors import DataError
from robustcheck.predictions.archives import KNOWN
from robustcheck.predictions.directory import stem_of
from robustcheck.predictions.saved_predictions import Ints, Strings


def write_predictions(
    directory: Path,
    dataset_name: str,
    ids: Strings,
    logits: npt.NDArray[np.floating],
    labels: Ints | None,
    class_names: Sequence[str],
    groups: Mapping[str, Strings],
    *,
    transform: str | None = None,
    prompts: str | None = None,
) -> Path:
    """Write a model's logits (n, C) on a data set, as float32, and return the file.

    ``labels`` is None where the samples are of none of the classes.
    """
    taken = sorted(KNOWN & set(groups))
    if taken:
        raise DataError(f"a group called {taken[0]!r}", where=dataset_name, expected="another name: it is an array's")
    columns: dict[str, Any] = {name: np.asarray(column, dtype=np.str_) for name, column in groups.items()}
    if labels is not None:
        columns["labels"] = np.asarray(labels, dtype=np.int64)
    content = io.BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        ids=np.asarray(ids, dtype=np.str_),
        logits=logits.astype(np.float32),
        class_names=np.asarray(class_names, dtype=np.str_),
        **columns,
    )
    path = directory / f"{stem_of(dataset_name, transform, prompts)}.npz"
    write_atomically(path, content.getvalue(), what="the predictions")
    return path


def write_about(directory: Path, name: str, facets: Mapping[str, str], about: str) -> Path:
    """Write what is known of the model beside its predictions: its id, its facets, a sentence about it."""
    path = directory / "about.yaml"
    text = yaml.safe_dump({"name": name, "about": about, **facets}, sort_keys=False, allow_unicode=True, width=120)
    write_atomically(path, text.encode(), what="the predictions")
    return path
