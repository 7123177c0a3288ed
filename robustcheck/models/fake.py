"""A fake encoder at the seam, so that tests of everything around it need no torch.

``zero-shot`` describes an image by its mean colour and reads a colour name out of a text, so on flat
red, green and blue images it is right; ``classifier`` scores the three channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.encoders import Features, LoadedModel, Precision
from robustcheck.values import ModelRef

_COLOURS = ("red", "green", "blue")


def load(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
    """Load a fake; ``weights`` seeds the text noise, as other weights would change a real model."""
    if ref.architecture == "zero-shot":
        return FakeZeroShot(seed=ref.weights or "")
    if ref.architecture == "classifier":
        return FakeClassifier()
    known = ("zero-shot", "classifier")
    raise ModelError(
        f"no fake {ref.architecture!r}",
        where=ref.text,
        expected=", ".join(known),
        fix=did_you_mean(ref.architecture, known),
    )


@dataclass
class FakeClassifier:
    """Three outputs, blue, green and red as class folders are sorted: the mean of each channel."""

    preprocessing: str = "mean colour"
    class_count: int = 3
    batches: list[int] = field(default_factory=list)

    def preprocess(self, image: Image.Image) -> Any:
        """Return the mean colour in [0, 1]."""
        return np.asarray(image, dtype=np.float32).reshape(-1, 3).mean(axis=0) / 255

    def logits(self, batch: Sequence[Any]) -> Features:
        """Return the mean colours of a batch."""
        self.batches.append(len(batch))
        return np.stack(list(batch)).astype(np.float32)[:, ::-1]


@dataclass
class FakeZeroShot:
    """Mean colours against colour words, with a little noise that the seed decides."""

    seed: str = ""
    preprocessing: str = "mean colour"
    logit_scale: float = 100.0
    logit_bias: float = 0.0
    batches: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def preprocess(self, image: Image.Image) -> Any:
        """Return the mean colour in [0, 1]."""
        return np.asarray(image, dtype=np.float32).reshape(-1, 3).mean(axis=0) / 255

    def encode_images(self, batch: Sequence[Any]) -> Features:
        """Return the directions of the mean colours."""
        self.batches.append(len(batch))
        return _unit(np.stack(list(batch)).astype(np.float32) + np.float32(1e-3))

    def encode_texts(self, texts: list[str]) -> Features:
        """Return the direction of the colour that each text names."""
        self.texts.extend(texts)
        return _unit(np.stack([self._direction(text) for text in texts]))

    def _direction(self, text: str) -> Features:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        noise = np.frombuffer(digest[:3], dtype=np.uint8) / 2550
        return np.asarray(noise + [float(colour in text) for colour in _COLOURS], dtype=np.float32)


def _unit(rows: Features) -> Features:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
