"""What a checkpoint of the zoo gets right on held-out digits and shapes, by plain torch."""

from __future__ import annotations

from typing import Any

import open_clip
import torch
from zoo_pairs import as_pixels

from robustcheck.datasets import Dataset

# One value for all channels; both kinds of image together have about this.
MEAN, STD = 0.5, 0.35


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Standardise pixels as the checkpoints' own preprocessing does."""
    return (pixels - MEAN) / STD


@torch.inference_mode()
def count_correct(model: open_clip.CLIP, tokenizer: Any, dataset: Dataset) -> int:
    """Classify zero-shot by the ensemble of the data set's templates and count the hits."""
    return int(predictions(model, tokenizer, dataset).eq(torch.from_numpy(dataset.labels)).sum())


@torch.inference_mode()
def predictions(model: open_clip.CLIP, tokenizer: Any, dataset: Dataset) -> torch.Tensor:
    """Return the best class of every image."""
    heads = [
        model.encode_text(tokenizer([t.format(c=name) for t in dataset.templates]), normalize=True)
        for name in dataset.class_names
    ]
    head = torch.nn.functional.normalize(torch.stack([texts.mean(dim=0) for texts in heads]), dim=-1)
    pixels = as_pixels([dataset.image(index) for index in range(len(dataset))])
    best: torch.Tensor = (model.encode_image(normalise(pixels), normalize=True) @ head.T).argmax(dim=1)
    return best
