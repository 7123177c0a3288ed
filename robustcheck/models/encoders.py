"""Encoders: the seam between a model reference and numbers.

A loaded model turns images into embeddings (zero-shot) or class scores (supervised). One registry
names the module that loads each kind; those modules alone import torch, open_clip and timm.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from robustcheck.errors import SetupError
from robustcheck.models.hub import hub_access
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    from PIL import Image

Precision = Literal["fp32", "fp16", "bf16"]
Features = npt.NDArray[np.float32]

PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "bf16")

_LOADERS = {
    "openclip": "robustcheck.models.encoders_openclip",
    "openclip-file": "robustcheck.models.encoders_openclip",
    "local-dir": "robustcheck.models.encoders_openclip",
    "zoo": "robustcheck.models.encoders_openclip",
    "hf-hub": "robustcheck.models.encoders_openclip",
    "timm": "robustcheck.models.encoders_timm",
    "timm-file": "robustcheck.models.encoders_timm",
    "fake": "robustcheck.models.fake",
    "phash": "robustcheck.models.perceptual_hash",
}
_ON_HUB = frozenset({"openclip", "openclip-file", "hf-hub", "timm"})
_SUPERVISED = frozenset({"timm", "timm-file"})


class LoadedModel(Protocol):
    """What every loaded model has.

    ``preprocessing`` identifies the preprocessing: models with equal text share its result.
    A batch that does not fit the device raises MemoryError.
    """

    preprocessing: str

    def preprocess(self, image: Image.Image) -> Any:
        """Return an RGB image as this model takes it."""


@runtime_checkable
class ZeroShotModel(LoadedModel, Protocol):
    """An image tower and a text tower into one space."""

    logit_scale: float
    logit_bias: float

    def encode_images(self, batch: Sequence[Any]) -> Features:
        """Return (n, d) embeddings at unit L2 norm, normalised in float32."""

    def encode_texts(self, texts: list[str]) -> Features:
        """Return (n, d) embeddings at unit L2 norm, normalised in float32."""


@runtime_checkable
class SupervisedModel(LoadedModel, Protocol):
    """A classifier with a fixed list of classes."""

    class_count: int

    def logits(self, batch: Sequence[Any]) -> Features:
        """Return (n, C) class scores."""


def load_model(ref: ModelRef, device: str = "auto", precision: Precision = "fp32") -> LoadedModel:
    """Load the model of a reference; raise ModelUnavailable or ModelError in words."""
    if ref.kind not in _LOADERS:
        raise SetupError(f"no loader for {ref.text!r} of kind {ref.kind!r}", expected=", ".join(sorted(_LOADERS)))
    if precision not in PRECISIONS:
        raise SetupError(f"unknown precision {precision!r}", expected=", ".join(PRECISIONS))
    module = importlib.import_module(_LOADERS[ref.kind])
    load = cast(Callable[[ModelRef, str, Precision], LoadedModel], module.load)
    with hub_access() if ref.kind in _ON_HUB else nullcontext():
        return load(ref, device, precision)


def image_outputs(model: LoadedModel, batch: Sequence[Any]) -> Features:
    """Return what is stored of a batch of images: embeddings, or class scores."""
    if isinstance(model, ZeroShotModel):
        return model.encode_images(batch)
    if isinstance(model, SupervisedModel):
        return model.logits(batch)
    raise TypeError(f"{type(model).__name__} is neither a ZeroShotModel nor a SupervisedModel")


def is_supervised(ref: ModelRef) -> bool:
    """Say whether a reference is a classifier with classes of its own, without loading it."""
    return ref.kind in _SUPERVISED or (ref.kind == "fake" and ref.architecture.startswith("classifier"))
