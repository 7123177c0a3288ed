"""``+knn``: the labels of the nearest training images vote, weighted by exp(cos / 0.07) (Wu 2018, Caron 2021).

The logit of a class is the logarithm of its votes, so a softmax of the logits gives its share of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.adapters import tensors
from robustcheck.adapters.shots import SEED, SHOTS, pick_shots
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState, adapter_named
from robustcheck.values import AdapterUse

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BLOCK = 512


def remember(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return how many images of each class there are, and how many vote where k is more than all of them."""
    assert basis.labels is not None, "the neighbours are of a training set"
    known, k = len(basis.labels), int(adapter_named(use.name).option(use, "k"))
    facts = {"k": f"{known:,}, all that there are"} if known < k else {}
    return HeadState(np.bincount(basis.labels, minlength=len(basis.names)), facts)


def vote_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return the logarithm of the votes (n, C)."""
    adapter = adapter_named(use.name)
    k, temperature = int(adapter.option(use, "k")), float(adapter.option(use, "temperature"))
    assert basis.features is not None, "the neighbours are read again"
    assert basis.labels is not None, "the neighbours are read again"
    starts = range(0, len(features), _BLOCK)
    blocks = [
        votes(features[at : at + _BLOCK], basis.features, basis.labels, len(basis.names), k, temperature)
        for at in starts
    ]
    return np.log(np.maximum(np.concatenate(blocks), np.finfo(np.float64).tiny))


def votes(features: Features, known: Features, labels: Ints, classes: int, k: int, temperature: float) -> Floats:
    """Return the sum over the k nearest of exp((cos - 1) / temperature), by class (n, C); rows are at unit norm.

    >>> near = np.eye(2, dtype=np.float32)
    >>> votes(near[:1], near, np.array([0, 1]), 2, 1, 0.07).tolist()
    [[1.0, 0.0]]
    """
    cosines = features.astype(np.float64) @ known.astype(np.float64).T
    k = min(k, cosines.shape[1])
    nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    # The factor exp(-1 / temperature) is common to all classes, and keeps the sum from growing large.
    weights = np.exp((np.take_along_axis(cosines, nearest, axis=1) - 1) / temperature)
    found = np.zeros((len(features), classes))
    np.add.at(found, (np.arange(len(features))[:, None], labels[nearest]), weights)
    return found


KNN = Adapter(
    name="knn",
    sort="head",
    argument="nothing",
    settings=(
        NumberOption(name="k", description="How many vote.", default="20", whole=True, low=1),
        NumberOption(name="temperature", description="Of their weights.", default="0.07", low=1e-3),
        SHOTS,
        SEED,
    ),
    requires=frozenset({"embeds images"}),
    learns=True,
    rereads=True,
    libraries=(),
    pick=pick_shots,
    make_head=remember,
    head_logits=vote_logits,
    tensor_logits=tensors.voted,
)
