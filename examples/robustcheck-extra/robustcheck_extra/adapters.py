"""An adapter: ``BASE+mirror-mix:share=0.2`` mixes the embedding of an image with that of its mirror image.

It changes the encoder, so a model with it has outputs of its own, and another key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, adapter_named
from robustcheck.models.encoders import Features, LoadedModel, Precision, ZeroShotModel
from robustcheck.models.geometry import Crop, Geometry, Normalisation
from robustcheck.values import AdapterUse


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """A zero-shot model whose image embeddings are (1 - share) of the image and share of its mirror image."""

    base: ZeroShotModel
    share: float

    @property
    def geometry(self) -> Geometry:
        """The base's."""
        return self.base.geometry

    @property
    def normalisation(self) -> Normalisation:
        """The base's."""
        return self.base.normalisation

    @property
    def logit_scale(self) -> float:
        """The base's."""
        return self.base.logit_scale

    @property
    def logit_bias(self) -> float:
        """The base's."""
        return self.base.logit_bias

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) embeddings at unit norm."""
        mirrored = self.base.encode_images([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
        mixed = (1 - self.share) * self.base.encode_images(crops) + self.share * mirrored
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)

    def encode_texts(self, texts: list[str]) -> Features:
        """Return the base's embeddings."""
        return self.base.encode_texts(texts)


def adapt(base: LoadedModel, use: AdapterUse, device: str, precision: Precision) -> LoadedModel:
    """Put the mixture on a loaded model."""
    assert isinstance(base, ZeroShotModel), "the adapter requires a model that embeds text"
    return Mixed(base, float(adapter_named(use.name).option(use, "share")))


MIRROR_MIX = Adapter(
    name="mirror-mix",
    sort="encoder",
    argument="nothing",
    settings=(NumberOption(name="share", description="of the mirror image", default="0.5", low=0, high=1),),
    requires=frozenset({"embeds images", "embeds text"}),
    learns=False,
    libraries=("robustcheck-extra",),
    adapt=adapt,
)
