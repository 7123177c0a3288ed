"""The logits of adapters once more, on tensors: what an attack differentiates. Tests hold them to those on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from robustcheck.models.adapter import HeadBasis, HeadState, adapter_named
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch


def linear(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return W f + b of a linear probe."""
    weights = _tensor(state.array, features)
    return features @ weights[:, :-1].T + weights[:, -1]


def text(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return s f W' + b of a text classifier that was learnt."""
    return basis.logit_scale * features @ _tensor(state.array, features).T + basis.logit_bias


def mapped(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return s norm(f A) norm(w B)' + b of the surrogate of FLYP."""
    from torch.nn import functional

    width = features.shape[1]
    changed = functional.normalize(features @ _tensor(state.array[:width], features), dim=1)
    return basis.logit_scale * changed @ _tensor(state.array[width:], features).T + basis.logit_bias


def cached(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return the logits of text classifier and cache of Tip-Adapter."""
    from torch.nn import functional

    assert basis.labels is not None, "the cache is read again"
    assert basis.held_out is not None, "the cache is read again"
    labels = _tensor(basis.labels[~basis.held_out], features).long()
    affinity = features @ _tensor(state.array, features).T
    votes = (-float(state.facts["beta"]) * (1 - affinity)).exp() @ functional.one_hot(labels, len(basis.names)).to(
        features
    )
    own = basis.logit_scale * features @ _tensor(basis.weights, features).T + basis.logit_bias
    return own + float(state.facts["alpha"]) * votes


def voted(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return the logarithm of the neighbours' votes; a class without any has the least."""
    import torch

    assert basis.features is not None, "the neighbours are read again"
    assert basis.labels is not None, "the neighbours are read again"
    adapter = adapter_named(use.name)
    k, temperature = int(adapter.option(use, "k")), float(adapter.option(use, "temperature"))
    cosines = features @ _tensor(basis.features, features).T
    nearest = cosines.topk(min(k, cosines.shape[1]), dim=1)
    places = _tensor(basis.labels, features).long()[nearest.indices]
    found = torch.zeros(len(features), len(basis.names), dtype=features.dtype, device=features.device)
    votes = found.scatter_add(1, places, ((nearest.values - 1) / temperature).exp())
    return votes.clamp_min(torch.finfo(features.dtype).tiny).log()


def _tensor(array: npt.NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.as_tensor(array).to(like)
