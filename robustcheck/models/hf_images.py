"""Split an image processor of transformers into its geometry and its normalisation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.geometry import Crop, Geometry, Normalisation, require_channels

if TYPE_CHECKING:
    import torch

_SIDE, _TOLERANCE = 40, 1e-4
# Settings that do not move a pixel.
_ARITHMETIC = (
    "do_rescale",
    "rescale_factor",
    "rescale_offset",
    "do_normalize",
    "image_mean",
    "image_std",
    "include_top",
)
_LABELS = ("processor_class", "feature_extractor_type", "image_processor_type")


def split_processor(processor: Any, where: str) -> tuple[Geometry, Normalisation]:
    """Return the two halves of an image processor, which together make what it makes.

    That is tried on a picture; raises ModelError where it is not so.
    """
    geometry = Geometry(_described(processor), lambda image: _cropped(processor, image))
    normalisation = _normalisation(processor)
    if not _makes_the_same(processor, geometry, normalisation):
        raise ModelError(
            f"the preprocessing {type(processor).__name__} cannot be split",
            where=where,
            expected="steps that resize and crop, then scale and normalise",
        )
    side = min(geometry.crop(_probe()).shape[:2])
    return replace(geometry, side=side), normalisation


def _probe() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8))


def _makes_the_same(processor: Any, geometry: Geometry, normalisation: Normalisation) -> bool:
    picture = _probe()
    try:
        crop = geometry.crop(picture)
    except TypeError:  # it goes on calculating with pixels that were not scaled
        return False
    whole = _picture(processor, processor(images=picture, return_tensors="pt")).numpy()
    halves = (crop / 255 - np.array(normalisation.mean)) / np.array(normalisation.std)
    return whole.shape == halves.shape and np.allclose(whole, halves, rtol=0, atol=_TOLERANCE)


def _cropped(processor: Any, image: Image.Image) -> Crop:
    found = processor(images=image, do_rescale=False, do_normalize=False, return_tensors="pt")
    return np.ascontiguousarray(_picture(processor, found).numpy().astype(np.uint8))


def _picture(processor: Any, found: Any) -> torch.Tensor:
    """Return what a processor made of one picture as (H, W, 3), put together again where it cut it into patches."""
    values: torch.Tensor = found["pixel_values"][0]
    if "spatial_shapes" not in found:
        return values.permute(1, 2, 0)
    high, wide = (int(count) for count in found["spatial_shapes"][0])
    side = processor.patch_size
    patches = values[: high * wide].reshape(high, wide, side, side, -1)
    return patches.permute(0, 2, 1, 3, 4).reshape(high * side, wide * side, -1)


def _normalisation(processor: Any) -> Normalisation:
    """Return mean and std of pixels in [0, 1] from settings about pixels in [0, 255].

    (factor * 255 p - offset - mean) / std = (p - (mean + offset) / (255 factor)) / (std / (255 factor)).
    """
    factor = round(255 * processor.rescale_factor, 12) if processor.do_rescale else 255.0
    offset = 1.0 if processor.do_rescale and getattr(processor, "rescale_offset", False) else 0.0
    mean, std = (processor.image_mean, processor.image_std) if processor.do_normalize else ([0.0] * 3, [1.0] * 3)
    return require_channels(Normalisation(tuple((m + offset) / factor for m in mean), tuple(s / factor for s in std)))


def _described(processor: Any) -> str:
    settings = {key: value for key, value in processor.to_dict().items() if key not in (*_ARITHMETIC, *_LABELS)}
    return f"{type(processor).__name__} {json.dumps(settings, sort_keys=True, default=str)}"
