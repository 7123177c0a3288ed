"""The reading of feature maps: what the last block of an image tower says of each part of a picture.

A map is divided by its largest absolute value and kept in float16: cosines do not see the factor, and a float16 has
11 bits of precision at any size of the values. So a map takes half the room, and large activations cannot overflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from robustcheck.errors import ModelError
from robustcheck.measure.reading import Batch
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.geometry import WHOLE, Geometry, Normalisation
from robustcheck.models.kind import Capability
from robustcheck.models.torch_models import TorchModel
from robustcheck.store import Rows

# Raise when the same picture comes to give another map.
SCHEMA = 1
NORMALISATIONS: Mapping[str, Normalisation | None] = {
    "own": None,
    "half": Normalisation((0.5,) * 3, (0.5,) * 3),
    "imagenet": Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


@dataclass(frozen=True, slots=True)
class FeatureMaps:
    """The feature map of each image, (d, h, w) in float16; a cell for each patch, or for 16 x 16 pixels of a CNN.

    ``normalisation`` names mean and std, ``own`` those of the model. ``pictures`` says how large they are shown:
    ``protocol`` as the data set has them, ``own`` resized to the model's own input.
    """

    normalisation: str = "own"
    pictures: str = "protocol"
    name: str = "feature_map"
    chunk_rows: int = 16
    capability: Capability | None = "gives feature maps"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return its name and settings."""
        return {
            "name": self.name,
            "normalisation": self.normalisation,
            "pictures": self.pictures,
            "schema": SCHEMA,
            "dtype": "float16",
        }

    def geometry(self, model: LoadedModel) -> Geometry:
        """Return pictures as they are, or as a whole at the size of the model's input; nothing is cut off."""
        if self.pictures == "protocol":
            return WHOLE
        own = model.geometry
        return Geometry(f"the whole, {own.key}", own.crop_square, own.side)

    def take(self, model: LoadedModel, batch: Batch) -> Rows:
        """Return the maps of a batch; raise ModelError for a model that torch does not run."""
        if not isinstance(model, TorchModel):
            raise ModelError("this model gives no feature maps", expected="a model that torch runs")
        used = NORMALISATIONS[self.normalisation] or model.normalisation
        with model.running():
            maps = model.dense_map(model.pixels(batch.crops), used)[: len(batch)].cpu().numpy()
        largest = np.abs(maps).max(axis=(1, 2, 3), keepdims=True)
        return np.asarray(maps / np.where(largest > 0, largest, 1.0), dtype=np.float16)


FEATURE_MAPS = FeatureMaps()
