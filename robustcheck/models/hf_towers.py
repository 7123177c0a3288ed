"""The image towers of transformers that are read without a text tower, by what ``model_type`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageTower:
    """What is known of a sort of tower.

    ``reads_first`` takes the first token after the last norm for the embedding, where the pooling of transformers is
    a layer that such checkpoints do not hold. ``asks_to_resize`` says that positions are resized for pictures of
    another size only when asked for; the others do so by themselves. ``family`` is the facet, where it is known.
    """

    is_cnn: bool = False
    reads_first: bool = False
    asks_to_resize: bool = False
    family: str = ""


_SELF_TAUGHT = ImageTower(family="contrastive")
_CNN = ImageTower(is_cnn=True)
IMAGE_TOWERS: Mapping[str, ImageTower] = {
    "dinov2": _SELF_TAUGHT,
    "dinov2_with_registers": _SELF_TAUGHT,
    "dinov3_vit": _SELF_TAUGHT,
    "vit": ImageTower(reads_first=True, asks_to_resize=True),
    "vit_msn": ImageTower(reads_first=True, asks_to_resize=True, family="contrastive"),
    "clip_vision_model": ImageTower(asks_to_resize=True, family="clip"),
    "siglip_vision_model": ImageTower(asks_to_resize=True, family="clip"),
    "convnext": _CNN,
    "convnextv2": _CNN,
    "resnet": _CNN,
}
