"""Datasets without images of their own: views of another dataset, and annotations alone."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from robustcheck.datasets.catalogue import CatalogueEntry
from robustcheck.datasets.dataset import Dataset, Encoded, ImageDataset, IntArray, StrArray, Vocabulary
from robustcheck.errors import DataError, DataMissing

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 1  # raise when the same annotations come to mean something else


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of the samples of a dataset, whether or not its images are there."""

    ids: StrArray
    labels: IntArray
    class_names: tuple[str, ...]
    groups: Mapping[str, StrArray] = field(default_factory=dict)
    class_set: str = ""
    columns: IntArray | None = None
    vocabulary: Vocabulary | None = None


def without_images(entry: CatalogueEntry, known: Known) -> ImageDataset:
    """Make a dataset of annotations alone, for outputs that were saved elsewhere."""
    return ImageDataset(
        name=entry.name,
        layout="annotations",
        fingerprint=_fingerprint(entry.name, known),
        class_names=known.class_names,
        class_set=known.class_set,
        prompts=entry.prompts,
        templates=(),
        ids=known.ids,
        labels=known.labels,
        groups=known.groups,
        columns=known.columns,
        pictures=_NoPictures(entry.name),
        task=entry.task,
        vocabulary=known.vocabulary,
        id_dataset=entry.id_dataset,
    )


def view(entry: CatalogueEntry, base: Dataset, rows: IntArray, known: Known) -> ImageDataset:
    """Show images of ``base`` as a dataset of its own; sample i is the image ``rows[i]``."""
    content = f"{base.fingerprint} {_hash(rows.astype('<i8').tobytes())} {_fingerprint(entry.name, known)}"
    return dataclasses.replace(
        without_images(entry, known),
        layout="view",
        fingerprint=_hash(content.encode()),
        prompts=base.prompts,
        templates=base.templates,
        pictures=_ViewedPictures(base, rows),
        base=base,
        rows=rows,
        defects=base.defects,
    )


def require_known_classes(found: tuple[str, ...], known: tuple[str, ...], where: str, what: str) -> None:
    """Compare a class list by position; wordings differ between versions, most names do not."""
    other = [label for label, names in enumerate(zip(found, known, strict=False)) if names[0] != names[1]]
    if len(found) != len(known):
        raise DataError(f"{len(found)} classes", where=where, expected=f"the {len(known)} of {what}")
    if 2 * len(other) > len(known):
        first = other[0]
        raise DataError(
            f"another class list: {len(other)} of {len(known)} names differ, the first {found[first]!r}",
            where=where,
            expected=f"{known[first]!r} as class {first} of {what}",
        )


@dataclass(frozen=True, slots=True, eq=False)
class _ViewedPictures:
    base: Dataset
    rows: IntArray

    def image(self, index: int) -> Image.Image:
        return self.base.image(int(self.rows[index]))

    def encoded(self, index: int) -> Encoded | None:
        return self.base.encoded(int(self.rows[index]))


@dataclass(frozen=True, slots=True)
class _NoPictures:
    name: str

    def image(self, index: int) -> NoReturn:
        raise DataMissing(
            f"the image {index} is not known, only its annotations",
            where=self.name,
            fix="put the images of the dataset on this machine, or use saved outputs (predictions:DIR)",
        )


def _fingerprint(name: str, known: Known) -> str:
    """Hash all that a value can depend on but the images."""
    vocabulary = known.vocabulary
    members = [] if vocabulary is None else [place.tolist() for place in vocabulary.members]
    parts = [
        f"robustcheck annotations {SCHEMA} {name} {known.class_set}",
        "\n".join(known.ids.tolist()),
        str(known.labels.tolist()),
        "\n".join(known.class_names),
        *(f"{key}\n" + "\n".join(column.tolist()) for key, column in sorted(known.groups.items())),
        "" if known.columns is None else str(known.columns.tolist()),
        "" if vocabulary is None else f"{vocabulary.merge} {vocabulary.names} {members}",
    ]
    return _hash("\n".join(_hash(part.encode()) for part in parts).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
