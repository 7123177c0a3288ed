"""``+tip-adapter`` and ``+tip-adapter-f``: a cache of few labelled images beside the text classifier (Zhang 2022).

    z = s f W' + b + alpha exp(-beta (1 - f K')) V

K are the features of the shots at unit norm, V their labels as one-hot rows. Tip-Adapter-F trains K (AdamW, learning
rate 1e-3 and eps 1e-4, 20 epochs with a cosine schedule, batches of 256, cross-entropy). With alpha 0 it is zero-shot
exactly. The reference picks alpha, beta and the best epoch on the test set; here they are as given, or with
``search=true`` the best on other images of the training set, and the last epoch counts. K is of one view of each
image, or with ``views=10`` of as many augmented ones as in the reference; s is the model's own scale, which is 100 for
CLIP's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.adapters import tensors
from robustcheck.adapters.augmented_views import AugmentedViews
from robustcheck.adapters.shots import SEED, pick_shots
from robustcheck.errors import DataError
from robustcheck.measure.option import NumberOption, SwitchOption
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState, adapter_named
from robustcheck.outputs.logits import TextHead, cosines, zero_shot_logits
from robustcheck.values import AdapterUse

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EPOCHS, BATCH, RATE, ADAM_EPS = 20, 256, 1e-3, 1e-4
# The reference's grids: alpha up to 3 in 20 steps, beta up to 7 in 200.
_ALPHAS, _BETAS = np.linspace(0.1, 3, 20), np.linspace(0.1, 7, 200)
_HELD_OUT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Cache:
    """The images to learn from: keys (N, D), labels (N,); and those to choose settings on."""

    keys: Features
    labels: Ints
    held_keys: Features
    held_labels: Ints


def make_cache(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return the keys as they are, with the chosen alpha and beta."""
    cache = split_basis(basis, use)
    return HeadState(cache.keys, _settled(basis, use, cache, cache.keys))


def train_cache(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return trained keys, with the chosen alpha and beta."""
    cache = split_basis(basis, use)
    keys = trained_keys(basis, cache, *_given(use), seed=int(adapter_named(use.name).option(use, "seed")))
    return HeadState(keys, _settled(basis, use, cache, keys))


def tip_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return the logits (n, C) of text classifier and cache."""
    labels = split_basis(basis, use).labels
    alpha, beta = float(state.facts["alpha"]), float(state.facts["beta"])
    return text_logits(features, basis) + alpha * cache_logits(features, state.array, labels, len(basis.names), beta)


def text_logits(features: Features, basis: HeadBasis) -> Floats:
    """Return s f W' + b, as the zero-shot model gives it."""
    head = TextHead(basis.weights, basis.logit_scale, basis.logit_bias)
    return zero_shot_logits(cosines(features, head), head)


def cache_logits(features: Features, keys: Features, labels: Ints, classes: int, beta: float) -> Floats:
    """Return exp(-beta (1 - f K')) V.

    >>> key = np.array([[1.0, 0.0]], dtype=np.float32)
    >>> cache_logits(key, key, np.array([1]), 3, 5.5).tolist()
    [[0.0, 1.0, 0.0]]
    """
    affinity = features.astype(np.float64) @ keys.astype(np.float64).T
    return np.asarray(np.exp(-beta * (1 - affinity)) @ np.eye(classes)[labels])


def split_basis(basis: HeadBasis, use: AdapterUse) -> Cache:
    """Return the samples to learn from and those to choose on, apart."""
    assert basis.features is not None, "the cache is of training images"
    assert basis.labels is not None, "the cache is of training images"
    assert basis.held_out is not None, "samples come with what they are for"
    held, features = basis.held_out, basis.features
    # With augmented views: their mean to learn from, and the image itself to choose settings on.
    learn, choose = (features, features) if features.ndim == 2 else (features[:, 0], features[:, 1])
    return Cache(learn[~held], basis.labels[~held], choose[held], basis.labels[held])


def trained_keys(basis: HeadBasis, cache: Cache, alpha: float, beta: float, *, seed: int) -> Features:
    """Return the keys after training them on the shots themselves."""
    import torch
    from torch.nn import functional

    features, labels = torch.tensor(cache.keys), torch.tensor(cache.labels)
    text = torch.tensor(text_logits(cache.keys, basis), dtype=torch.float32)
    one_hot = functional.one_hot(labels, len(basis.names)).float()
    keys = torch.tensor(cache.keys, requires_grad=True)
    optimizer = torch.optim.AdamW([keys], lr=RATE, eps=ADAM_EPS)
    batches = -(-len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * batches)
    generator = torch.Generator().manual_seed(seed)
    with torch.enable_grad():
        for _ in range(EPOCHS):
            order = torch.randperm(len(labels), generator=generator)
            for rows in torch.split(order, BATCH):
                cached = torch.exp(-beta * (1 - features[rows] @ keys.T)) @ one_hot
                loss = functional.cross_entropy(text[rows] + alpha * cached, labels[rows])
                (keys.grad,) = torch.autograd.grad(loss, keys)
                optimizer.step()
                schedule.step()
    return np.asarray(keys.detach().numpy(), dtype=np.float32)


def _settled(basis: HeadBasis, use: AdapterUse, cache: Cache, keys: Features) -> dict[str, float]:
    alpha, beta = _given(use)
    if adapter_named(use.name).option(use, "search") == "true":
        alpha, beta = _searched(basis, cache, keys)
    return {"alpha": alpha, "beta": beta}


def _searched(basis: HeadBasis, cache: Cache, keys: Features) -> tuple[float, float]:
    """Return the most accurate alpha and beta on the held-out images, the first of equals in the grid's order."""
    if not len(cache.held_labels):
        raise DataError(
            "alpha and beta cannot be searched: no class has an image beside its shots",
            expected="more images of a class than shots in the set to learn from",
            fix="fewer shots, or without search=true",
        )
    text, best = text_logits(cache.held_keys, basis), (-1.0, 0.0, 0.0)
    for beta in _BETAS:
        cached = cache_logits(cache.held_keys, keys, cache.labels, len(basis.names), beta)
        for alpha in _ALPHAS:
            share = float(((text + alpha * cached).argmax(axis=1) == cache.held_labels).mean())
            best = max(best, (share, -float(alpha), -float(beta)))
    return -best[1], -best[2]


def _given(use: AdapterUse) -> tuple[float, float]:
    adapter = adapter_named(use.name)
    return float(adapter.option(use, "alpha")), float(adapter.option(use, "beta"))


def _pick(labels: Ints, use: AdapterUse) -> tuple[Ints, Ints]:
    """Return the shots, and with a search up to four further images of each class."""
    further = _HELD_OUT if adapter_named(use.name).option(use, "search") == "true" else 0
    return pick_shots(labels, use, further)


def _reading(use: AdapterUse) -> AugmentedViews | None:
    adapter = adapter_named(use.name)
    views = int(adapter.option(use, "views"))
    return AugmentedViews(views, int(adapter.option(use, "seed"))) if views else None


def _adapter(name: str, make: Callable[[HeadBasis, AdapterUse], HeadState], libraries: tuple[str, ...]) -> Adapter:
    return Adapter(
        name=name,
        sort="head",
        argument="nothing",
        settings=(
            NumberOption(name="shots", description="Images of each class.", default="16", whole=True, low=1),
            NumberOption(name="alpha", description="Weight of the cache.", default="1.17", low=0),
            NumberOption(name="beta", description="How fast a key's weight falls.", default="1", low=0),
            SwitchOption(name="search", description="Choose alpha and beta on further training images."),
            NumberOption(
                name="views",
                description="Augmented views to a key; 0 for the image itself.",
                default="0",
                whole=True,
                low=0,
            ),
            SEED,
        ),
        requires=frozenset({"embeds images", "embeds text"}),
        learns=True,
        rereads=True,
        libraries=libraries,
        pick=_pick,
        reading=_reading,
        make_head=make,
        head_logits=tip_logits,
        tensor_logits=tensors.cached,
    )


TIP_ADAPTER = _adapter("tip-adapter", make_cache, ())
TIP_ADAPTER_F = _adapter("tip-adapter-f", train_cache, ("torch",))
