"""Make small directories that stand for the data sets of the protocols."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder, make_webdataset, sample

from robustcheck.datasets import class_sets
from robustcheck.datasets import open as opening

Change = Callable[..., None]


def changed_catalogue(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Return a function that changes what the catalogue says about a dataset, for small directories."""

    def change(name: str, **facts: object) -> None:
        entries = dict(opening.known_datasets())
        entries[name] = dataclasses.replace(entries[name], **facts)  # type: ignore[arg-type]
        monkeypatch.setattr(opening, "known_datasets", lambda: entries)

    return change


def make_validation_files(directory: Path, labels: Mapping[str, int]) -> Path:
    """Write validation images under their own names, in one folder a class."""
    wnids = class_sets.imagenet_wnids()
    make_imagefolder(directory, [f"{wnids[label]}/{name}" for name, label in labels.items()])
    for wnid in wnids:
        (directory / wnid).mkdir(exist_ok=True)
    return directory


def make_validation_shard(directory: Path, labels: Iterable[int], names: Iterable[str] = ()) -> Path:
    """Write validation images as CLIP_benchmark does: numbered; ``names`` go into a groups.csv."""
    labels = list(labels)
    members = [member for number, label in enumerate(labels) for member in sample(number, label)]
    make_webdataset(directory, [members], names=class_sets.imagenet_class_names())
    rows = [f"s{number:07d},{name}" for number, name in enumerate(names)]
    if rows:
        (directory / "groups.csv").write_text("id,file_name\n" + "\n".join(rows) + "\n")
    return directory


def make_raw_objectnet(directory: Path, more: Iterable[str] = ("air_freshener/x.png",)) -> Path:
    """Write the release of ObjectNet: one image a folder, of all overlapping classes and some others."""
    folders = [row["folder"] for row in class_sets.mask_rows("objectnet.csv")]
    return make_imagefolder(directory, [*(f"{folder}/a.png" for folder in folders), *more])


def make_disentangling(directory: Path, rows: Mapping[str, tuple[str, str]], name: str = "annotation.json") -> Path:
    """Write the Disentangling release: images and their annotations."""
    make_imagefolder(directory, [f"images/{image}" for image in rows])
    keys = ("true object", "typographic attack label")
    record = {image: dict(zip(keys, words, strict=True)) for image, words in rows.items()}
    (directory / name).write_text(json.dumps(record))
    return directory


def counts(column: np.ndarray) -> dict[str, int]:
    """Count the values of a column; "a;b" counts for both."""
    values = [value for text in column.tolist() for value in text.split(";")]
    return {value: values.count(value) for value in dict.fromkeys(values)}
