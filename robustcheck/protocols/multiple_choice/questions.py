"""The question that a model is asked about an image: four names to choose from, in the paper's words.

Tu, Deng and Gedeon (arXiv 2410.01534), section IX. The template there has the right class as A; the order of the names
is ours to choose (``order``), since models prefer some letters to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.transforms import image_rng

Ints = npt.NDArray[np.int64]
Order = Literal["seeded", "paper", "circular"]

ORDERS: tuple[Order, ...] = ("seeded", "paper", "circular")
LETTERS = "ABCD"
PROMPT = (
    "What is the main object in this image? Choose from the following list:\n"
    "{options}\n"
    "Please answer the question using the choice from the list."
)


def question_text(names: Sequence[str]) -> str:
    """Return the question with its names.

    >>> print(question_text(("cat", "dog", "hot dog", "bun")))
    What is the main object in this image? Choose from the following list:
    A.cat
    B.dog
    C.hot dog
    D.bun
    Please answer the question using the choice from the list.
    """
    listed = "\n".join(f"{letter}.{name}" for letter, name in zip(LETTERS, names, strict=True))
    return PROMPT.format(options=listed)


def order_options(options: Ints, image_id: str, seed: int, order: Order) -> Ints:
    """Return the classes (4,) of a question in the order in which they stand: as they came in the paper's.

    Else they are shuffled, by the seed and the image's own id.
    """
    return options if order == "paper" else options[image_rng(seed, image_id).permutation(len(options))]


def count_rotations(order: Order) -> int:
    """Return how often an image is asked about: in a circle, with each name at each letter once."""
    return len(LETTERS) if order == "circular" else 1


def rotated(options: Ints, rotation: int) -> Ints:
    """Return the classes as they stand in one rotation: each moves up by so many places.

    >>> rotated(np.array([7, 3, 9, 5]), 1).tolist()
    [3, 9, 5, 7]
    """
    return np.asarray(np.roll(options, -rotation, axis=-1))
