"""Transforms: pictures changed in memory, on the decoded image before the model's own preprocessing."""

from __future__ import annotations

from robustcheck.transforms.known import TransformKind, known_transforms, parse_transform
from robustcheck.transforms.placement import Placement, placements
from robustcheck.transforms.reference_side import reference_picture
from robustcheck.transforms.transform import Scene, Transform, image_rng
from robustcheck.transforms.typed import typed_label

__all__ = [
    "Placement",
    "Scene",
    "Transform",
    "TransformKind",
    "image_rng",
    "known_transforms",
    "parse_transform",
    "placements",
    "reference_picture",
    "typed_label",
]
