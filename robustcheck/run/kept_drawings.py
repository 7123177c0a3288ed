"""What is drawn beside a score, worked out once from its per-sample scores and then stored.

A drawing holds the few numbers that the report shows of any number of images: bins, curves, histograms, worst
classes, worst images. Its key is that of the score and of the one that it is held against.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter

from robustcheck.datasets import Dataset
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.files.json_files import dump_json
from robustcheck.measure import Bench
from robustcheck.measure.memo import NotStored
from robustcheck.models.digests import installed_version
from robustcheck.run.class_pictures import ClassAnswers, class_answers, class_pictures, shape_strip
from robustcheck.run.score_pictures import is_scaled, pictures_of, with_unscaled
from robustcheck.run.wrong_images import SIDE, WrongImages, find_wrong, small_copies
from robustcheck.store import Store, content_key
from robustcheck.values import Picture, Samples, Score

# Where the per-sample scores behind a score lie; None where they are gone.
FindSamples = Callable[[Score], Samples | None]

# Raise when the same samples come to be drawn in another way.
DRAWING = 2

_EMPTY = np.empty(0)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Drawing:
    """The pictures of a score and, where its images have classes and are looked into, the wrong ones among them."""

    pictures: tuple[Picture, ...] = ()
    wrong: WrongImages | None = None


def drawing_of(
    score: Score, reference: Score | None, bench: Bench, find: FindSamples, *, with_classes: bool
) -> Drawing:
    """Return the drawing of a measured score: stored, or made from its samples.

    ``with_classes`` adds the worst classes and images; those that ``reference`` had right come first.
    """
    other = reference if with_classes and reference is not None and reference.evidence == "live" else None
    facts = {"score": score.key, "against": other and other.key, "classes": with_classes}
    key = content_key({**facts, "drawing": DRAWING, "version": installed_version("robustcheck")})
    found = _read_kept(bench.memo.store, key, _drawings())
    if found is not None:
        return found
    made, is_whole = _made(score, other, bench, find, with_classes)
    if is_whole:
        _write_kept(bench.memo.store, key, _drawings(), made)
    return made


def copies_of(wrong: WrongImages, dataset: Dataset, bench: Bench) -> tuple[str, ...] | None:
    """Return small JPEGs of the worst images: stored, or made from the data set; None where it is not here."""
    rows = [image.row for image in wrong.worst]
    key = content_key({"copies of": dataset.fingerprint, "rows": rows, "side": SIDE, "drawing": DRAWING})
    found = _read_kept(bench.memo.store, key, _copies())
    if found is None and (found := small_copies(dataset, wrong)) is not None:
        _write_kept(bench.memo.store, key, _copies(), found)
    return found


def _made(
    score: Score, other: Score | None, bench: Bench, find: FindSamples, with_classes: bool
) -> tuple[Drawing, bool]:
    """Return a drawing, and whether nothing was lacking that another day may have."""
    samples = find(score)
    pictures = () if samples is None else (*pictures_of(score, samples), *shape_strip(score, samples, bench))
    scaled = samples if is_scaled(pictures) else None
    answers, are_here = _answers(score, bench) if with_classes or scaled is not None else (None, True)
    if answers is not None and scaled is not None:
        pictures = _before_and_after(pictures, scaled, answers)
    is_whole = samples is not None and are_here
    if answers is None or not with_classes:
        return Drawing(pictures), is_whole
    before = None if other is None else find(other)
    is_whole = is_whole and (other is None or before is not None)
    return Drawing((*pictures, *class_pictures(answers)), find_wrong(answers, before)), is_whole


def _answers(score: Score, bench: Bench) -> tuple[ClassAnswers | None, bool]:
    """Return the answers behind a score, if it has such, and whether what they are made of is still here."""
    try:
        return class_answers(score.cell, bench), True
    except (RobustcheckError, NotStored):
        # A score can outlive the outputs that it was made from; nothing is measured for a picture.
        return None, False


def _before_and_after(pictures: tuple[Picture, ...], samples: Samples, answers: ClassAnswers) -> tuple[Picture, ...]:
    """Draw the scored images before scaling, too."""
    kept = np.isin(answers.dataset.ids[answers.rows], samples.ids)
    right = (answers.predicted == answers.labels)[kept].astype(np.float64)
    return with_unscaled(pictures, answers.confidence[kept], right, samples.bins) if kept.any() else pictures


def _read_kept(store: Store, key: str, adapter: TypeAdapter[_T]) -> _T | None:
    stored = store.read("drawings", key)
    return None if stored is None else adapter.validate_json(stored.facts["json"])


def _write_kept(store: Store, key: str, adapter: TypeAdapter[_T], made: _T) -> None:
    # A full disk takes no verdict away for a picture that could not be kept.
    with contextlib.suppress(SetupError):
        store.write("drawings", key, _EMPTY, {"json": dump_json(adapter.dump_python(made)).decode()})


@cache
def _drawings() -> TypeAdapter[Drawing]:
    return TypeAdapter(Drawing)


@cache
def _copies() -> TypeAdapter[tuple[str, ...]]:
    return TypeAdapter(tuple[str, ...])
