"""The trial files of model-vs-human: one row a decision of an observer on a cue-conflict image.

``imagename`` ends in SHAPE#-TEXTURE#.png; ``object_response`` is one of sixteen categories, or na.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from robustcheck.errors import DataError, did_you_mean
from robustcheck.listing import name_first
from robustcheck.predictions.prediction_tables import PredictionTable
from robustcheck.predictions.saved_predictions import NO_CLASS, Ints, Predictions, Strings

COLUMNS = frozenset({"imagename", "object_response"})
CATEGORIES = (
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat", "chair", "clock", "dog", "elephant",
    "keyboard", "knife", "oven", "truck",
)  # fmt: skip
_STIMULUS = re.compile(r"(?:^|[_/])(([a-z]+)\d+-([a-z]+)\d+)(?:\.\w+)?$")


def predictions_of_trials(tables: Sequence[PredictionTable]) -> Predictions:
    """Return the decisions in the files of one observer; raise DataError when there are several observers."""
    observers = sorted({name for table in tables if "subj" in table.header for name in table.column("subj")})
    first = tables[0].path
    if len(observers) > 1:
        raise DataError(
            f"the trials of {len(observers)} observers: {name_first(observers, 3)}",
            where=str(first if len(tables) == 1 else first.parent),
            expected="one observer",
            fix=f"name one file: predictions:{first}",
        )
    ids = np.array([stimulus_of(name) for table in tables for name in table.column("imagename")], dtype=np.str_)
    return Predictions(
        ids=ids,
        kind="classes",
        values=_categories(tables, "object_response"),
        confidence=None,
        labels=_categories(tables, "category") if all("category" in table.header for table in tables) else None,
        class_names=CATEGORIES,
        groups=_cues(ids),
        path=first if len(tables) == 1 else first.parent,
    )


def stimulus_of(image_id: str) -> str:
    """Return the SHAPE#-TEXTURE# that an id ends in, or the id itself when it ends otherwise.

    Trials number their images anew for each observer, so this is what they have in common.

    >>> stimulus_of("0001_s5n_s01_0_bird_00_bird3-bird2.png")
    'bird3-bird2'
    """
    found = _STIMULUS.search(image_id)
    return found[1] if found else image_id


def _categories(tables: Sequence[PredictionTable], column: str) -> Ints:
    index = {name: label for label, name in enumerate(CATEGORIES)} | {"na": NO_CLASS}
    found: list[int] = []
    for table in tables:
        for name, line in zip(table.column(column), table.lines, strict=True):
            if name not in index:
                raise DataError(
                    f"unknown category {name!r}",
                    where=f"{table.path}:{line}",
                    expected=", ".join(CATEGORIES) + ", or na",
                    fix=did_you_mean(name, CATEGORIES),
                )
            found.append(index[name])
    return np.array(found, dtype=np.int64)


def _cues(ids: Strings) -> dict[str, Strings]:
    """Return the categories of shape and texture that the ids tell, if all of them do."""
    found = [_STIMULUS.search(image_id) for image_id in ids.tolist()]
    cues = [(match[2], match[3]) for match in found if match]
    if not cues or len(cues) < len(ids):
        return {}
    columns = np.array(cues, dtype=np.str_)
    return {"shape": columns[:, 0], "texture": columns[:, 1]}
