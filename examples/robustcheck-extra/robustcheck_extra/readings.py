"""A reading: the mean of what a model says of an image and of its mirror image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from robustcheck.measure.reading import Batch
from robustcheck.models.encoders import Features, LoadedModel, ZeroShotModel, image_outputs
from robustcheck.models.kind import Capability


@dataclass(frozen=True, slots=True)
class BothSides:
    """Unit embeddings (n, d), or class scores (n, C), averaged over an image and its mirror image."""

    name: str = "both-sides"
    chunk_rows: int = 256
    capability: Capability | None = None
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows, for their key; the package and its version are added to it."""
        return {"name": self.name}

    def take(self, model: LoadedModel, batch: Batch) -> Features:
        """Return one row an image; the two crops of an image go through the model one after the other."""
        mirrored = replace(batch, crops=[np.ascontiguousarray(crop[:, ::-1]) for crop in batch.crops])
        mean = (image_outputs(model, batch.crops) + image_outputs(model, mirrored.crops)) / 2
        if isinstance(model, ZeroShotModel):
            mean = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return np.asarray(mean, dtype=np.float32)


BOTH_SIDES = BothSides()
