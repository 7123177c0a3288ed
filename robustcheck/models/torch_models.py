"""What the models that torch runs have in common, whichever library built them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.crop_batch import CropBatch
from robustcheck.models.encoders import TEXTS_AT_ONCE, Features, Precision
from robustcheck.models.geometry import Crop, Geometry, Normalisation
from robustcheck.models.lanes import Lane, Later, lane_to
from robustcheck.models.picture_sizes import CNN_CELL, padded_to_cells
from robustcheck.models.torch_running import as_pixels, fill_rows, has_channels_last, normalised, running, unit_rows

if TYPE_CHECKING:
    import torch

# Models start at 10 (SigLIP) or 14.3 (CLIP) and end between 15 and 120; small or short runs may stay below that.
SCALES = (1.0, 1000.0)
LARGEST_BIAS = 1000.0
# Of a model whose weights have no numbers: any one will do.
OUTLINED_SCALE = SCALES[1]
# Any picture shows the size of the crops.
_PICTURE, _GREY = (512, 512), (128, 128, 128)


@dataclass(frozen=True, eq=False)
class TorchModel(ABC):
    """A model on its device, between pixels in [0, 1] and features.

    Differentiate with ``torch.autograd.grad`` towards the pixels. The weights are left as they were loaded, gradients
    allowed: without, torch folds some products another way, which moves the last bits of what is stored. ``remark`` is
    what the report should say of how it was loaded.
    """

    model: Any
    geometry: Geometry
    normalisation: Normalisation
    device: torch.device
    precision: Precision
    remark: str = field(default="", kw_only=True)

    def grey_crops(self, count: int) -> list[Crop]:
        """Return crops of a grey picture, to try out what a batch takes."""
        return [self.geometry.crop(Image.new("RGB", _PICTURE, _GREY))] * count

    def pixels(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return crops as (n, 3, H, W) in [0, 1] on the device; on a processor filled up to whole groups of rows.

        Only the first ``len(crops)`` rows of what is made from them count.
        """
        bring = self.lane.bring
        on_device = crops.brought(str(self.device), bring) if isinstance(crops, CropBatch) else bring(crops)
        return as_pixels(on_device, channels_last=self._has_channels_last)

    @cached_property
    def lane(self) -> Lane:
        """How crops come to the device, and rows back."""
        return lane_to(self.device, lambda rows: fill_rows(rows, self.device))

    @cached_property
    def _has_channels_last(self) -> bool:
        return has_channels_last(self.model)

    @property
    def runs_in_background(self) -> bool:
        """Whether its device is a card, which works while Python goes on."""
        return self.device.type == "cuda"

    @property
    def memory_bytes(self) -> int:
        """How many bytes its weights take on the device."""
        parts = (*self.model.parameters(), *self.model.buffers())
        return sum(part.numel() * part.element_size() for part in parts)

    @property
    def image_tower(self) -> Any:
        """The module that images go through."""
        return self.model

    @abstractmethod
    def outputs(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return what is stored of images, on the device; only the first ``len(crops)`` rows count."""

    def begin_outputs(self, crops: Sequence[Crop]) -> Later:
        """Begin to make what is stored of images; call what is returned for it."""
        with self.running():
            return self.lane.fetch(self.outputs(crops), len(crops))

    def running(self, *, gradients: bool = False) -> AbstractContextManager[None]:
        """Return the context in which to call what takes pixels; with ``gradients`` it can be differentiated."""
        return running(self.device, self.precision, gradients=gradients)

    def feature_map(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the features of the last stage as (n, d, h, w): of a ViT its patch tokens, unnormalised.

        They are those of the last block, before any normalisation or projection that follows.
        """
        return self._feature_map(self._input(pixels)).float()

    def dense_map(self, pixels: torch.Tensor, normalisation: Normalisation) -> torch.Tensor:
        """Return the features of the last stage of pictures of any size, as (n, d, h, w).

        There is a cell for each patch; the last stage of a CNN is resized to a cell for 16 x 16 pixels. Pictures get
        a border of zeros where a side is not a multiple of a cell's side.
        """
        from torch.nn import functional

        cell = self.patch_side or CNN_CELL
        images = padded_to_cells(normalised(pixels, normalisation), cell)
        found = self._feature_map(images).float()
        if self.patch_side is not None:
            return found
        size = (images.shape[2] // cell, images.shape[3] // cell)
        return functional.interpolate(found, size=size, mode="bilinear", align_corners=False)

    @property
    @abstractmethod
    def patch_side(self) -> int | None:
        """Return the side in pixels of the patches that the last stage is made of; None for a CNN."""

    def _input(self, pixels: torch.Tensor) -> torch.Tensor:
        return normalised(pixels, self.normalisation)

    @abstractmethod
    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last stage's features of normalised images."""


@dataclass(frozen=True, eq=False)
class DualEncoder(TorchModel):
    """An image tower and a text tower into one space."""

    logit_scale: float
    logit_bias: float

    def __post_init__(self) -> None:
        """Refuse a logit scale or bias that no training leaves: logits would be NaN, or all the same."""
        low, high = SCALES
        if not (low <= self.logit_scale <= high and abs(self.logit_bias) <= LARGEST_BIAS):
            raise ModelError(
                f"a logit scale of {self.logit_scale:.6g} and a bias of {self.logit_bias:.6g}",
                expected=f"a scale from {low:g} to {high:g} (the checkpoint holds its logarithm), "
                f"a bias from {-LARGEST_BIAS:g} to {LARGEST_BIAS:g}",
                fix="check logit_scale and logit_bias in the checkpoint",
            )

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, d) image embeddings at unit norm; differentiable."""
        return unit_rows(self.features(pixels))

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the same before its norm is taken."""
        return self._image_features(self._input(pixels))

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) image embeddings at unit norm."""
        return self.begin_outputs(crops)()

    def outputs(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return (n, d) image embeddings at unit norm, on the device."""
        return self.embed(self.pixels(crops))

    def encode_texts(self, texts: list[str]) -> Features:
        """Return (n, d) text embeddings at unit norm; texts of about one length share a batch, and its padding."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        batches = [[texts[place] for place in order[start : start + TEXTS_AT_ONCE]] for start in starts]
        rows = np.concatenate([self._encode_text_batch(batch) for batch in batches])
        return np.asarray(rows[np.argsort(order)])

    def _encode_text_batch(self, texts: list[str]) -> Features:
        with self.running():
            return self.lane.fetch(self.embed_texts(texts), len(texts))()

    def embed_texts(self, texts: list[str]) -> torch.Tensor:
        """Return (n, d) embeddings of one batch of texts at unit norm, on the device."""
        return unit_rows(self._text_features(texts))

    @abstractmethod
    def _image_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the projected features of normalised images."""

    @abstractmethod
    def _text_features(self, texts: list[str]) -> torch.Tensor:
        """Return the projected features of texts."""


@dataclass(frozen=True, eq=False)
class Classifier(TorchModel):
    """A classifier with a fixed list of classes."""

    class_count: int

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, d) of what the last layer takes, at unit norm; differentiable."""
        return unit_rows(self._last_features(self._input(pixels)))

    def scores(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, C) class scores; differentiable."""
        scores: torch.Tensor = self.model(self._input(pixels)).float()
        return scores

    def logits(self, crops: Sequence[Crop]) -> Features:
        """Return (n, C) class scores in float32."""
        return self.begin_outputs(crops)()

    def outputs(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return (n, C) class scores in float32, on the device."""
        return self.scores(self.pixels(crops))

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) of what the last layer takes, at unit norm."""
        with self.running():
            return self.lane.fetch(self.embed(self.pixels(crops)), len(crops))()

    @abstractmethod
    def _last_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the last layer takes of normalised images."""
