"""Transforms: corruptions made in memory, on the decoded image before the model's own preprocessing."""

from __future__ import annotations

from robustcheck.transforms.corruptions import SCHEMA, Transform, image_rng, known_transforms, parse_transform

__all__ = ["SCHEMA", "Transform", "image_rng", "known_transforms", "parse_transform"]
