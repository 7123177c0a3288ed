"""Encoders: the seam between a model reference and numbers.

A loaded model turns crops of images into embeddings (zero-shot) or class scores (supervised). The kind of the
reference names the function that loads it; those functions alone import torch, open_clip, timm and transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from contextlib import nullcontext
from pkgutil import resolve_name
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError, SetupError
from robustcheck.models.adapter import adapt_model
from robustcheck.models.foreign_code import refuse_foreign_code
from robustcheck.models.geometry import Crop, Geometry, Normalisation
from robustcheck.models.hub import hub_access
from robustcheck.models.kind import Load, model_kind
from robustcheck.models.model_errors import as_model_error, does_not_fit
from robustcheck.models.torch_host import wait_passively
from robustcheck.values import ModelRef

Precision = Literal["fp32", "fp16", "bf16"]
Features = npt.NDArray[np.float32]
Rows = TypeVar("Rows", bound=Sized)

# Texts that a text tower takes at once.
TEXTS_AT_ONCE = 256
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "bf16")


class LoadedModel(Protocol):
    """What every loaded model has: a geometry and a normalisation, apart.

    Models take crops as their geometry makes them. Crops that do not fit the device raise MemoryError.
    """

    @property
    def geometry(self) -> Geometry:
        """How a picture becomes the crop that the model takes."""

    @property
    def normalisation(self) -> Normalisation:
        """How a crop becomes the model's input."""


@runtime_checkable
class ImageEncoder(LoadedModel, Protocol):
    """An image tower: of a dual encoder, or of a classifier below its last layer."""

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) embeddings at unit L2 norm, normalised in float32."""


@runtime_checkable
class ZeroShotModel(LoadedModel, Protocol):
    """An image tower and a text tower into one space."""

    @property
    def logit_scale(self) -> float:
        """The factor of the cosines in a logit."""

    @property
    def logit_bias(self) -> float:
        """What is added to it."""

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) embeddings at unit L2 norm, normalised in float32."""

    def encode_texts(self, texts: list[str]) -> Features:
        """Return (n, d) embeddings at unit L2 norm, normalised in float32."""


@runtime_checkable
class SupervisedModel(LoadedModel, Protocol):
    """A classifier with a fixed list of classes."""

    @property
    def class_count(self) -> int:
        """How many classes there are."""

    def logits(self, crops: Sequence[Crop]) -> Features:
        """Return (n, C) class scores."""


@runtime_checkable
class BeginsOutputs(Protocol):
    """A model whose device may work in the background."""

    @property
    def runs_in_background(self) -> bool:
        """Whether it does."""

    def begin_outputs(self, crops: Sequence[Crop]) -> Callable[[], Features]:
        """Begin to make what is stored of images; call what is returned for it."""


@runtime_checkable
class AnsweringModel(LoadedModel, Protocol):
    """A language model with an image tower, which answers questions about an image."""

    def letter_logs(self, crop: Crop, question: str, letters: Sequence[str]) -> Features:
        """Return the log-probability (n,) of each letter as the first token of the answer."""

    def answer(self, crop: Crop, question: str, most_tokens: int) -> str:
        """Return what the model writes, always taking the likeliest token."""


def load_model(ref: ModelRef, device: str = "auto", precision: Precision = "fp32") -> LoadedModel:
    """Load the model of a reference; raise ModelUnavailable or ModelError in words.

    Encoder adapters are applied, one after the other; head adapters work on its outputs and need no loading.
    """
    adapters = ref.encoder.adapters
    model = _load_bare(adapters[0].base if adapters else ref.encoder, device, precision)
    for use in adapters:
        model = adapt_model(model, use, device, precision)
    return model


def compile_tower(model: LoadedModel) -> None:
    """Have torch compile the module that images go through, when it first runs; a model without one stays as it is."""
    tower = getattr(model, "image_tower", None)
    if tower is not None:
        # The last batch is smaller: one program for all sizes, not one for each.
        tower.compile(dynamic=True)


def _load_bare(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
    kind = model_kind(ref)
    if kind.load is None:
        raise SetupError(f"{ref.text!r} cannot be run: its outputs were saved elsewhere")
    if precision not in PRECISIONS:
        raise SetupError(f"unknown precision {precision!r}", expected=", ".join(PRECISIONS))
    wait_passively()
    load: Load = resolve_name(kind.load) if isinstance(kind.load, str) else kind.load
    with hub_access() if kind.needs_hub else nullcontext():
        refuse_foreign_code(ref, kind.files(ref))
        return load(ref, device, precision)


def image_outputs(model: LoadedModel, crops: Sequence[Crop]) -> Features:
    """Return what is stored of images: the class scores of a classifier, else embeddings."""
    if isinstance(model, SupervisedModel):
        return _with_a_choice(model.logits(crops))
    if isinstance(model, ImageEncoder):
        return _with_direction(model.encode_images(crops))
    raise TypeError(f"{type(model).__name__} is neither an ImageEncoder nor a SupervisedModel")


def runs_in_background(model: LoadedModel) -> bool:
    """Say whether what a model began goes on by itself, so that the next batch can be prepared meanwhile."""
    return isinstance(model, BeginsOutputs) and model.runs_in_background


def begin_outputs(model: LoadedModel, crops: Sequence[Crop]) -> Callable[[], Features]:
    """Begin what ``image_outputs`` returns, and return how to ask for it: on a card it is made in the background."""
    if isinstance(model, BeginsOutputs) and isinstance(model, ZeroShotModel | SupervisedModel):
        later = model.begin_outputs(crops)
        return (lambda: _with_direction(later())) if isinstance(model, ZeroShotModel) else later
    made = image_outputs(model, crops)
    return lambda: made


def _with_direction(embeddings: Features) -> Features:
    """Return embeddings if each has a direction: one of norm zero would tie all classes, and the first would win."""
    zeros = int((np.linalg.norm(embeddings, axis=-1) == 0).sum())
    if zeros:
        raise ModelError(
            f"the model returned an embedding of zeros for {zeros} of {len(embeddings)} images",
            expected="embeddings with a direction",
            fix="check the checkpoint, or measure with --robust-precision fp32",
        )
    return embeddings


def _with_a_choice(scores: Features) -> Features:
    """Return class scores if they tell classes apart: of classes that are all tied the first would win."""
    tied = int((scores == scores[:, :1]).all(axis=1).sum()) if scores.ndim == 2 and scores.shape[1] > 2 else 0
    if tied:
        raise ModelError(
            f"the model gave all {scores.shape[1]} classes the same score on {tied} of {len(scores)} images",
            expected="scores that differ",
            fix="check the head in the checkpoint",
        )
    return scores


def text_outputs(model: ZeroShotModel, texts: list[str], ref: ModelRef) -> Features:
    """Return the (n, d) embeddings of texts, in pieces where the whole does not fit the device.

    Raises ModelError for whatever else goes wrong in the tokenizer or the text tower.
    """
    pieces: list[Features] = []
    size = len(texts)  # the model itself takes no more than TEXTS_AT_ONCE at once
    while (start := sum(map(len, pieces))) < len(texts):
        piece = texts[start : start + size]
        try:
            with as_model_error(ref, "embedding texts"):
                pieces.append(require_rows(model.encode_texts(piece), len(piece), ref))
        except MemoryError as error:
            if size == 1:
                raise does_not_fit("one text", ref, error) from error
            size = (min(size, TEXTS_AT_ONCE) + 1) // 2
    return np.concatenate(pieces)


def text_tower(model: ZeroShotModel, ref: ModelRef) -> str:
    """Return what tells text towers apart: equal for models that share one, where they say so; else the model's own."""
    return str(getattr(model, "text_tower", None) or ref.encoder.identity)


def require_rows(rows: Rows, count: int, ref: ModelRef) -> Rows:
    """Return rows if there is one for each input, else raise ModelError."""
    if len(rows) != count:
        raise ModelError(
            f"the model returned {len(rows)} rows for {count} inputs", where=ref.text, expected="one row for each"
        )
    return rows
