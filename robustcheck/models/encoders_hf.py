"""Models of transformers: CLIP, SigLIP, SigLIP 2, ALIGN, Chinese-CLIP and their like, and image towers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_settings
from robustcheck.models.encoders import Precision
from robustcheck.models.encoders_hf_towers import HfImageTower
from robustcheck.models.foreign_code import without_foreign_code
from robustcheck.models.geometry import Crop
from robustcheck.models.hf_files import hf_directory, load_part, without_progress_bars
from robustcheck.models.hf_images import split_processor
from robustcheck.models.hf_kind import CONFIGURATION, TEXT_INPUTS, TextInput
from robustcheck.models.hf_stages import as_grid, last_stage
from robustcheck.models.hf_towers import IMAGE_TOWERS
from robustcheck.models.hf_weights import empty_model, load_weights
from robustcheck.models.torch_models import OUTLINED_SCALE, DualEncoder
from robustcheck.models.torch_running import (
    as_pixels,
    fill_rows,
    loaded,
    normalised,
    on_device,
    resolve_device,
    unit_rows,
)
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch

# A tokenizer without its vocabulary has special tokens alone.
_FEWEST_TOKENS = 2


@dataclass(frozen=True, eq=False)
class HfDualEncoder(DualEncoder):
    """A dual encoder of transformers, ready to encode."""

    tokenizer: Any
    text_input: TextInput
    most_tokens: int

    @property
    def image_tower(self) -> Any:
        """The module that images go through."""
        return self.model.vision_model

    def _image_features(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.get_image_features(pixel_values=images).pooler_output
        return features

    def _text_features(self, texts: list[str]) -> torch.Tensor:
        tokens = self._tokens(texts).to(self.device)
        features: torch.Tensor = self.model.get_text_features(**tokens).pooler_output
        return features

    @property
    def patch_side(self) -> int | None:
        """Return the side of the image tower's patches; None for a CNN."""
        side = getattr(self.model.config.vision_config, "patch_size", None)
        return None if side is None else int(side)

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        high, wide = images.shape[2:]
        side, native = self.patch_side, self.model.config.vision_config.image_size
        if side is None:
            return self._last_stage(pixel_values=images)
        # Towers of transformers resize their positions when they are asked to: bicubic, without antialiasing.
        options = {} if (high, wide) == (native, native) else {"interpolate_pos_encoding": True}
        return as_grid(self._last_stage(pixel_values=images, **options), high // side, wide // side)

    def _last_stage(self, **inputs: Any) -> torch.Tensor:
        """Return what the last block of the image tower gives, read off on its way to the embedding."""
        return last_stage(self.model.vision_model.encoder, lambda: self.model.get_image_features(**inputs))

    def _tokens(self, texts: list[str]) -> Any:
        how = self.text_input
        given = [text.lower() for text in texts] if how.lower_case else texts
        padding = "max_length" if how.padded else True
        tokens = self.tokenizer(
            given, padding=padding, truncation=True, max_length=self.most_tokens, return_tensors="pt"
        )
        if how.padded:
            # Trained without a mask: one would hide the padding that its embedding is read from.
            tokens.pop("attention_mask", None)
        return tokens


@dataclass(frozen=True, eq=False)
class NaflexEncoder(HfDualEncoder):
    """SigLIP 2 at native aspect ratios: crops differ in shape, and a batch is of patches."""

    most_patches: int

    def outputs(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return (n, d) image embeddings at unit norm, on the device, of crops of any shapes."""
        images = [normalised(as_pixels(self.lane.bring([crop]))[:1], self.normalisation) for crop in crops]
        return unit_rows(self._patch_features(fill_rows(images, self.device)))

    def _image_features(self, images: torch.Tensor) -> torch.Tensor:
        return self._patch_features(one_by_one(images))

    def _patch_features(self, images: Sequence[torch.Tensor]) -> torch.Tensor:
        features: torch.Tensor = self.model.get_image_features(**self._patches(images)).pooler_output
        return features

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        patches = self._patches(one_by_one(images))
        found = self._last_stage(**patches)
        high, wide = (int(count) for count in patches["spatial_shapes"][0])
        return as_grid(found[:, : high * wide], high, wide)

    def _patches(self, images: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return images (1, 3, h, w) as rows of patches, filled up with zeros that a mask hides."""
        import torch
        from torch.nn import functional

        side = self.model.config.vision_config.patch_size
        cut = [as_patches(image, side) for image in images]
        shapes = [(image.shape[2] // side, image.shape[3] // side) for image in images]
        # The processor makes no more than ``most_patches``; a feature map is asked for at the size of its picture.
        room = max(self.most_patches, *map(len, cut))
        rows = [functional.pad(patches, (0, 0, 0, room - len(patches))) for patches in cut]
        masks = [torch.arange(room) < len(patches) for patches in cut]
        return {
            "pixel_values": torch.stack(rows),
            "pixel_attention_mask": torch.stack(masks).int().to(self.device),
            "spatial_shapes": torch.tensor(shapes, device=self.device),
        }


def load_hf(ref: ModelRef, device: str, precision: Precision) -> HfDualEncoder | HfImageTower:
    """Load a directory or a repository of the hub, with its own preprocessing and, where it has one, tokenizer."""
    target = resolve_device(device)
    directory = hf_directory(ref)
    with without_progress_bars(), without_foreign_code():
        model = loaded(ref, lambda: load_weights(directory, "AutoModel", unread=_unread(directory)))
        return _assembled(ref, directory, model, target, precision)


def outline_hf(ref: ModelRef, precision: Precision) -> HfDualEncoder | HfImageTower:
    """Build one on the meta device: its weights have shapes and no numbers, and are not read."""
    import torch

    directory, meta = hf_directory(ref), torch.device("meta")
    with without_progress_bars(), without_foreign_code():
        with meta:
            model = loaded(ref, lambda: empty_model(directory, "AutoModel"))
        return _assembled(ref, directory, model, meta, precision)


def _assembled(
    ref: ModelRef, directory: Path, model: Any, target: torch.device, precision: Precision
) -> HfDualEncoder | HfImageTower:
    processor = load_part(ref, directory, "AutoImageProcessor")
    geometry, normalisation = split_processor(processor, ref.text)
    if model.config.model_type in IMAGE_TOWERS:
        return HfImageTower(on_device(model, target, precision), geometry, normalisation, target, precision)
    tokenizer = _require_words(load_part(ref, directory, "AutoTokenizer"), ref)
    text_input = TEXT_INPUTS[model.config.model_type]
    facts = {
        "model": on_device(model, target, precision),
        "geometry": geometry,
        "normalisation": normalisation,
        "device": target,
        "precision": precision,
        "logit_scale": _scale(model),
        "logit_bias": _scalar(getattr(model, "logit_bias", None)),
        "tokenizer": tokenizer,
        "text_input": text_input,
        "most_tokens": min(count_places(model), text_input.limit or tokenizer.model_max_length),
    }
    if model.config.model_type == "siglip2":
        return NaflexEncoder(**facts, most_patches=processor.max_num_patches)
    return HfDualEncoder(**facts)


def count_places(model: Any) -> int:
    """Return how many tokens the text tower has places for; RoBERTa's begin after the one of the padding."""
    places = int(model.config.text_config.max_position_embeddings)
    tables = [module for name, module in model.text_model.named_modules() if name.endswith("position_embeddings")]
    padding = tables[0].padding_idx if tables else None
    return places if padding is None else places - padding - 1


def one_by_one(images: torch.Tensor) -> list[torch.Tensor]:
    """Return images (n, 3, h, w) as n of (1, 3, h, w)."""
    return [images[place : place + 1] for place in range(len(images))]


def as_patches(image: torch.Tensor, side: int) -> torch.Tensor:
    """Return an image (1, 3, h, w) as rows of patches (h w / side^2, side * side * 3), as SigLIP 2 reads them."""
    _, channels, high, wide = image.shape
    cut = image.reshape(channels, high // side, side, wide // side, side)
    return cut.permute(1, 3, 2, 4, 0).reshape(-1, side * side * channels)


def _unread(directory: Path) -> tuple[str, ...]:
    """Return the beginnings of weights that may be missing: of a pooling layer that is not read."""
    tower = IMAGE_TOWERS.get(str(read_settings(directory / CONFIGURATION).get("model_type")))
    return ("pooler.",) if tower is not None and tower.reads_first else ()


def _require_words(tokenizer: Any, ref: ModelRef) -> Any:
    """Return a tokenizer that knows words: without its vocabulary transformers makes one that knows none."""
    if len(tokenizer) - len(set(tokenizer.all_special_ids)) < _FEWEST_TOKENS:
        raise ModelError(
            f"its tokenizer has {len(tokenizer)} tokens: the file of its vocabulary is not there",
            where=ref.text,
            expected="the files that save_pretrained writes: tokenizer.json, or vocab.json and merges.txt, ...",
        )
    return tokenizer


def _scale(model: Any) -> float:
    """Return the factor of the cosines; ALIGN keeps its inverse, the others its logarithm."""
    if next(model.parameters()).is_meta:
        return OUTLINED_SCALE
    if hasattr(model, "temperature"):
        return 1 / _scalar(model.temperature)
    return float(model.logit_scale.detach().float().exp().mean())


def _scalar(value: Any) -> float:
    return 0.0 if value is None or value.is_meta else float(value.detach().float().mean())
