"""``+coop-train``: context vectors learnt on stored features, and the classifier that they make (Zhou 2022).

The image tower is left as it is, so its stored features do; the text tower is run with gradients for all classes in
each step. SGD at a learning rate of 0.002 with momentum 0.9 and a weight decay of 5e-4, one epoch of warm-up at 1e-5,
then a cosine; batches of 32; vectors drawn from N(0, 0.02). The reference augments its images, which stored features
cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from robustcheck.adapters.coop import (
    CONTEXT,
    START,
    prompt_features,
    prompts_from_shots,
    require_text_tower,
    start_embedding,
    word_embedding,
)
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import HeadBasis, HeadState, adapter_named
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.outputs.logits import normalise
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]

RATE, WARM_UP, BATCH, SPREAD = 0.002, 1e-5, 32, 0.02


@dataclass(frozen=True, slots=True)
class ContextTraining:
    """How context vectors are learnt: how many of them, for how many epochs, from which seed."""

    context: int
    epochs: int
    seed: int

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch.

        >>> how = ContextTraining(16, 50, 1)
        >>> how.rate(0), how.rate(25), round(how.rate(49), 7)
        (1e-05, 0.001, 2e-06)
        """
        return WARM_UP if epoch == 0 else RATE * (1 + cos(pi * epoch / self.epochs)) / 2


def export_context(basis: HeadBasis, use: AdapterUse) -> bytes:
    """Return the context vectors as the content of a file that ``+coop@FILE`` reads: safetensors."""
    from safetensors.torch import save

    context, _ = _train(basis, use)
    # As CoOp's own files have it: whoever reads the file tells another text tower of the same width by it.
    start = start_embedding(require_text_tower(basis.model)).float().cpu().reshape(1, 1, -1)
    return save({CONTEXT: context.cpu().contiguous(), START: start.contiguous()})


def fit_prompts(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return the text classifier (C, D) of the context that was learnt, with the loss on the shots at its end."""
    model = require_text_tower(basis.model)
    context, loss = _train(basis, use)
    with model.running():
        weights = prompt_features(model, basis.names, context)
    return HeadState(normalise(weights.float().cpu().numpy()), {"context": len(context), "loss": loss})


def _train(basis: HeadBasis, use: AdapterUse) -> tuple[torch.Tensor, float]:
    adapter = adapter_named(use.name)
    assert basis.labels is not None, "the context is learnt from a training set"
    how = ContextTraining(*(int(adapter.option(use, name)) for name in ("context", "epochs", "seed")))
    return train_context(require_text_tower(basis.model), basis, how)


def train_context(model: OpenClipModel, basis: HeadBasis, how: ContextTraining) -> tuple[torch.Tensor, float]:
    """Return context vectors (M, width) and the mean loss of the last epoch."""
    import torch
    from torch.nn import functional

    assert basis.features is not None, "the context is learnt from a training set"
    features, labels = (torch.tensor(each, device=model.device) for each in (basis.features, basis.labels))
    generator = torch.Generator().manual_seed(how.seed)
    drawn = torch.randn(how.context, word_embedding(model).embedding_dim, generator=generator) * SPREAD
    context = drawn.to(model.device).requires_grad_()
    optimizer = torch.optim.SGD([context], lr=WARM_UP, momentum=0.9, weight_decay=5e-4)
    losses: list[float] = []
    with model.running(gradients=True):
        for epoch in range(how.epochs):
            optimizer.param_groups[0]["lr"], losses = how.rate(epoch), []
            for rows in torch.split(torch.randperm(len(labels), generator=generator), BATCH):
                weights = functional.normalize(prompt_features(model, basis.names, context).float(), dim=-1)
                loss = functional.cross_entropy(basis.logit_scale * features[rows] @ weights.T, labels[rows])
                (context.grad,) = torch.autograd.grad(loss, context)
                optimizer.step()
                losses.append(float(loss.detach()))
    return context.detach(), float(np.mean(losses))


COOP_TRAIN = prompts_from_shots(
    name="coop-train",
    settings=(
        NumberOption(name="context", description="Learnt vectors.", default="16", whole=True, low=1),
        NumberOption(name="epochs", description="Passes over the shots.", default="50", whole=True, low=1),
    ),
    make_head=fit_prompts,
    export=export_context,
)
