"""Sets made from other drawn sets: corrupted copies, and a test set with near-duplicates of the training set."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.dataset import ImageDataset, IntArray
from robustcheck.datasets.shapes.attributes import SHAPES, SIDE, drawing_rng
from robustcheck.datasets.shapes.drawing import Bytes, Pixels, draw
from robustcheck.datasets.shapes.shape_sets import (
    TRAINING_COUNT,
    Drawings,
    Painter,
    common_look,
    drawn_set,
    image_ids,
    open_shapes_test,
    training_looks,
)

if TYPE_CHECKING:
    from robustcheck.transforms import Transform

CORRUPTIONS = ("gaussian_noise", "defocus_blur", "contrast")
# Raise when the arithmetic of the corruptions changes: these pictures are corrupted in the size that they are drawn in.
CORRUPTED_SCHEMA = 2
SEVERITIES = ("1", "2", "3", "4", "5")
# 160 images: the first two rounds of every class through all factors.
CORRUPTED_COUNT = 160
OVERLAP_COUNT, DUPLICATE_COUNT = 300, 90


@functools.cache
def open_corrupted_base() -> ImageDataset:
    """Open ``shapes-c-clean``: the images of ``shapes`` that ``shapes-c`` corrupts."""
    whole, rows = open_shapes_test(), np.arange(CORRUPTED_COUNT, dtype=np.int64)
    return replace(
        whole,
        name="shapes-c-clean",
        fingerprint=_derived(whole, f"rows {CORRUPTED_COUNT}"),
        ids=whole.ids[rows],
        labels=whole.labels[rows],
        groups={name: column[rows] for name, column in whole.groups.items()},
        base=whole,
        rows=rows,
    )


@functools.cache
def open_corrupted(corruption: str, severity: str) -> ImageDataset:
    """Open a subset of ``shapes-c``: the images corrupted as they are drawn, with the ids of the clean ones."""
    from robustcheck.transforms import parse_transform

    clean, transform = open_corrupted_base(), parse_transform(f"{corruption}:{severity}")
    if transform is None:
        raise AssertionError("a subset without a corruption")
    return replace(
        clean,
        name=f"shapes-c/{corruption}/{severity}",
        fingerprint=_derived(clean, f"{transform} {CORRUPTED_SCHEMA}"),
        pictures=Drawings(_corrupting_painter(clean, transform)),
        base=None,
        rows=None,
    )


def _corrupting_painter(clean: ImageDataset, transform: Transform) -> Painter:
    from robustcheck.transforms import Scene

    def paint(index: int) -> Bytes:
        scene = Scene(str(clean.ids[index]), int(clean.labels[index]), clean.class_names)
        rng = drawing_rng(f"{transform} {scene.image_id}")
        return np.asarray(transform.apply(clean.image(index), rng, scene))

    return paint


def _derived(dataset: ImageDataset, what: str) -> str:
    return hashlib.sha256(f"{dataset.fingerprint} {what}".encode()).hexdigest()


@functools.cache
def open_overlap() -> ImageDataset:
    """Open ``shapes-overlap``: new images and, spread among them, near-duplicates of training images."""
    ids = image_ids("shapes-overlap", OVERLAP_COUNT)
    sources, training = _sources(), training_looks()
    looks = [
        training[source] if source >= 0 else common_look(SHAPES[number % len(SHAPES)], drawing_rng(str(ids[number])))
        for number, source in enumerate(sources.tolist())
    ]
    names = image_ids("shapes-train", TRAINING_COUNT)
    edits = [_edit_of(number) if source >= 0 else "" for number, source in enumerate(sources.tolist())]
    groups = {
        "duplicate": np.where(sources >= 0, "yes", "no"),
        "source": np.where(sources >= 0, names[sources], ""),
        "edit": np.array(edits),
    }

    def paint(index: int) -> Bytes:
        pixels = draw(looks[index])
        return _edited(pixels, edits[index], drawing_rng(f"edit {ids[index]}")) if edits[index] else pixels

    return drawn_set("shapes-overlap", looks, paint, groups)


def _sources() -> IntArray:
    """Return the training row that each image repeats, -1 for none."""
    rng = drawing_rng("shapes-overlap")
    sources = np.full(OVERLAP_COUNT, -1, dtype=np.int64)
    places = np.argsort(rng.random(OVERLAP_COUNT), kind="stable")[:DUPLICATE_COUNT]
    sources[places] = np.argsort(rng.random(TRAINING_COUNT), kind="stable")[:DUPLICATE_COUNT]
    return sources


def _edit_of(number: int) -> str:
    return tuple(_EDITS)[number % len(_EDITS)]


def _edited(pixels: Bytes, edit: str, rng: np.random.Generator) -> Bytes:
    edited = _EDITS[edit](pixels.astype(np.float64), rng)
    return np.rint(np.clip(edited, 0, 255)).astype(np.uint8)


def _crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut 2 or 3 pixels off each side and enlarge what is left, by linear interpolation."""
    cut = 2 + int(2 * rng.random())
    places = np.linspace(cut, SIDE - 1 - cut, SIDE)
    low = np.minimum(places.astype(np.int64), SIDE - 2)
    part = places - low
    rows = pixels[low] * (1 - part)[:, None, None] + pixels[low + 1] * part[:, None, None]
    return np.asarray(rows[:, low] * (1 - part)[None, :, None] + rows[:, low + 1] * part[None, :, None])


def _shift(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Move by up to two pixels; the border is repeated."""
    down, right = (int(5 * rng.random()) - 2 for _ in range(2))
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="edge")
    return padded[2 - down : 2 - down + SIDE, 2 - right : 2 - right + SIDE]


def _brightness(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return pixels * (0.85 + 0.3 * rng.random())


def _blocks(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Add the same error over blocks of 8x8 pixels, and a little to every pixel, as strong compression does."""
    coarse = np.kron(rng.random((SIDE // 8, SIDE // 8, 3)) - 0.5, np.ones((8, 8, 1)))
    return np.asarray(pixels + 12 * coarse + 16 * (rng.random(pixels.shape) - 0.5))


_EDITS: Mapping[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "crop": _crop,
    "shift": _shift,
    "brightness": _brightness,
    "blocks": _blocks,
}
