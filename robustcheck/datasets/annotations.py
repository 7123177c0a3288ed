"""What is known of a dataset without its images, for outputs that were saved elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import class_set_indices, known_class_sets
from robustcheck.datasets.cue_conflict import cue_conflict_known, parse_cue_conflict_name
from robustcheck.datasets.dataset import Dataset, IntArray, StrArray
from robustcheck.datasets.imagenet_x import imagenet_x_known, validation_known, validation_name
from robustcheck.datasets.open import open_dataset
from robustcheck.datasets.views import Known, without_images

_PACKAGED = {"imagenet-val": validation_known, "imagenet-x": imagenet_x_known}
_NAMED = "cue-conflict"


def annotations_of(
    name: str, roots: Sequence[Path], index_dir: Path | None, ids: Sequence[str] | None = None
) -> Dataset:
    """Return ids, labels and groups of a dataset; its images may not be there.

    ImageNet's validation set and ImageNet-X are known from the package ``imagenet-x``, by ImageNet's own
    file names. Cue-conflict images are known from ``ids``, the names they had where they were scored, and
    keep that order. Every other dataset must open: DataMissing says where to put it.
    """
    if name in _PACKAGED:
        return without_images(known_datasets()[name], _PACKAGED[name]())
    if name == _NAMED and ids is not None:
        return without_images(known_datasets()[name], cue_conflict_known(ids))
    return open_dataset(name, roots, index_dir)


def known_outside(
    name: str, ids: StrArray, labels: IntArray, class_names: tuple[str, ...], groups: Mapping[str, StrArray]
) -> Dataset:
    """Return a dataset as outputs saved elsewhere describe it, under a catalogue name or one of their own."""
    entry = known_datasets().get(name) or CatalogueEntry(name, name, licence="", homepage="")
    columns = class_set_indices(entry.class_set) if entry.class_set in known_class_sets() else None
    known = Known(ids, labels, class_names, groups, entry.class_set, columns)
    return without_images(entry, known)


def canonical_id(name: str, text: str) -> str:
    """Return a sample's id as ``annotations_of`` has it, from the id or path it has elsewhere.

    >>> canonical_id("imagenet-x", "val/n01440764/ILSVRC2012_val_00000293.JPEG")
    'ILSVRC2012_val_00000293.JPEG'
    >>> canonical_id("cue-conflict", "0001_s5n_s01_0_bird_00_bird3-clock2.png")
    'bird3-clock2'
    """
    if name in _PACKAGED:
        return validation_name(text) or text
    return parse_cue_conflict_name(text).id if name == _NAMED else text
