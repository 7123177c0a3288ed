"""Two readings of other things than a model's pooled output, with a metric each: what it takes to add one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Metric, Sampled
from robustcheck.measure.reading import Batch, Reading
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.models.kind import Capability
from robustcheck.stats.means import MEAN
from robustcheck.values import Cell, Samples


@dataclass(frozen=True)
class PatchTokens:
    """The patch tokens of each image, (d, h, w)."""

    name: str = "patch-tokens"
    chunk_rows: int = 8
    capability: Capability = "gives feature maps"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"name": self.name}

    def take(self, model: Any, batch: Batch) -> np.ndarray:
        with model.running():
            return np.asarray(model.feature_map(model.pixels(batch.crops))[: len(batch)].cpu().numpy())


@dataclass(frozen=True)
class Moved:
    """The embedding of each image after one signed step up the gradient of its loss against the head."""

    eps: float
    name: str = "moved"
    chunk_rows: int = 4
    capability: Capability = "has gradients"
    needs_head: bool = True

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"name": self.name, "eps": self.eps}

    def take(self, model: Any, batch: Batch) -> np.ndarray:
        import torch

        (head,) = batch.heads
        with model.running(gradients=True):
            pixels = model.pixels(batch.crops).requires_grad_()
            weights = torch.tensor(head.weights, dtype=torch.float32)
            logits = head.logit_scale * model.embed(pixels)[: len(batch)] @ weights.T
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.labels), reduction="sum")
            (slope,) = torch.autograd.grad(loss, pixels)
            moved = (pixels + self.eps * slope.sign()).clamp(0, 1).detach()
            return np.asarray(model.embed(moved)[: len(batch)].detach().cpu().numpy())


def _recipe(cell: Cell, shelf: Shelf, reading: Reading) -> tuple[Recipe, ...]:
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    return (replace(found, reading=reading, classes=found.classes if reading.needs_head else None),)


def _patch_norms(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    (recipe,) = recipes
    tokens = memo.rows(recipe.outputs).take(recipe.rows)
    norms = np.linalg.norm(tokens.astype(np.float64), axis=1).mean(axis=(1, 2))
    return Sampled(Samples(recipe.dataset.ids, norms, recipe.dataset.labels))


def _hits_after(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    (recipe,) = recipes
    assert recipe.head is not None
    logits = memo.rows(recipe.outputs).take(recipe.rows) @ memo.head(recipe.head).weights.T
    hits = (logits.argmax(axis=1) == recipe.dataset.labels).astype(np.float64)
    return Sampled(Samples(recipe.dataset.ids, hits, recipe.dataset.labels))


PATCH_NORM = Metric(
    name="patch_norm",
    description="Mean length of an image's patch tokens.",
    unit="",
    higher_is_better=True,
    value_range=(0, inf),
    statistic=MEAN,
    tasks=("classification",),
    find_recipes=lambda cell, shelf: _recipe(cell, shelf, PatchTokens()),
    samples=_patch_norms,
)
MOVED = tuple(
    Metric(
        name=f"top1_moved_{step}",
        description="Top-1 after one step against the head.",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=lambda cell, shelf, eps=eps: _recipe(cell, shelf, Moved(eps)),  # type: ignore[misc]
        samples=_hits_after,
    )
    for step, eps in (("not", 0.0), ("far", 16 / 255))
)
METRICS = (PATCH_NORM, *MOVED)
