"""Images as the source of Tip-Adapter shows those that it learns from: cut out at random, and averaged (Zhang 2022).

A view is a part of 50 to 100% of the area, with sides from 3:4 to 4:3, resized to the model's input; half of the views
are mirrored. That is what an epoch of the source does to an image; its key is the mean over epochs of the features,
brought to unit norm afterwards.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError
from robustcheck.measure.reading import Batch
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.geometry import Crop, Geometry
from robustcheck.models.kind import Capability
from robustcheck.models.torch_models import DualEncoder
from robustcheck.outputs.logits import normalise

if TYPE_CHECKING:
    from PIL import Image

AREAS, RATIOS, TRIES = (0.5, 1.0), (3 / 4, 4 / 3), 10
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class AugmentedViews:
    """Two rows an image (n, 2, d), both at unit norm: the mean over its views, and the image as it is always shown."""

    views: int
    seed: int
    name: str = "augmented-views"
    chunk_rows: int = 64
    capability: Capability | None = "embeds text"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows."""
        return {"name": self.name, "views": self.views, "seed": self.seed, "schema": 1}

    def geometry(self, model: LoadedModel) -> Geometry:
        """Return pictures as the model takes them, with their views below."""
        own = model.geometry
        crop = partial(stacked_views, own.crop, self.views, self.seed)
        return Geometry(f"{self.views} views with seed {self.seed}, {own.key}", crop, own.side)

    def take(self, model: LoadedModel, batch: Batch) -> npt.NDArray[np.float32]:
        """Return the rows of a batch; raise ModelError for a model whose features are not known before their norm."""
        if not isinstance(model, DualEncoder):
            raise ModelError("its features before their norm are not known", expected="a model that torch runs")
        stacks = [np.split(np.asarray(crop), self.views + 1) for crop in batch.crops]
        plain, *views = (_features(model, [stack[place] for stack in stacks]) for place in range(self.views + 1))
        rows = (normalise(np.mean(views, axis=0)), normalise(plain))
        return np.stack(rows, axis=1).astype(np.float32)


def stacked_views(crop: Callable[[Image.Image], Crop], views: int, seed: int, image: Image.Image) -> Crop:
    """Return a picture as ``crop`` makes it, and so many views of that size below it.

    They are drawn by the seed and the content of the picture, so that its place in a set does not matter.
    """
    from PIL.Image import Resampling, Transpose

    plain = crop(image)
    size = (plain.shape[1], plain.shape[0])
    rng = np.random.default_rng([seed, zlib.crc32(image.tobytes())])
    found = [plain]
    for _ in range(views):
        view = image.crop(draw_box(*image.size, rng)).resize(size, Resampling.BICUBIC)
        is_mirrored = rng.uniform() < 0.5
        found.append(np.asarray(view.transpose(Transpose.FLIP_LEFT_RIGHT) if is_mirrored else view))
    return np.concatenate(found)


def draw_box(width: int, height: int, rng: np.random.Generator) -> Box:
    """Return the part of a picture that a view shows: left, top, right, bottom.

    Area and the logarithm of the ratio of sides are uniform; what does not fit in ten tries is the largest part in the
    middle whose ratio is allowed.
    """
    for _ in range(TRIES):
        area = width * height * rng.uniform(*AREAS)
        ratio = exp(rng.uniform(log(RATIOS[0]), log(RATIOS[1])))
        wide, high = round(sqrt(area * ratio)), round(sqrt(area / ratio))
        if 0 < wide <= width and 0 < high <= height:
            left, top = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
            return left, top, left + wide, top + high
    ratio = min(max(width / height, RATIOS[0]), RATIOS[1])
    wide, high = min(width, round(height * ratio)), min(height, round(width / ratio))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def _features(model: DualEncoder, crops: list[Crop]) -> npt.NDArray[np.float32]:
    with model.running():
        found = model.features(model.pixels(crops))[: len(crops)].float().cpu().numpy()
    return np.asarray(found, dtype=np.float32)
