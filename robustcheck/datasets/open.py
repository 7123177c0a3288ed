"""Open a dataset by its catalogue name or by its directory, and make sure that it is what it claims."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_names import defects_of_names
from robustcheck.datasets.class_sets import (
    IMAGENET,
    class_set_indices,
    class_set_names,
    class_set_wnids,
    imagenet_wnids,
    infer_class_set,
    known_class_sets,
)
from robustcheck.datasets.dataset import Contents, Dataset, ImageDataset, IntArray, StrArray
from robustcheck.datasets.families import subset_directory, subset_entry
from robustcheck.datasets.fingerprint import HashedFiles, file_hashes, fingerprint, hash_files
from robustcheck.datasets.imagenet_names import validation_labels, validation_name
from robustcheck.datasets.label_defects import defects_of_labels
from robustcheck.datasets.layout import Layout, SelfContained, View, layout_named
from robustcheck.datasets.layouts import layout_of, read_directory, read_layout
from robustcheck.datasets.objectnet import CroppedPictures
from robustcheck.datasets.roots import find_directory
from robustcheck.datasets.views import require_known_classes
from robustcheck.datasets.wordnet import named_after_imagenet
from robustcheck.errors import DataError, DataMissing, did_you_mean
from robustcheck.files.user_paths import user_path

# A catalogue entry without a layout: whichever a directory of labelled images shows.
_ANY_LAYOUT = Layout("", read_directory)


def open_dataset(name_or_path: str, roots: Sequence[Path], index_dir: Path | None = None) -> Dataset:
    """Open a dataset without decoding an image.

    ``index_dir`` keeps tar indexes and file hashes, so that a second opening takes a moment.
    Raise DataMissing when it is not there, DataError when it is there but wrong.
    """
    entries = known_datasets()
    subset = subset_entry(name_or_path, entries)
    entry = subset or entries.get(name_or_path)
    if entry is None:
        return _open_directory(_existing(name_or_path), index_dir)
    if entry.members:
        raise DataError(
            f"{entry.name} is an average over {', '.join(member for member, _ in entry.members)}: it has no images",
            expected="one of these",
        )
    layout = layout_named(entry.layout, entry.name) if entry.layout else _ANY_LAYOUT
    if isinstance(layout, SelfContained):
        return layout.open(entry.name)
    if isinstance(layout, View):
        return layout.show(entry, _open_base(entry, roots, index_dir))
    path = find_directory(entry, roots) if subset is None else subset_directory(entry.name, entries, roots)
    return _open_named(entry, layout, path, index_dir)


def _existing(text: str) -> Path:
    path = user_path(text, Path(), DataError)
    if os.path.exists(path):
        return path
    if path.name != text:
        raise DataMissing("there is no such directory", where=text, expected="a dataset directory or manifest")
    raise DataError(
        f"unknown dataset {text!r}",
        expected="a directory, or one of " + ", ".join(known_datasets()),
        fix=did_you_mean(text, known_datasets()),
    )


def _open_directory(path: Path, index_dir: Path | None) -> ImageDataset:
    layout = layout_of(path)
    contents = _named_by_wordnet(read_layout(layout, path, index_dir))
    if not contents.class_names and contents.captions is None:
        raise DataError(
            "the classes have no names", where=str(path), expected="a file classnames.txt (manifest: classes.txt)"
        )
    _require_sound(contents)
    is_classified = layout.task == "classification"
    class_set = infer_class_set(contents.class_names, contents.wnids) if is_classified else ""
    if not class_set and layout.task != "ood":
        contents = _with_defects_of_names(contents)
    files = hash_files(contents, index_dir)
    if is_classified:
        contents = replace(contents, defects=(*contents.defects, *defects_of_labels(contents, files.hashes)))
    dataset = _dataset(path.resolve().name, contents, contents.class_names, class_set, "", files, index_dir)
    return replace(dataset, task=layout.task)


def _named_by_wordnet(contents: Contents) -> Contents:
    """Return contents whose classes are called by names, where the directory calls them by WordNet ids."""
    if contents.wnids:
        return contents
    names, wnids = named_after_imagenet(contents.class_names, str(contents.directory))
    return replace(contents, class_names=names, wnids=wnids)


def _with_defects_of_names(contents: Contents) -> Contents:
    """Return contents that say what is wrong with the names of their own; those of ImageNet are as they are."""
    if contents.wnids or contents.captions is not None:
        return contents
    return replace(contents, defects=(*contents.defects, *defects_of_names(contents.class_names)))


def _open_base(entry: CatalogueEntry, roots: Sequence[Path], index_dir: Path | None) -> Dataset:
    """Open the data set whose images a view shows."""
    try:
        return open_dataset(entry.of, roots, index_dir)
    except DataMissing as error:
        raise DataMissing(
            f"{entry.name} shows images of {entry.of}, and {error.found}",
            expected=error.expected,
            fix=error.fix,
            dataset=error.dataset,
        ) from error


def _open_named(entry: CatalogueEntry, layout: Layout, path: Path, index_dir: Path | None) -> ImageDataset:
    contents = _named_by_wordnet(read_layout(layout, path, index_dir))
    _require_sound(contents)
    _require_as_catalogued(entry, contents)
    class_names = contents.class_names or _catalogue_names(entry, contents)
    if not entry.class_set and entry.task != "ood":
        contents = _with_defects_of_names(contents)
    prompts = "" if contents.templates else entry.prompts
    files = hash_files(contents, index_dir)
    dataset = _dataset(entry.name, contents, class_names, entry.class_set, prompts, files, index_dir)
    return _as_catalogued(entry, dataset)


def _as_catalogued(entry: CatalogueEntry, dataset: ImageDataset) -> ImageDataset:
    """Add what only the catalogue knows: the task, the frame around raw files."""
    dataset = replace(dataset, task=entry.task, id_dataset=entry.id_dataset)
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
    files: HashedFiles,
    index_dir: Path | None,
) -> ImageDataset:
    return ImageDataset(
        name=name,
        layout=contents.layout,
        fingerprint=_fingerprint(contents, files),
        class_names=class_names,
        class_set=class_set,
        prompts=prompts,
        templates=contents.templates,
        ids=contents.ids,
        labels=contents.labels,
        groups=contents.groups,
        columns=_columns(class_set, contents) if contents.columns is None else contents.columns,
        pictures=contents.pictures,
        vocabulary=contents.vocabulary,
        captions=contents.captions,
        pairs=contents.pairs,
        defects=contents.defects,
        stamps=files.stamps,
        hashes=partial(file_hashes, contents, index_dir),
    )


def _fingerprint(contents: Contents, files: HashedFiles) -> str:
    """Hash the files; another package's next version may read the same files otherwise, so it counts too."""
    content = fingerprint(contents, files)
    return hashlib.sha256(f"{content} read by {contents.reader}".encode()).hexdigest() if contents.reader else content


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
        raise DataError(f"{(counts > 1).sum()} ids occur twice, the first {str(unique[counts > 1][0])!r}", where=where)
    if contents.pairs is not None:
        _require_each_once(contents.pairs.ids, where)


def _require_each_once(pairs: StrArray, where: str) -> None:
    unique, counts = np.unique(pairs, return_counts=True)
    if twice := unique[counts > 1].tolist():
        raise DataError(
            f"{len(twice)} pairs occur twice, the first {twice[0]!r}", where=where, expected="each pair of images once"
        )


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
            fix="complete the copy, or open a selection of it by its directory",
        )
    if entry.class_set == IMAGENET:
        _require_imagenets_labels(contents, where)
    for column in entry.groups:
        if column not in contents.groups:
            raise DataError(f"no column {column!r} of groups", where=where, expected="a groups.csv", fix=entry.note)


def _require_imagenets_labels(contents: Contents, where: str) -> None:
    """Compare the labels of images with ImageNet's own file names with what is known of these."""
    names = [validation_name(name) for name in contents.ids.tolist()]
    if not any(names):
        return
    known = validation_labels()
    pairs = zip(names, contents.labels.tolist(), strict=True)
    if wrong := [name for name, label in pairs if name and known.get(name, label) != label]:
        raise DataError(
            f"{len(wrong)} images have another class than ImageNet's own list says, the first {wrong[0]}",
            where=where,
            expected=f"class {known[wrong[0]]} for it",
            fix="sort the images into their class folders again, or open the directory by its path",
        )


def _fits(contents: Contents, classes: int) -> bool:
    """Tell whether the classes can be these many; unnamed ones are known by their highest label only."""
    return contents.class_count == classes if contents.class_names else contents.class_count <= classes


def _require_class_list(entry: CatalogueEntry, contents: Contents, where: str) -> None:
    """Compare the classes with the class set's, by folder names and by class names."""
    if contents.wnids and contents.wnids != class_set_wnids(entry.class_set):
        raise DataError("the folders are other WordNet ids", where=where, expected=f"those of {entry.class_set}")
    require_known_classes(contents.class_names, class_set_names(entry.class_set), where, entry.class_set)


def _catalogue_names(entry: CatalogueEntry, contents: Contents) -> tuple[str, ...]:
    if contents.captions is not None:
        return ()
    if entry.class_set:
        return class_set_names(entry.class_set)
    if entry.task == "ood":
        # Nobody is asked to name these classes; they only tell groups of images apart.
        return tuple(f"class {label}" for label in range(contents.class_count))
    raise DataError("the classes have no names", where=str(contents.directory), expected="a file classnames.txt")
