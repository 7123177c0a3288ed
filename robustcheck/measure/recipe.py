"""A recipe: the stored parts that a score is made from, for one model on one data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset, Vocabulary
from robustcheck.measure.keys import EncoderFacts, head_facts, outputs_facts
from robustcheck.predictions import Predictions
from robustcheck.store import Chunks, Store, content_key
from robustcheck.transforms import Transform
from robustcheck.values import ModelRef

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassList:
    """What a model is asked to tell apart: names, the texts of each, and how they become classes.

    ``texts`` is empty for a classifier with classes of its own; ``columns`` are the places of the names
    among its logits. ``vocabulary`` is set where several names stand for one class.
    """

    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    columns: Ints | None
    vocabulary: Vocabulary | None = None

    @cached_property
    def digest(self) -> str:
        """The sha256 of all of it."""
        merge = self.vocabulary
        return content_key(
            {
                "names": list(self.names),
                "texts": self.text_digest,
                "columns": None if self.columns is None else self.columns.tolist(),
                "merge": None if merge is None else [merge.merge, [places.tolist() for places in merge.members]],
            }
        )

    @cached_property
    def text_digest(self) -> str:
        """The sha256 of the texts alone, which decide a text head."""
        return content_key({"texts": [list(row) for row in self.texts]})


@dataclass(frozen=True, eq=False)
class Recipe:
    """The stored parts of a score: image outputs and, unless ``classes`` is None, what they are held against.

    ``labelled`` says that the data set's labels are among the classes (not so out of distribution).
    ``saved`` predictions take the place of image outputs, which nothing here can measure then.
    """

    store: Store
    ref: ModelRef
    encoder: EncoderFacts
    dataset: Dataset
    transform: Transform | None
    seed: int
    classes: ClassList | None
    labelled: bool = True
    saved: Predictions | None = None

    @property
    def images(self) -> Dataset:
        """The data set whose images are encoded: the base of a view, else the data set itself."""
        return self.dataset.base or self.dataset

    @property
    def rows(self) -> Ints:
        """Which image each sample of the data set is."""
        return np.arange(len(self.dataset)) if self.dataset.rows is None else self.dataset.rows

    @cached_property
    def outputs_facts(self) -> Mapping[str, Any]:
        """What decides the image outputs."""
        return outputs_facts(self.encoder, self.images, self.transform, self.seed)

    @cached_property
    def head_facts(self) -> Mapping[str, Any] | None:
        """What decides the text head; None without texts."""
        if self.classes is None or not self.classes.texts:
            return None
        return head_facts(self.encoder, self.classes.text_digest)

    @cached_property
    def outputs(self) -> Chunks:
        """The image outputs in the store."""
        return self.store.chunks("outputs", content_key(self.outputs_facts), len(self.images))

    @cached_property
    def key(self) -> str:
        """The sha256 of everything that decides what this recipe gives."""
        return content_key(
            {
                "outputs": content_key(self.outputs_facts),
                "head": None if self.head_facts is None else content_key(self.head_facts),
                "classes": None if self.classes is None else self.classes.digest,
                "dataset": self.dataset.fingerprint,
                "labelled": self.labelled,
            }
        )


def plain_texts(texts: Sequence[str]) -> ClassList:
    """Return texts that stand for themselves: captions."""
    return ClassList(tuple(texts), tuple((text,) for text in texts), None)
