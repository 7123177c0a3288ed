"""Zero-shot and supervised classification as arithmetic on stored outputs (PROTOCOLS section 1).

t_cp = normalise(encode_text(template_p(name_c))); w_c = normalise(mean_p t_cp);
f = normalise(encode_image(x)); z = s f W' + b, with s the model's own logit scale.
The order normalise, mean, normalise matters: the mean of raw embeddings is another classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, ModelError

Floats = npt.NDArray[np.float64]
TextEncoder = Callable[[list[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class TextHead:
    """A zero-shot classifier: weights (C, D) with unit rows, the logit scale s and bias b."""

    weights: Floats
    logit_scale: float
    logit_bias: float


def class_texts(class_names: Sequence[str], templates: Sequence[str]) -> list[list[str]]:
    """Return, for each class, its name put into every template at ``{c}``."""
    return [[template.replace("{c}", name) for template in templates] for name in class_names]


def text_weights(encode: TextEncoder, class_names: Sequence[str], templates: Sequence[str]) -> Floats:
    """Return the (C, D) class embeddings of a template ensemble.

    Every distinct text is encoded once, so that two classes of one name have bitwise equal rows
    (ImageNet has two such pairs) and their tie is a tie, whatever the batches were.
    """
    if not class_names or not templates:
        raise DataError(f"{len(class_names)} class names and {len(templates)} templates", expected="at least one each")
    texts = class_texts(class_names, templates)
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


def zero_shot_logits(features: npt.NDArray[np.float32], head: TextHead) -> Floats:
    """Return s f W' + b as float64 (n, C); equal rows of W give equal columns."""
    # BLAS may sum the last columns of a product in another order: multiply by distinct rows only.
    distinct, inverse = np.unique(head.weights, axis=0, return_inverse=True)
    cosines = features.astype(np.float64) @ distinct.T
    return np.asarray(head.logit_scale * cosines[:, inverse.reshape(-1)] + head.logit_bias)


def supervised_logits(
    outputs: npt.NDArray[np.float32], columns: npt.NDArray[np.int64] | None, class_count: int
) -> Floats:
    """Return the columns of a classifier's outputs that are the data set's classes, as float64 (n, C).

    The columns are taken before argmax and softmax (they are not zeroed): PROTOCOLS section 2.
    """
    require_classes(outputs.shape[1], columns, class_count)
    chosen = np.arange(class_count) if columns is None else columns
    return outputs[:, chosen].astype(np.float64)


def require_classes(outputs: int, columns: npt.NDArray[np.int64] | None, class_count: int) -> None:
    """Raise ModelError unless a classifier with so many outputs has the data set's classes among them."""
    if columns is None and outputs != class_count:
        raise ModelError(
            f"a classifier with {outputs} outputs cannot score {class_count} classes that it was not trained on",
            expected="a data set of ImageNet classes, or a zero-shot model",
        )
    if columns is not None and columns.max() >= outputs:
        raise ModelError(f"a classifier with {outputs} outputs has no output {columns.max()}")


def keep_classes(
    logits: Floats, labels: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return logits of the kept classes only, and the labels counted among them; (n, K) and (n,)."""
    position = np.full(logits.shape[1], -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    return logits[:, kept], position[labels]
