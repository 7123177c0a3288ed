"""What is known of a dataset without its images, for outputs that were saved elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import (
    IMAGENET,
    class_set_indices,
    class_set_names,
    known_class_sets,
)
from robustcheck.datasets.cue_conflict import cue_conflict_known, parse_cue_conflict_name
from robustcheck.datasets.dataset import Dataset, IntArray, StrArray
from robustcheck.datasets.families import subset_entry
from robustcheck.datasets.imagenet_names import validation_name
from robustcheck.datasets.imagenet_x import imagenet_x_known, validation_known
from robustcheck.datasets.layouts.image_files import UNKNOWN
from robustcheck.datasets.open import open_dataset
from robustcheck.datasets.views import Known, without_images

_PACKAGED = {"imagenet-val": validation_known, "imagenet-x": imagenet_x_known}
_NAMED = "cue-conflict"


def annotations_of(
    name: str, roots: Sequence[Path], index_dir: Path | None, ids: Callable[[], Sequence[str]] | None = None
) -> Dataset:
    """Return ids, labels and groups of a dataset; its images may not be there.

    ImageNet's validation set and ImageNet-X are known from the package ``imagenet-x``, by ImageNet's own
    file names. Cue-conflict images are known from ``ids``, which returns the names they had where they were
    scored, and keep that order. Every other dataset must open: DataMissing says where to put it.
    """
    if name in _PACKAGED:
        return without_images(known_datasets()[name], _PACKAGED[name]())
    if name == _NAMED and ids is not None:
        names = ids()
        found = without_images(known_datasets()[name], cue_conflict_known(names))
        return replace(found, defects=_count_defects(name, len(names)))
    return open_dataset(name, roots, index_dir)


def known_outside(
    name: str, ids: StrArray, labels: IntArray, class_names: tuple[str, ...], groups: Mapping[str, StrArray]
) -> Dataset:
    """Return a dataset as outputs saved elsewhere describe it, under a catalogue name or one of their own."""
    entry = known_datasets().get(name) or CatalogueEntry(name, name, licence="", homepage="")
    columns, class_set = _columns(entry.class_set, class_names), entry.class_set
    if class_set in known_class_sets() and not _is_class_list(class_names, class_set):
        class_set = ""
    known = Known(ids, labels, class_names, groups, class_set, columns)
    return replace(without_images(entry, known), defects=_count_defects(name, len(ids)))


def classes_outside(name: str) -> tuple[str, ...]:
    """Return the classes that outputs without names are of, where the catalogue knows them; else none.

    Out of distribution the samples are of no class that anybody scores.
    """
    entry = _entry(name)
    if entry is None:
        return ()
    if entry.task == "ood":
        return (UNKNOWN,)
    return class_set_names(entry.class_set) if entry.class_set in known_class_sets() else ()


def most_samples(name: str) -> int | None:
    """Return how many samples a file of outputs on a dataset can have: those of the set, or of the one it shows."""
    entry = _entry(name)
    if entry is None:
        return None
    counts = (entry.count, None if not entry.of else known_datasets()[entry.of].count)
    return max((count for count in counts if count is not None), default=None)


def shown_whole(name: str) -> str:
    """Return the dataset whose outputs, over the same names, hold those of this one; an empty text for none.

    >>> shown_whole("imagenet-x"), shown_whole("objectnet-imagenet")
    ('imagenet-val', '')
    """
    entry = known_datasets().get(name)
    return entry.of if entry is not None and entry.of and known_datasets()[entry.of].class_set == IMAGENET else ""


def _entry(name: str) -> CatalogueEntry | None:
    """Return the entry of a dataset or of a family's subset; None for other names."""
    entries = known_datasets()
    if name in entries:
        return entries[name]
    return subset_entry(name, entries) if name.partition("/")[0] in entries else None


def _count_defects(name: str, count: int) -> tuple[str, ...]:
    whole = most_samples(name)
    if whole is None or count >= whole:
        return ()
    return (f"outputs on {count:,} samples, where {name} has {whole:,}: a part of it",)


def _columns(class_set: str, class_names: tuple[str, ...]) -> IntArray | None:
    """Return the classes' places among ImageNet's: as the class set has them, or by their names in another order."""
    if class_set not in known_class_sets():
        return None
    if _is_class_list(class_names, class_set):
        return class_set_indices(class_set)
    known = class_set_names(class_set)
    if sorted(class_names) != sorted(known) or len(set(known)) < len(known):
        return None
    return class_set_indices(class_set)[[known.index(name) for name in class_names]]


def _is_class_list(class_names: tuple[str, ...], class_set: str) -> bool:
    """Tell whether these are a class set's classes in its order; wordings differ between versions, few names do."""
    known = class_set_names(class_set)
    return len(class_names) == len(known) and 2 * sum(map(str.__eq__, class_names, known)) >= len(known)


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
