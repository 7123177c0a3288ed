"""How one image becomes crops: decoded once, transformed once for each side, cropped once for each geometry."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from robustcheck.datasets import Dataset
from robustcheck.datasets.decoding import decode_image
from robustcheck.models.geometry import Crop, Geometry
from robustcheck.transforms import Scene, Transform, image_rng, parse_transform, reference_picture

if TYPE_CHECKING:
    from PIL import Image

# How images are decoded and resized: as the models' own libraries do it, with torch to resize and not Pillow, or from
# JPEG files at a part of their size where a geometry makes them smaller anyway.
Decode = Literal["exact", "torch", "draft"]
# Of each geometry its crop, or what it raised.
Crops = dict[str, Crop | Exception]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The crops of some images, and the seconds of one core that they took."""

    crops: list[Crops]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """The images of a data set under a transform with its seed: all that decides a crop beside the geometry."""

    dataset: Dataset
    transform: str | None = None
    seed: int = 0
    decode: Decode = "exact"

    def prepare(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Prepared:
        """Return the crops of some images."""
        started = time.thread_time()
        crops = [self.crops(index, geometries) for index in indices]
        return Prepared(crops, time.thread_time() - started)

    def crops(self, index: int, geometries: Mapping[str, Geometry]) -> Crops:
        """Return the crops of one image; a geometry that fails gives what it raised."""
        if self.decode == "draft":
            return self._drafted(index, geometries)
        image, transform = self.dataset.image(index), parse_transform(self.transform)
        pictures: dict[int | None, Image.Image] = {}
        crops: Crops = {}
        for key, geometry in geometries.items():
            side = _side(transform, geometry)
            if side not in pictures:
                pictures[side] = self._picture(image, transform, index, side)
            crops[key] = _crop(pictures[side], self._cropping(geometry, is_square=side is not None))
        return crops

    def _cropping(self, geometry: Geometry, *, is_square: bool) -> Callable[[Image.Image], Crop]:
        if is_square:
            return geometry.crop_square
        return (geometry.by_torch if self.decode == "torch" else None) or geometry.crop

    def _drafted(self, index: int, geometries: Mapping[str, Geometry]) -> Crops:
        """Return the crops of one image, decoded for each size that a geometry asks for: never for another's sake."""
        assert self.transform is None, "no recipe has both"
        encoded = self.dataset.encoded(index)
        sizes = {geometry.least for geometry in geometries.values()}
        pictures = {
            least: self.dataset.image(index) if encoded is None else decode_image(*encoded, least) for least in sizes
        }
        return {key: _crop(pictures[geometry.least], geometry.crop) for key, geometry in geometries.items()}

    def _picture(self, image: Image.Image, transform: Transform | None, index: int, side: int | None) -> Image.Image:
        if transform is None:
            return image
        scene = Scene(str(self.dataset.ids[index]), int(self.dataset.labels[index]), self.dataset.class_names)
        # The same random numbers at every side, so that models of one side see one picture.
        rng = image_rng(self.seed, scene.image_id)
        return transform.apply(image if side is None else reference_picture(image, side), rng, scene)


def _side(transform: Transform | None, geometry: Geometry) -> int | None:
    """Return the side of the square on which a transform acts; None: on the picture as it is."""
    if transform is None or transform.reference_side is None:
        return None
    return min(transform.reference_side, geometry.side)


def _crop(picture: Image.Image, crop: Callable[[Image.Image], Crop]) -> Crop | Exception:
    """Return a crop, or what the geometry raised: an error of the models that have it, not of the image."""
    try:
        return crop(picture)
    except Exception as error:
        return error
