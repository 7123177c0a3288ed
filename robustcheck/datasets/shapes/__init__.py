"""The drawn sets: images made by code when they are asked for, with everything about them known.

They make every protocol runnable on any machine. Nothing is drawn at opening.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from robustcheck.datasets.dataset import ImageDataset
from robustcheck.datasets.shapes.altered import (
    CORRUPTIONS,
    SEVERITIES,
    open_corrupted,
    open_corrupted_base,
    open_overlap,
)
from robustcheck.datasets.shapes.attributes import SHAPES, UNSEEN
from robustcheck.datasets.shapes.moving import PERTURBATIONS, open_motion, open_video
from robustcheck.datasets.shapes.shape_sets import (
    open_captioned,
    open_cue_conflict,
    open_shapes_test,
    open_shapes_train,
    open_sketch,
    open_unseen,
)
from robustcheck.datasets.shapes.view_pairs import ViewPair, open_views, shapes_view_pairs
from robustcheck.errors import DataError, did_you_mean

__all__ = [
    "CORRUPTIONS",
    "PERTURBATIONS",
    "SEVERITIES",
    "ViewPair",
    "open_shapes",
    "shape_classes",
    "shapes_view_pairs",
]

DRAWN_SETS: Mapping[str, Callable[[], ImageDataset]] = {
    "shapes": open_shapes_test,
    "shapes-train": open_shapes_train,
    "shapes-sketch": open_sketch,
    "shapes-captions": open_captioned,
    "shapes-cue-conflict": open_cue_conflict,
    "shapes-ood": open_unseen,
    "shapes-video": open_video,
    "shapes-overlap": open_overlap,
    "shapes-views": open_views,
    "shapes-c-clean": open_corrupted_base,
    **{
        f"shapes-c/{corruption}/{severity}": functools.partial(open_corrupted, corruption, severity)
        for corruption in CORRUPTIONS
        for severity in SEVERITIES
    },
    **{f"shapes-motion/{name}": functools.partial(open_motion, name) for name in PERTURBATIONS},
}


def open_shapes(name: str) -> ImageDataset:
    """Open a drawn set, or a subset of a family of them such as ``shapes-c/contrast/3``."""
    if name not in DRAWN_SETS:
        raise DataError(
            f"unknown drawn set {name!r}",
            expected="one of " + ", ".join(DRAWN_SETS),
            fix=did_you_mean(name, DRAWN_SETS),
        )
    return DRAWN_SETS[name]()


def shape_classes(name: str) -> tuple[str, ...]:
    """Return the classes of a drawn set that is known by its name or by its family's."""
    return {"shapes-ood": UNSEEN, "shapes-views": ("view",)}.get(name, SHAPES)
