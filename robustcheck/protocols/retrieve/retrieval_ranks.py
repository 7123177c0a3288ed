"""Image and text retrieval on embeddings, in blocks, and the samples of its metrics (PROTOCOLS section 7).

Image retrieval asks for each caption whether its image is among the K most similar; text retrieval asks for
each image whether any of its captions is. 25,010 captions x 5,000 images are never held at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.outputs.ranks import top_k_hits
from robustcheck.protocols.retrieve.recall import best_ranks, image_ranks
from robustcheck.stats.means import GROUP_MEAN, MEAN
from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strs = npt.NDArray[np.str_]
Direction = Literal["image", "text", "both"]

BLOCK_CELLS = 4_000_000  # similarities held at once: 32 MB, and a few masks of them


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalRanks:
    """Ranks, 0 for the best: image (m,) of each caption's image, text (n,) of each image's best caption."""

    image: Ints
    text: Ints
    owners: Ints


def retrieval_ranks(images: npt.ArrayLike, texts: npt.ArrayLike, owners: Ints) -> RetrievalRanks:
    """Return the ranks of both directions; images (n, D) and texts (m, D) have unit rows, owners (m,).

    Equal embeddings have bitwise equal similarities, so their ties go to the lowest index whatever the
    blocks are: products are taken of distinct rows only, because BLAS may sum equal columns differently.
    """
    pictures, picture_of = _distinct(images)
    captions, caption_of = _distinct(texts)
    if pictures.shape[1] != captions.shape[1] or len(owners) != len(caption_of):
        raise DataError(
            f"images of {pictures.shape[1]} and texts of {captions.shape[1]} dimensions, {len(owners)} owners",
            expected=f"one width, and an owner for each of {len(caption_of)} texts",
        )
    return RetrievalRanks(
        _image_ranks(pictures, picture_of, captions, caption_of, owners),
        _text_ranks(pictures, picture_of, captions, caption_of, owners),
        owners,
    )


def recall_samples(ranks: RetrievalRanks, k: int, direction: Direction, image_ids: Strs) -> Samples:
    """Return one hit a query for the direction ``image``, ``text``, or ``both`` (images first).

    Groups are 0 for image and 1 for text retrieval, clusters the images. Of ``both``, the value is the unweighted
    mean of the two directions.
    """
    every = np.arange(len(image_ids), dtype=np.int64)
    queries = {"image": (ranks.image, ranks.owners), "text": (ranks.text, every)}
    chosen = ("image", "text") if direction == "both" else (direction,)
    return Samples(
        ids=np.concatenate([_query_ids(name, queries[name][1], image_ids) for name in chosen]),
        scores=np.concatenate([top_k_hits(queries[name][0], k) for name in chosen]),
        groups=np.concatenate([np.full(len(queries[name][1]), name == "text", dtype=np.int64) for name in chosen]),
        statistic=(GROUP_MEAN if direction == "both" else MEAN).name,
        clusters=np.concatenate([queries[name][1] for name in chosen]).astype(np.int64),
    )


def _query_ids(direction: str, owners: Ints, image_ids: Strs) -> Strs:
    """Return ``IMAGE`` for an image, ``IMAGE#NUMBER`` for its captions in their order."""
    if direction == "text":
        return image_ids
    seen: dict[int, int] = {}
    names = []
    for owner in owners.tolist():
        seen[owner] = seen.get(owner, -1) + 1
        names.append(f"{image_ids[owner]}#{seen[owner]}")
    return np.array(names, dtype=np.str_)


def _distinct(rows: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Return the distinct rows, and which of them each row is."""
    values = np.asarray(rows, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise DataError(f"embeddings {values.shape}", expected="a table of finite numbers with at least one row")
    # -0.0 and 0.0 are equal as numbers but not as bytes; adding 0.0 makes them one.
    place: dict[bytes, int] = {}
    inverse = [place.setdefault(row.tobytes(), len(place)) for row in values + 0.0]
    first = np.unique(inverse, return_index=True)[1]
    return values[first], np.array(inverse, dtype=np.int64)


def _image_ranks(pictures: Floats, picture_of: Ints, captions: Floats, caption_of: Ints, owners: Ints) -> Ints:
    step = max(1, BLOCK_CELLS // len(picture_of))
    blocks = []
    for start in range(0, len(caption_of), step):
        rows = slice(start, start + step)
        similarity = (captions[caption_of[rows]] @ pictures.T)[:, picture_of]
        blocks.append(image_ranks(similarity, owners[rows]))
    return np.concatenate(blocks)


def _text_ranks(pictures: Floats, picture_of: Ints, captions: Floats, caption_of: Ints, owners: Ints) -> Ints:
    step = max(1, BLOCK_CELLS // len(caption_of))
    blocks = []
    for start in range(0, len(picture_of), step):
        images = np.arange(start, min(start + step, len(picture_of)))
        similarity = (captions @ pictures[picture_of[images]].T)[caption_of]
        blocks.append(best_ranks(similarity, owners[:, None] == images[None, :]))
    return np.concatenate(blocks)
