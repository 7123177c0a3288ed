"""Open a dataset by its catalogue name or by its directory, and make sure that it is what it claims."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import (
    class_set_indices,
    class_set_names,
    class_set_wnids,
    imagenet_wnids,
    infer_class_set,
    known_class_sets,
)
from robustcheck.datasets.cue_conflict import cue_conflict_vocabulary, read_cue_conflict
from robustcheck.datasets.dataset import Contents, Dataset, ImageDataset, IntArray, Vocabulary
from robustcheck.datasets.digits import open_digits
from robustcheck.datasets.families import part_directory, part_entry
from robustcheck.datasets.fingerprint import fingerprint
from robustcheck.datasets.imagenet_x import imagenet_x_view
from robustcheck.datasets.layouts import read_directory
from robustcheck.datasets.layouts.anchors import has_anchors
from robustcheck.datasets.layouts.captions import has_captions
from robustcheck.datasets.layouts.image_files import read_unlabelled
from robustcheck.datasets.layouts.sequences import read_sequences
from robustcheck.datasets.objectnet import (
    CroppedPictures,
    imagenet_on_objectnet,
    objectnet_imagenet,
    read_objectnet,
)
from robustcheck.datasets.retrieval import open_retrieval
from robustcheck.datasets.roots import find_directory
from robustcheck.datasets.shapes import open_shapes
from robustcheck.datasets.typographic_sets import read_disentangling, read_typed_manifest, read_typed_names
from robustcheck.datasets.video_sets import open_video
from robustcheck.datasets.views import require_classes
from robustcheck.errors import DataError, DataMissing, did_you_mean

# How a catalogue entry's `layout` is read, where it is not one that a directory shows by itself.
_READERS: Mapping[str, Callable[[Path, Path | None], Contents]] = {
    "": read_directory,
    "cue-conflict": read_cue_conflict,
    "disentangling": read_disentangling,
    "objectnet": read_objectnet,
    "sequences": read_sequences,
    "typed-manifest": read_typed_manifest,
    "typed-names": read_typed_names,
    "unlabelled": read_unlabelled,
}
# How an entry shows the images of another dataset.
_VIEWS: Mapping[str, Callable[[CatalogueEntry, Dataset], ImageDataset]] = {
    "imagenet-on-objectnet": imagenet_on_objectnet,
    "imagenet-x": imagenet_x_view,
    "objectnet-imagenet": objectnet_imagenet,
}
_VOCABULARIES: Mapping[str, Callable[[], Vocabulary]] = {"cue-conflict": cue_conflict_vocabulary}


def open_dataset(name_or_path: str, roots: Sequence[Path], index_dir: Path | None = None) -> Dataset:
    """Open a dataset without decoding an image.

    ``index_dir`` keeps tar indexes and file hashes, so that a second opening takes a moment.
    Raise DataMissing when it is not there, DataError when it is there but wrong.
    """
    entries = known_datasets()
    part = part_entry(name_or_path, entries)
    entry = part or entries.get(name_or_path)
    if entry is None:
        return _open_directory(_existing(name_or_path), index_dir)
    if entry.layout == "packaged":
        return open_digits(entry.name)
    if entry.layout == "drawn":
        return open_shapes(entry.name)
    if part is not None:
        return _open_named(part, part_directory(name_or_path, entries, roots), index_dir)
    if entry.of:
        return _open_view(entry, roots, index_dir)
    return _open_named(entry, find_directory(entry, roots), index_dir)


def _existing(text: str) -> Path:
    path = Path(text).expanduser()
    if path.exists():
        return path
    if path.name != text:
        raise DataMissing("there is no such directory", where=text, expected="a dataset directory or manifest")
    raise DataError(
        f"unknown dataset {text!r}",
        expected="a directory, or one of " + ", ".join(known_datasets()),
        fix=did_you_mean(text, known_datasets()),
    )


def _open_directory(path: Path, index_dir: Path | None) -> ImageDataset:
    if has_captions(path):
        return open_retrieval(path.resolve().name, path, index_dir)
    if has_anchors(path):
        return open_video(path.resolve().name, path, index_dir)
    contents = read_directory(path, index_dir)
    if not contents.class_names:
        raise DataError(
            "the classes have no names", where=str(path), expected="a file classnames.txt (manifest: classes.txt)"
        )
    _require_sound(contents)
    class_set = infer_class_set(contents.class_names, contents.wnids)
    return _dataset(path.resolve().name, contents, contents.class_names, class_set, "", index_dir)


def _open_view(entry: CatalogueEntry, roots: Sequence[Path], index_dir: Path | None) -> ImageDataset:
    try:
        base = open_dataset(entry.of, roots, index_dir)
    except DataMissing as error:
        raise DataMissing(
            f"{entry.name} shows images of {entry.of}, and {error.found}", expected=error.expected, fix=error.fix
        ) from error
    return _VIEWS[entry.layout](entry, base)


def _open_named(entry: CatalogueEntry, path: Path, index_dir: Path | None) -> ImageDataset:
    if entry.task == "retrieval":
        return open_retrieval(entry.name, path, index_dir, entry)
    if entry.task == "video":
        return open_video(entry.name, path, index_dir, entry)
    contents = _READERS[entry.layout](path, index_dir)
    _require_sound(contents)
    _require_as_catalogued(entry, contents)
    class_names = contents.class_names or _catalogue_names(entry, contents)
    prompts = "" if contents.templates else entry.prompts
    dataset = _dataset(entry.name, contents, class_names, entry.class_set, prompts, index_dir)
    return _as_catalogued(entry, dataset)


def _as_catalogued(entry: CatalogueEntry, dataset: ImageDataset) -> ImageDataset:
    """Add what only the catalogue knows: the task, the scored names, the frame around raw files."""
    dataset = replace(dataset, task=entry.task, id_dataset=entry.id_dataset)
    if entry.vocabulary:
        vocabulary = _VOCABULARIES[entry.vocabulary]()
        dataset = replace(dataset, vocabulary=vocabulary, columns=np.arange(len(vocabulary.names)))
    if entry.border and dataset.layout == "imagefolder":
        content = hashlib.sha256(f"{dataset.fingerprint} without {entry.border} px".encode()).hexdigest()
        dataset = replace(dataset, fingerprint=content, pictures=CroppedPictures(dataset.pictures, entry.border))
    return dataset


def _dataset(
    name: str,
    contents: Contents,
    class_names: tuple[str, ...],
    class_set: str,
    prompts: str,
    index_dir: Path | None,
) -> ImageDataset:
    return ImageDataset(
        name=name,
        layout=contents.layout,
        fingerprint=fingerprint(contents.directory, contents.files, index_dir),
        class_names=class_names,
        class_set=class_set,
        prompts=prompts,
        templates=contents.templates,
        ids=contents.ids,
        labels=contents.labels,
        groups=contents.groups,
        columns=_columns(class_set, contents),
        pictures=contents.pictures,
    )


def _columns(class_set: str, contents: Contents) -> IntArray | None:
    """Return the classes' places among ImageNet's 1000, if the set or the folder names tell."""
    if class_set in known_class_sets():
        return class_set_indices(class_set)
    if contents.wnids:
        place = {wnid: index for index, wnid in enumerate(imagenet_wnids())}
        return np.array([place[wnid] for wnid in contents.wnids], dtype=np.int64)
    return None


def _require_sound(contents: Contents) -> None:
    """Check what must hold of every dataset: samples, labels in range, unique ids."""
    where = str(contents.directory)
    labels = contents.labels
    if labels.size == 0:
        raise DataError("no samples", where=where)
    outside = np.flatnonzero((labels < 0) | (labels >= contents.class_count))
    if outside.size:
        first = outside[0]
        raise DataError(
            f"{outside.size} labels are out of range, the first {labels[first]} (sample {contents.ids[first]})",
            where=where,
            expected=f"labels 0 to {contents.class_count - 1}, for {contents.class_count} classes",
        )
    unique, counts = np.unique(contents.ids, return_counts=True)
    if len(unique) != len(contents.ids):
        raise DataError(f"{(counts > 1).sum()} ids occur twice, the first {unique[counts > 1][0]!r}", where=where)


def _require_as_catalogued(entry: CatalogueEntry, contents: Contents) -> None:
    """Check what the catalogue knows: class list, count, columns of groups."""
    where = str(contents.directory)
    if entry.classes is not None and not _fits(contents, entry.classes):
        raise DataError(f"{contents.class_count} classes", where=where, expected=f"the {entry.classes} of {entry.name}")
    if entry.class_set and contents.class_names:
        _require_class_list(entry, contents, where)
    if entry.count is not None and len(contents.labels) != entry.count:
        raise DataError(
            f"{len(contents.labels)} images",
            where=where,
            expected=f"{entry.count}, the whole of {entry.name}",
            fix="complete the copy, or open a part of it by its directory",
        )
    for column in entry.groups:
        if column not in contents.groups:
            raise DataError(f"no column {column!r} of groups", where=where, expected="a groups.csv", fix=entry.note)


def _fits(contents: Contents, classes: int) -> bool:
    """Tell whether the classes can be these many; unnamed ones are known by their highest label only."""
    return contents.class_count == classes if contents.class_names else contents.class_count <= classes


def _require_class_list(entry: CatalogueEntry, contents: Contents, where: str) -> None:
    """Compare the classes with the class set's, by folder names and by class names."""
    if contents.wnids and contents.wnids != class_set_wnids(entry.class_set):
        raise DataError("the folders are other WordNet ids", where=where, expected=f"those of {entry.class_set}")
    require_classes(contents.class_names, class_set_names(entry.class_set), where, entry.class_set)


def _catalogue_names(entry: CatalogueEntry, contents: Contents) -> tuple[str, ...]:
    if entry.class_set:
        return class_set_names(entry.class_set)
    if entry.task == "ood":
        # Nobody is asked to name these classes; they only tell groups of images apart.
        return tuple(f"class {label}" for label in range(contents.class_count))
    raise DataError("the classes have no names", where=str(contents.directory), expected="a file classnames.txt")
