"""A fake encoder at the seam, so that tests of everything around it need no torch.

``zero-shot`` describes an image by its mean colour and reads a colour name out of a text, so on flat
red, green and blue images it is right; ``classifier`` scores the three channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.encoders import Features, LoadedModel, Precision
from robustcheck.models.geometry import UNCHANGED, WHOLE, Crop, Geometry, Normalisation
from robustcheck.models.kind import Capability, KeyFacts, ModelKind, Reference, safe_id
from robustcheck.models.output_names import OutputNames
from robustcheck.values import ModelRef

_COLOURS = ("red", "green", "blue")


def load_fake(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
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

    geometry: Geometry = WHOLE
    normalisation: Normalisation = UNCHANGED
    class_count: int = 3
    batches: list[int] = field(default_factory=list)

    def logits(self, crops: Sequence[Crop]) -> Features:
        """Return the mean colours."""
        self.batches.append(len(crops))
        return _mean_colours(crops)[:, ::-1]


@dataclass
class FakeZeroShot:
    """Mean colours against colour words, with a little noise that the seed decides."""

    seed: str = ""
    geometry: Geometry = WHOLE
    normalisation: Normalisation = UNCHANGED
    logit_scale: float = 100.0
    logit_bias: float = 0.0
    batches: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return the directions of the mean colours."""
        self.batches.append(len(crops))
        return _unit(_mean_colours(crops) + np.float32(1e-3))

    def encode_texts(self, texts: list[str]) -> Features:
        """Return the direction of the colour that each text names."""
        self.texts.extend(texts)
        return _unit(np.stack([self._direction(text) for text in texts]))

    def _direction(self, text: str) -> Features:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        noise = np.frombuffer(digest[:3], dtype=np.uint8) / 2550
        return np.asarray(noise + [float(colour in text) for colour in _COLOURS], dtype=np.float32)


def _mean_colours(crops: Sequence[Crop]) -> Features:
    """Return (n, 3) of the mean colours in [0, 1]."""
    means = [np.asarray(crop, dtype=np.float32).reshape(-1, 3).mean(axis=0) / 255 for crop in crops]
    return np.stack(means).astype(np.float32)


def _unit(rows: Features) -> Features:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _parse(reference: Reference) -> ModelRef:
    architecture, _, seed = reference.rest.partition("@")
    return ModelRef(f"fake-{safe_id(reference.rest)}", reference.text, "fake", architecture, seed or None)


def _capabilities(ref: ModelRef) -> frozenset[Capability]:
    if ref.architecture.startswith("classifier"):
        return frozenset({"scores classes"})
    return frozenset({"embeds images", "embeds text"})


KIND = ModelKind(
    name="fake",
    schemes=("fake",),
    example="",
    parse=_parse,
    files=lambda ref: {},
    content=lambda ref: f"fake {ref.architecture} {ref.weights}",
    key=lambda ref: KeyFacts("fake", ref.architecture, "", ()),
    capabilities=_capabilities,
    load=load_fake,
    needs_hub=False,
    output_names=lambda ref: OutputNames(("blue", "green", "red"), "the fake"),
)
