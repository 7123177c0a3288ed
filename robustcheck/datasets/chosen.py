"""Some samples of a data set, as a data set: what a costly measurement is made on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.dataset import Dataset, Encoded, ImageDataset

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True, eq=False)
class ChosenPictures:
    """The pictures of some samples of a data set, in the order of ``rows``."""

    whole: Dataset
    rows: Sequence[int]

    def image(self, index: int) -> Image.Image:
        """Decode one of the chosen samples as RGB."""
        return self.whole.image(int(self.rows[index]))

    def encoded(self, index: int) -> Encoded | None:
        """Return one of the chosen samples as it is encoded, where the whole set can."""
        return self.whole.encoded(int(self.rows[index]))


def choose_samples(dataset: Dataset, rows: Sequence[int]) -> ImageDataset:
    """Return the samples of a data set at ``rows``; its fingerprint stays that of the whole set."""
    places = np.asarray(rows, dtype=np.int64)
    return ImageDataset(
        name=dataset.name,
        layout="chosen",
        fingerprint=dataset.fingerprint,
        class_names=dataset.class_names,
        class_set=dataset.class_set,
        prompts=dataset.prompts,
        templates=dataset.templates,
        ids=dataset.ids[places],
        labels=dataset.labels[places],
        groups={},
        columns=dataset.columns,
        pictures=ChosenPictures(dataset, rows),
        task=dataset.task,
        vocabulary=dataset.vocabulary,
        id_dataset=dataset.id_dataset,
        defects=dataset.defects,
    )
