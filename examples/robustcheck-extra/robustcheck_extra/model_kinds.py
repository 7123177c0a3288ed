"""A kind of model: ``centroid:digits`` scores an image by its distance to the mean training image of each digit.

It needs no torch and no file. ``content`` stands for the weights in the keys, and ``libraries`` names the packages
whose versions can change an output: this one among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robustcheck.datasets.digits import CLASS_NAMES, digits_training
from robustcheck.errors import ModelError
from robustcheck.models.encoders import Features, LoadedModel, Precision
from robustcheck.models.geometry import UNCHANGED, WHOLE, Crop, Geometry, Normalisation
from robustcheck.models.kind import KeyFacts, ModelKind, Reference, always
from robustcheck.models.output_names import OutputNames
from robustcheck.values import ModelRef


@dataclass(frozen=True, slots=True, eq=False)
class Centroids:
    """A classifier: the score of a class is minus the squared distance to its mean image; means: (C, H, W, 3)."""

    means: Features
    geometry: Geometry = WHOLE
    normalisation: Normalisation = UNCHANGED

    @property
    def class_count(self) -> int:
        """How many classes there are."""
        return len(self.means)

    def logits(self, crops: Sequence[Crop]) -> Features:
        """Return (n, C) class scores."""
        images = np.stack(crops).astype(np.float32) / 255
        apart = images[:, None] - self.means[None]
        return np.asarray(-(apart**2).mean(axis=(2, 3, 4)), dtype=np.float32)


def parse(reference: Reference) -> ModelRef:
    """Return the model that a reference names; raise ModelError in words."""
    if reference.rest != "digits":
        raise ModelError(f"there are no centroids of {reference.rest!r}", where=reference.text, expected="digits")
    return ModelRef("centroid-digits", reference.text, "centroid", reference.rest, facets=(("family", "supervised"),))


def load(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
    """Average the training images of each digit."""
    images, labels = digits_training()
    pixels = np.stack([np.asarray(image, dtype=np.float32) / 255 for image in images])
    return Centroids(np.stack([pixels[labels == label].mean(axis=0) for label in range(len(CLASS_NAMES))]))


CENTROID = ModelKind(
    name="centroid",
    schemes=("centroid",),
    example="centroid:digits",
    parse=parse,
    files=lambda ref: {},
    content=lambda ref: f"centroids of {ref.architecture}",
    key=lambda ref: KeyFacts("centroid", ref.architecture, "", ("robustcheck", "robustcheck-extra", "scikit-learn")),
    capabilities=always("scores classes"),
    load=load,
    needs_hub=False,
    output_names=lambda ref: OutputNames(CLASS_NAMES, "the digits that the means are of"),
)
