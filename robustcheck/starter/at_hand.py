"""What a user has: a checkpoint and images, turned into the subject of a first suite."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from robustcheck.datasets import Dataset, known_datasets
from robustcheck.datasets.layouts.image_files import UNKNOWN
from robustcheck.datasets.open import open_dataset
from robustcheck.errors import DataError, SetupError
from robustcheck.files.texts import read_text
from robustcheck.files.user_paths import user_path
from robustcheck.listing import name_first
from robustcheck.models.reference import is_checkpoint_file
from robustcheck.starter.suite_text import FirstSubject

CLASS_FILE = "classnames.txt"


@dataclass(frozen=True, slots=True)
class AtHand:
    """What the command was told: a checkpoint, directory or reference; its architecture; images; a list of classes."""

    model: str | None = None
    arch: str | None = None
    data: Path | None = None
    classes: Path | None = None


def find_first_subject(at_hand: AtHand, suites: Path, index_dir: Path) -> tuple[FirstSubject, tuple[str, ...]]:
    """Return what the first suite is about, and the directories that hold data sets of the catalogue.

    Paths count from ``suites``, where the suite will lie. Raises SetupError for a checkpoint whose architecture is not
    told, and DataError for a directory in no known layout, or without classes to tell apart.
    """
    subject = FirstSubject()
    if at_hand.model is not None:
        subject = replace(subject, model=_reference(at_hand.model, at_hand.arch, suites), has_own_model=True)
    if at_hand.data is None:
        return subject, ()
    known = _catalogue_sets(at_hand.data)
    if known:
        shifts = tuple(name for name in _SHIFTS if name in known)
        first = next(iter(shifts), known[0])
        own = replace(subject, dataset=first, classes=known_datasets()[first].classes or 1000, shifts=shifts)
        return replace(own, has_own_data=True), (str(at_hand.data.resolve()),)
    opened = open_dataset(str(at_hand.data.resolve()), (), index_dir)
    _require_classes(opened, at_hand.data)
    _, images_of_classes = np.unique(opened.labels, return_counts=True)
    own = replace(
        subject,
        dataset=_from(at_hand.data, suites),
        classes=len(opened.class_names),
        has_thin_classes=bool((images_of_classes < 2).any()),
        has_own_data=True,
    )
    return own, ()


def _require_classes(opened: Dataset, data: Path) -> None:
    """Refuse images of which the first checks cannot ask what they show."""
    if opened.task == "classification" and len(opened.class_names) > 1:
        return
    if opened.task == "classification":
        found = f"there is one class only, {name_first(opened.class_names)}: every answer would be right"
    elif tuple(opened.class_names) == (UNKNOWN,):
        found = "images alone: what they show is not told"
    else:
        found = f"a data set for {opened.task}"
    raise DataError(
        found,
        where=str(data),
        expected="images of two classes or more: the first suite asks which one they show",
        fix="point at the directory whose folders are the classes; or run `robustcheck init` without --data and write "
        "checks of your own into its suite, `robustcheck metrics` says what each metric is for",
    )


_SHIFTS = ("imagenet-v2", "imagenet-r", "imagenet-a", "imagenet-sketch", "objectnet")


def class_list(at_hand: AtHand) -> tuple[Path, str] | None:
    """Return where the list of classes belongs and its text; None where it is there or none was given.

    Raises SetupError where the images already have another list.
    """
    if at_hand.classes is None:
        return None
    if at_hand.data is None:
        raise SetupError("--classes without --data", expected="the directory of the images that have these classes")
    if not at_hand.classes.is_file():
        raise SetupError(f"there is no file {at_hand.classes}", expected="a text file with one class name a line")
    text, target = read_text(at_hand.classes, SetupError), at_hand.data / CLASS_FILE
    _refuse_other_names(text.split("\n"), at_hand.data)
    if not target.is_file():
        return target, text
    if target.read_text(encoding="utf-8") != text:
        raise SetupError(f"{target} is another list", fix="leave --classes out, or make the two files the same")
    return None


def _refuse_other_names(names: Sequence[str], data: Path) -> None:
    """Refuse a list that calls directories otherwise than they are named: its lines follow their sorted names."""
    listed = [name.strip() for name in names if name.strip()]
    folders = sorted(path.name for path in data.iterdir() if path.is_dir()) if data.is_dir() else []
    if not set(folders) & set(listed):
        # Numbered directories say nothing of their classes, which is what a list is for.
        return
    for folder, name in zip_longest(folders, listed, fillvalue="nothing"):
        if folder != name:
            raise SetupError(
                f"the list of classes calls {folder} {name}",
                where=str(data),
                expected=f"one name a line for each directory, in the order of their names: {name_first(folders)}",
                fix="leave --classes out: the directories have the names of their classes",
            )


def _catalogue_sets(root: Path) -> list[str]:
    """Return the data sets for classification that lie in a directory, by their usual names."""
    entries = known_datasets().values()
    named = [entry for entry in entries if entry.task == "classification" and not entry.of and not entry.subsets]
    return [entry.name for entry in named if any((root / place).is_dir() for place in entry.places)]


def _reference(model: str, arch: str | None, suites: Path) -> str:
    """Return a reference that works in a suite: paths count from its directory."""
    path = user_path(model, Path(), SetupError)
    if is_checkpoint_file(model):
        if not path.is_file():
            raise SetupError(f"there is no file {model}", expected="the path of a checkpoint, from here")
        if arch is None:
            raise SetupError(
                f"a checkpoint file does not say its architecture: {model}",
                expected="--arch with the name that open_clip has for it",
                fix=f"robustcheck init --model {model} --arch ViT-B-32",
            )
        return f"openclip:{arch}@{_from(path, suites)}"
    if not path.is_dir():
        return model
    scheme = "local-dir" if (path / "open_clip_config.json").is_file() else "hf"
    return f"{scheme}:{_from(path, suites)}"


def _from(path: Path, suites: Path) -> str:
    relative = os.path.relpath(path.resolve(), suites.resolve())
    return Path(relative).as_posix()
