"""Image towers of transformers that have no text tower beside them: DINOv2, DINOv3, ViT, ConvNeXt and their like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustcheck.models.encoders import Features
from robustcheck.models.geometry import Crop
from robustcheck.models.hf_stages import as_grid, last_stage
from robustcheck.models.hf_towers import IMAGE_TOWERS
from robustcheck.models.torch_models import TorchModel
from robustcheck.models.torch_running import unit_rows

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class HfImageTower(TorchModel):
    """An image tower of transformers, ready to encode images."""

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, d) image embeddings at unit norm; differentiable."""
        return unit_rows(self._image_features(self._input(pixels)))

    def encode_images(self, crops: Sequence[Crop]) -> Features:
        """Return (n, d) image embeddings at unit norm."""
        return self.begin_outputs(crops)()

    def outputs(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return (n, d) image embeddings at unit norm, on the device."""
        return self.embed(self.pixels(crops))

    @property
    def patch_side(self) -> int | None:
        """Return the side of the patches; None for a CNN."""
        return None if self._facts.is_cnn else int(self.model.config.patch_size)

    def _image_features(self, images: torch.Tensor) -> torch.Tensor:
        found = self.model(pixel_values=images)
        features: torch.Tensor = found.last_hidden_state[:, 0] if self._facts.reads_first else found.pooler_output
        return features.flatten(1)

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        high, wide = images.shape[2:]
        if self._facts.is_cnn:
            stage: torch.Tensor = self.model(pixel_values=images).last_hidden_state
            return stage
        is_native = (high, wide) == _sides(self.model.config.image_size)
        options = {"interpolate_pos_encoding": True} if self._facts.asks_to_resize and not is_native else {}
        tokens = last_stage(self.model, lambda: self.model(pixel_values=images, **options))
        side = self.model.config.patch_size
        return as_grid(tokens, high // side, wide // side)

    @property
    def _facts(self) -> Any:
        return IMAGE_TOWERS[self.model.config.model_type]


def _sides(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
