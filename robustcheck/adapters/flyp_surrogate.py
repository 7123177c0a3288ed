"""``+flyp-surrogate``: what FLYP does to a whole CLIP, done to two matrices on stored features.

FLYP (Goyal 2023) fine-tunes both towers with CLIP's own loss on images and the captions of their classes. That cannot
be re-created on stored features. The surrogate trains a matrix A on image embeddings and B on text embeddings, both
from the identity, with the same loss (s f_i' w_j, a row's own caption against those of its batch, both ways), and the
classifier is made of the changed texts. It says what adapting the shared space does, not what FLYP's published
checkpoints do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.adapters import tensors
from robustcheck.adapters.shots import SEED, SHOTS, pick_shots
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState, adapter_named
from robustcheck.outputs.logits import TextHead, cosines, normalise, zero_shot_logits
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DECAY, BATCH = 0.1, 512


def fit_maps(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return A (D, D) with the changed text classifier (C, D) below it."""
    assert basis.labels is not None, "the matrices are learnt from a training set"
    adapter = adapter_named(use.name)
    epochs, seed = (int(adapter.option(use, name)) for name in ("epochs", "seed"))
    images, texts = train_maps(basis, epochs, float(adapter.option(use, "rate")), seed)
    return HeadState(np.concatenate([images, normalise(basis.weights @ texts)]), {"epochs": epochs})


def mapped_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return s norm(f A) norm(w B)' + b."""
    width = features.shape[1]
    changed = normalise(features.astype(np.float64) @ state.array[:width])
    head = TextHead(state.array[width:], basis.logit_scale, basis.logit_bias)
    return zero_shot_logits(cosines(changed, head), head)


def train_maps(basis: HeadBasis, epochs: int, rate: float, seed: int) -> tuple[Floats, Floats]:
    """Return A and B (D, D), both identities before the first step."""
    import torch

    assert basis.features is not None, "the matrices are learnt from a training set"
    features = torch.tensor(basis.features, dtype=torch.float64)
    captions = torch.tensor(basis.weights[basis.labels], dtype=torch.float64)
    # Residuals: decaying them pulls the matrices to the identity and not to zero.
    residuals = [torch.zeros((features.shape[1],) * 2, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    optimizer = torch.optim.AdamW(residuals, lr=rate, weight_decay=DECAY)
    steps = epochs * -(-len(features) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    generator = torch.Generator().manual_seed(seed)
    with torch.enable_grad():
        for _ in range(epochs):
            for rows in torch.split(torch.randperm(len(features), generator=generator), BATCH):
                loss = contrastive_loss(features[rows], captions[rows], residuals, basis.logit_scale)
                residuals[0].grad, residuals[1].grad = torch.autograd.grad(loss, residuals)
                optimizer.step()
                schedule.step()
    maps = [np.eye(features.shape[1]) + residual.detach().numpy() for residual in residuals]
    return maps[0], maps[1]


def contrastive_loss(
    features: torch.Tensor, captions: torch.Tensor, residuals: list[torch.Tensor], scale: float
) -> torch.Tensor:
    """Return CLIP's loss of images and captions in the same order, each pair against the others of the batch."""
    import torch
    from torch.nn import functional

    images, texts = (
        functional.normalize(rows + rows @ residual, dim=1)
        for rows, residual in zip((features, captions), residuals, strict=True)
    )
    logits, own = scale * images @ texts.T, torch.arange(len(features))
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


FLYP_SURROGATE = Adapter(
    name="flyp-surrogate",
    sort="head",
    argument="nothing",
    settings=(
        NumberOption(
            name="epochs",
            description="Passes over the training set; 0 changes nothing.",
            default="10",
            whole=True,
            low=0,
        ),
        NumberOption(name="rate", description="Learning rate.", default="0.001", low=0),
        SHOTS,
        SEED,
    ),
    requires=frozenset({"embeds images", "embeds text"}),
    learns=True,
    libraries=("torch",),
    pick=pick_shots,
    make_head=fit_maps,
    head_logits=mapped_logits,
    tensor_logits=tensors.mapped,
)
