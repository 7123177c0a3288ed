"""Zero-shot and supervised classification as arithmetic on stored outputs (PROTOCOLS section 1).

t_cp = normalise(encode_text(template_p(name_c))); w_c = normalise(mean_p t_cp);
f = normalise(encode_image(x)); z = s f W' + b, with s the model's own logit scale.
The order normalise, mean, normalise matters: the mean of raw embeddings is another classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, ModelError

Floats = npt.NDArray[np.float64]
TextEncoder = Callable[[list[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class TextHead:
    """A zero-shot classifier: weights (C, D) with unit rows, the logit scale s and bias b."""

    weights: Floats
    logit_scale: float
    logit_bias: float

    @cached_property
    def distinct(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The distinct rows of the weights, and which of them each row is."""
        rows, inverse = np.unique(self.weights, axis=0, return_inverse=True)
        return rows, inverse.reshape(-1)


def text_weights(encode: TextEncoder, texts: Sequence[Sequence[str]]) -> Floats:
    """Return the (C, D) class embeddings of an ensemble: ``texts[c]`` are the texts of class c.

    Every distinct text is encoded once, so that two classes of one name have bitwise equal rows
    (ImageNet has two such pairs) and their tie is a tie, whatever the batches were.
    """
    if not texts or not all(texts):
        raise DataError(f"{len(texts)} classes, some without a text", expected="at least one text for each class")
    distinct = sorted({text for row in texts for text in row})
    at = {text: index for index, text in enumerate(distinct)}
    embedded = normalise(encode(distinct))
    return normalise(np.stack([embedded[[at[text] for text in row]].mean(axis=0) for row in texts]))


def normalise(vectors: npt.ArrayLike) -> Floats:
    """Return the rows at unit L2 norm, in float64; raise ModelError on a zero or non-finite row."""
    rows = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ModelError("the model returned an embedding that is zero, infinite or NaN", expected="finite embeddings")
    return np.asarray(rows / norms)


def cosines(features: npt.NDArray[Any], head: TextHead) -> Floats:
    """Return the cosines f W' as float64 (n, C); equal rows of W give equal columns."""
    # BLAS may sum the last columns of a product in another order: multiply by distinct rows only.
    rows, inverse = head.distinct
    return np.asarray((features.astype(np.float64) @ rows.T)[:, inverse])


def zero_shot_logits(cosine: Floats, head: TextHead) -> Floats:
    """Return s cos + b."""
    return np.asarray(head.logit_scale * cosine + head.logit_bias)


def supervised_logits(outputs: npt.NDArray[Any], paired: npt.NDArray[np.int64]) -> Floats:
    """Return the outputs (n, K) of a classifier that are the scored names, as float64 (n, C).

    ``paired`` (C,) is the output of each name; one below 0 is of a name without output, whose logit is -inf. The
    columns are taken before argmax and softmax (they are not zeroed): PROTOCOLS section 2.
    """
    logits = outputs[:, paired].astype(np.float64)
    logits[:, paired < 0] = -np.inf
    return logits


def merge_max(logits: Floats, members: Sequence[npt.NDArray[np.int64]]) -> Floats:
    """Return for each class the largest logit of the names that stand for it; (n, C) to (n, K).

    A class that no name stands for is never predicted: its logit is -inf.
    """
    return np.column_stack([logits[:, places].max(axis=1, initial=-np.inf) for places in members])


def merge_mean_probability(logits: Floats, members: Sequence[npt.NDArray[np.int64]]) -> Floats:
    """Return for each class the logarithm of its names' mean softmax probability; (n, C) to (n, K).

    The softmax is over all C names. The mean and not the sum, so that a class of many names has no
    advantage (model-vs-human's decision for cue conflict, PROTOCOLS section 4).
    """
    top = logits.max(axis=1, keepdims=True)
    p = np.exp(logits - top)
    p /= p.sum(axis=1, keepdims=True)
    # A probability that underflows is a tie at the smallest number, not an infinity.
    tiny = np.finfo(np.float64).tiny
    means = [p[:, places].mean(axis=1) if places.size else np.zeros(len(p)) for places in members]
    return np.asarray(np.log(np.maximum(np.column_stack(means), tiny)))


def among_kept(labels: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return the labels counted among the kept of ``count`` classes; -1 for those outside.

    >>> among_kept(np.array([2, 0]), np.array([1, 2]), 3).tolist()
    [1, -1]
    """
    position = np.full(count, -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return position[labels]
