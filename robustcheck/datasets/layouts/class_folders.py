"""Which folders of a directory are its classes, in which order, and what they are called.

A class is a folder with images, and among WordNet ids or numbers also an empty folder that is called so. Other empty
folders, hidden ones, those left behind by a program, and one that strays among WordNet ids are not classes; what is
passed over becomes a defect of the set. ``classnames.txt`` has the last word: it may count empty folders, order the
folders by their own names, or say of each what it is called (``FOLDER<TAB>NAME``).

Where two readings are possible and differ, a DataError says how to say which: numbers that begin at 1, numbers with a
gap, and names such as ``class_2`` and ``class_10``, which are ordered otherwise as text than by their numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustcheck.datasets.class_names import as_read, require_order_of_lines
from robustcheck.datasets.layouts.image_files import is_class_like
from robustcheck.datasets.layouts.splits import SPLITS
from robustcheck.datasets.layouts.text_files import read_class_names
from robustcheck.datasets.wordnet import imagenet_name, is_wnid, named_after_imagenet
from robustcheck.errors import DataError
from robustcheck.files.texts import stripped

CLASS_NAMES = "classnames.txt"
_NUMBER = re.compile(r"[0-9]{1,9}")
_TAB_FORM = f"a line FOLDER<TAB>NAME for each folder in {CLASS_NAMES}"


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """The classes of a directory: the label of each folder that is one, and what the labels mean.

    ``class_names`` is empty where nothing names the classes; ``wnids`` where the folders are no WordNet ids.
    """

    labels: Mapping[str, int]
    class_count: int
    class_names: tuple[str, ...]
    wnids: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


def class_folders(directory: Path, images: Mapping[str, int], written: Sequence[str] | None = None) -> ClassFolders:
    """Return the classes of a directory whose folders hold so many ``images`` each.

    ``written`` are the lines of classnames.txt, which is read where they are not given.
    """
    lines = read_class_names(directory / CLASS_NAMES) if written is None else tuple(written)
    filled = sorted(folder for folder, count in images.items() if count)
    empty = sorted({child.name for child in _folders(directory)} - set(filled))
    _require_classes(directory, filled)
    found = _name_folders(directory, filled, empty, lines) if lines else _unnamed(directory, filled, empty)
    passed_over = [folder for folder in empty if folder not in found.labels]
    return ClassFolders(
        found.labels,
        found.class_count,
        found.class_names,
        found.wnids,
        (*_stray(images, found), *_empty(passed_over), *_imageless(filled, found)),
    )


def _folders(directory: Path) -> list[Path]:
    return [child for child in directory.iterdir() if child.is_dir() and is_class_like(child.name)]


def _require_classes(directory: Path, filled: Sequence[str]) -> None:
    """Refuse the folders of a set's splits: train and test are not classes."""
    if filled and {folder.lower() for folder in filled} <= SPLITS:
        raise DataError(
            f"the folders {', '.join(filled)} are parts of a set, not classes",
            where=str(directory),
            expected="a folder for each class",
            fix=f"name one of them: {directory / filled[-1]}",
        )


# --- without classnames.txt -----------------------------------------------------------------------------


def _unnamed(directory: Path, filled: Sequence[str], empty: Sequence[str]) -> ClassFolders:
    ids = [folder for folder in filled if is_wnid(folder)]
    numbers = [folder for folder in filled if _NUMBER.fullmatch(folder)]
    if 2 * len(ids) > len(filled):
        folders = _with_empty_ids(ids, empty)
        names, wnids = named_after_imagenet(folders, str(directory))
        return ClassFolders(_in_order(folders), len(folders), names, wnids)
    if filled and len(numbers) == len(filled):
        return _numbered(directory, [*filled, *(folder for folder in empty if _NUMBER.fullmatch(folder))])
    if numbers or ids:
        raise DataError(
            f"some folders are {'numbers' if numbers else 'WordNet ids'} ({(numbers or ids)[0]}) and some are names",
            where=str(directory),
            expected="folders called in one way",
            fix=f"write {_TAB_FORM}, or take away what is not a class",
        )
    names = tuple(stripped(folder.replace("_", " ")) for folder in filled)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(
            f"several folders are called {twice!r}", where=str(directory), expected="one folder a class", fix=_TAB_FORM
        )
    return ClassFolders(_in_order(filled), len(filled), names)


def _with_empty_ids(ids: Sequence[str], empty: Sequence[str]) -> list[str]:
    return sorted((*ids, *(folder for folder in empty if imagenet_name(folder) is not None)))


def _numbered(directory: Path, folders: Sequence[str]) -> ClassFolders:
    """Return the classes of folders that are places in a class list kept elsewhere, counted from 0."""
    place = _numbers(directory, folders)
    if 0 not in place.values():
        raise DataError(
            f"the folders are numbered from {min(place.values())}, and nothing says which class each number is",
            where=str(directory),
            expected="folders numbered from 0, or called by names or WordNet ids",
            fix=f"write {CLASS_NAMES} beside them, with a line for each number from 1 on, or {_TAB_FORM}",
        )
    return ClassFolders(place, max(place.values()) + 1, ())


def _numbers(directory: Path, folders: Sequence[str]) -> dict[str, int]:
    place = {folder: int(folder) for folder in sorted(folders, key=int)}
    if len(set(place.values())) < len(place):
        twice = next(folder for folder in place if list(place.values()).count(place[folder]) > 1)
        raise DataError(f"several folders are number {int(twice)}", where=str(directory), expected="one folder a class")
    return place


def _in_order(folders: Sequence[str]) -> dict[str, int]:
    return {folder: label for label, folder in enumerate(folders)}


# --- with classnames.txt ---------------------------------------------------------------------------------


def _name_folders(directory: Path, filled: Sequence[str], empty: Sequence[str], lines: Sequence[str]) -> ClassFolders:
    where = str(directory / CLASS_NAMES)
    pairs = _folder_names(lines, where)
    if pairs is not None:
        return _of_pairs(pairs, filled, where)
    if all(_NUMBER.fullmatch(folder) for folder in filled):
        return _of_numbers(directory, filled, lines, where)
    ids = [folder for folder in filled if is_wnid(folder)]
    # WordNet ids among which a folder strays, all folders with images, or all folders: the first that the lines count.
    choices = [ids, _with_empty_ids(ids, empty)] if 2 * len(ids) > len(filled) else []
    for folders in (*choices, filled, sorted((*filled, *empty))):
        if len(folders) == len(lines):
            return _of_lines(folders, lines, where)
    raise DataError(
        f"{len(lines)} class names for {len(filled)} folders",
        where=where,
        expected=f"one line a folder, in the order of the sorted folder names; or {_TAB_FORM}",
    )


def _folder_names(lines: Sequence[str], where: str) -> list[tuple[str, str]] | None:
    """Return the folders and names of lines that give both: ``FOLDER<TAB>NAME``, or ``n01440764 tench``."""
    if any("\t" in line for line in lines):
        parts = [line.partition("\t") for line in lines]
        if odd := [line for line, (_, _, name) in zip(lines, parts, strict=True) if not stripped(name)]:
            raise DataError(f"no folder and name in {odd[0]!r}", where=where, expected=_TAB_FORM)
    elif all(is_wnid(line.partition(" ")[0]) and " " in line for line in lines):
        parts = [line.partition(" ") for line in lines]
    else:
        return None
    return [(stripped(folder), stripped(name)) for folder, _, name in parts]


def _of_pairs(pairs: Sequence[tuple[str, str]], filled: Sequence[str], where: str) -> ClassFolders:
    folders = [folder for folder, _ in pairs]
    if len(set(folders)) < len(folders):
        twice = next(folder for folder in folders if folders.count(folder) > 1)
        raise DataError(f"two lines for the folder {twice!r}", where=where, expected="one line a folder")
    if absent := sorted(set(filled) - set(folders)):
        raise DataError(f"no line for the folder {absent[0]!r}", where=where, expected="a line for each class folder")
    return ClassFolders(_in_order(folders), len(folders), tuple(name for _, name in pairs), _ids(folders))


def _of_numbers(directory: Path, folders: Sequence[str], lines: Sequence[str], where: str) -> ClassFolders:
    """Return the classes of numbered folders: the lines count from 0 or from 1, if that is beyond doubt."""
    place = _numbers(directory, folders)
    lowest, highest = min(place.values()), max(place.values())
    if lowest == 0 and highest < len(lines):
        start = 0
    elif lowest > 0 and highest == len(lines):
        start = 1
    else:
        raise DataError(
            f"{len(lines)} class names for {len(place)} folders numbered {lowest} to {highest}",
            where=where,
            expected=f"a line for each number from {min(lowest, 1)} to {highest}; or {_TAB_FORM}",
        )
    return ClassFolders({folder: number - start for folder, number in place.items()}, len(lines), tuple(lines))


def _of_lines(folders: Sequence[str], lines: Sequence[str], where: str) -> ClassFolders:
    """Return the classes of folders that the lines order by their names, or name in their order."""
    read = [as_read(line) for line in lines]
    for own in _own_names(folders):
        if len(set(own)) == len(own) and sorted(own) == sorted(read):
            ordered = [folders[own.index(line)] for line in read]
            names = tuple(lines) if not all(map(is_wnid, lines)) else named_after_imagenet(lines, where)[0]
            return ClassFolders(_in_order(ordered), len(ordered), names, _ids(ordered))
    _require_one_order(folders, where)
    _require_own_line(folders, lines, where)
    require_order_of_lines(lines, where)
    return ClassFolders(_in_order(folders), len(folders), tuple(lines), _ids(folders))


def _own_names(folders: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what the folders are called by themselves and by ImageNet, each as a model reads it."""
    return [as_read(folder) for folder in folders], [as_read(imagenet_name(folder) or "") for folder in folders]


def _require_one_order(folders: Sequence[str], where: str) -> None:
    """Refuse lines by place for names whose order as text is not that of the numbers in them."""
    alike: dict[str, list[str]] = {}
    for folder in folders:
        alike.setdefault(re.sub(r"[0-9]+", "#", folder), []).append(folder)
    for names in alike.values():
        for as_text, by_number in zip(names, sorted(names, key=_numbers_in), strict=True):
            if as_text != by_number:
                raise DataError(
                    f"the same line may be the name of {as_text!r}, in the order of the text, "
                    f"or of {by_number!r}, in the order of the numbers",
                    where=where,
                    expected=_TAB_FORM,
                )


def _numbers_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]+", text)]


def _require_own_line(folders: Sequence[str], lines: Sequence[str], where: str) -> None:
    """Refuse a line that calls one folder by the name of another."""
    for own in _own_names(folders):
        counts = Counter(own)
        owners = {name: place for place, name in enumerate(own) if name and counts[name] == 1}
        for place, line in enumerate(lines):
            owner = owners.get(as_read(line), place)
            if owner != place and own[place] != as_read(line):
                raise DataError(
                    f"line {place + 1} is {line!r}, which is the folder {folders[owner]!r}, "
                    f"but stands for {folders[place]!r}",
                    where=where,
                    expected=f"the order of the sorted folder names; or {_TAB_FORM}",
                )


def _ids(folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(folders) if folders and all(imagenet_name(folder) is not None for folder in folders) else ()


# --- what a verdict should say -----------------------------------------------------------------------------


def _stray(images: Mapping[str, int], found: ClassFolders) -> tuple[str, ...]:
    stray = [folder for folder, count in sorted(images.items()) if count and folder not in found.labels]
    if not stray:
        return ()
    count = sum(images[folder] for folder in stray)
    return (f"{count} images in folders that are not a class are not read, the first folder {stray[0]!r}",)


def _empty(folders: Sequence[str]) -> tuple[str, ...]:
    if not folders:
        return ()
    return (f"{len(folders)} folders without images are not counted as classes, the first {folders[0]!r}",)


def _imageless(filled: Sequence[str], found: ClassFolders) -> tuple[str, ...]:
    """Say which classes compete without having an image."""
    if missing := found.class_count - len({found.labels[folder] for folder in filled if folder in found.labels}):
        return (f"{missing} of {found.class_count} classes have no image",)
    return ()
