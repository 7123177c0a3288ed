"""What is odd about the labels of a directory of somebody's own, so that a verdict should say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.printing import shown

# Layouts whose labels are always numbers; a manifest may have names.
_BY_PLACE = ("webdataset", "shards", "parquet")


def defects_of_labels(contents: Contents, hashes: Mapping[str, str]) -> tuple[str, ...]:
    """Say which labels contradict each other, or look as if they count from 1; ``hashes`` are of files, by name."""
    if contents.captions is not None or contents.pairs is not None:
        return ()
    by_place = contents.layout in _BY_PLACE and not contents.wnids
    counted = counted_from_one(contents.labels.tolist(), contents.class_names) if by_place else ()
    return (*_copies_in_two_classes(contents, hashes), *counted)


def _copies_in_two_classes(contents: Contents, hashes: Mapping[str, str]) -> Iterator[str]:
    """Say which files of one content have two labels: at least one of these is wrong."""
    if not isinstance(contents.pictures, ImageFiles):
        return
    first: dict[str, tuple[str, int]] = {}
    found: list[tuple[str, str]] = []
    for name, label in zip(contents.pictures.names, contents.labels.tolist(), strict=True):
        other, known = first.setdefault(hashes[name], (name, label))
        if known != label:
            found.append((name, other))
    if found:
        name, other = found[0]
        images = "image is a copy" if len(found) == 1 else "images are copies"
        yield f"{len(found):,} {images} of one with another label, the first {name} of {other}: one label is wrong"


def counted_from_one(labels: Sequence[int], class_names: Sequence[str]) -> tuple[str, ...]:
    """Say of labels that were written as numbers that none is 0: so look labels from 1 without the last class."""
    if len(class_names) < 2 or min(labels) == 0:
        return ()
    first = shown(class_names[0])
    return (f"no image has the label 0, {first}: labels that count from 1 would be read as the class after theirs",)
