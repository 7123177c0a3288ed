"""Layouts as values of the registry: those of other packages, and what is said about a directory that fits none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from dataset_makers import make_imagefolder
from package_makers import Install

from robustcheck.datasets import known_datasets, open_dataset
from robustcheck.datasets.catalogue import read_catalogue
from robustcheck.datasets.layout import known_layouts, layout_named
from robustcheck.errors import DataError, SetupError

FLAT = """
from dataclasses import replace
from robustcheck.datasets.layout import Layout
from robustcheck.datasets.layouts.image_files import read_unlabelled

def read(path, index_dir):
    return replace(read_unlabelled(path), class_names=("thing",))

MADE = Layout("flat", read, lambda path: (path / "flat.txt").is_file(), "flat.txt beside the images")
"""


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    directory = make_imagefolder(tmp_path / "mine", ["a.png", "b.png"])
    (directory / "flat.txt").write_text("")
    return directory


def test_a_directory_that_fits_no_layout_lists_them(flat: Path) -> None:
    with pytest.raises(DataError, match=r"a directory with a\.png, b\.png, flat\.txt") as caught:
        open_dataset(str(flat), ())
    shown = [line.split()[0] for line in str(caught.value).splitlines()[2:]]
    assert shown[:5] == ["captions", "anchors", "manifest", "webdataset", "imagefolder"]
    assert shown[5:] == ["shards", "parquet", "named-files", "unlabelled"]


def test_a_layout_of_another_package_is_tried_after_ours(flat: Path, install: Install) -> None:
    install("extra-flat", FLAT, "layouts")
    dataset = open_dataset(str(flat), ())
    assert (dataset.ids.tolist(), dataset.class_names) == (["a.png", "b.png"], ("thing",))
    make_imagefolder(flat / "dogs", ["a.png", "b.png"])
    assert open_dataset(str(flat), ()).class_names == ("dogs",)


def test_the_version_of_another_packages_layout_is_in_the_fingerprint(flat: Path, install: Install) -> None:
    install("extra-flat", FLAT, "layouts", version="1.0")
    first = open_dataset(str(flat), ()).fingerprint
    assert open_dataset(str(flat), ()).fingerprint == first
    install("extra-flat", FLAT, "layouts", version="1.1")
    assert open_dataset(str(flat), ()).fingerprint != first


def test_a_layout_of_another_package_that_an_entry_names(tmp_path: Path, flat: Path, install: Install) -> None:
    install("extra-flat", FLAT, "layouts")
    entry = """
from robustcheck.datasets import CatalogueEntry
MADE = CatalogueEntry("mine", "Mine", licence="own", homepage="", layout="flat", count=2)
"""
    install("extra-data", entry, "datasets")
    assert list(known_datasets())[-1] == "mine"
    assert open_dataset("mine", (tmp_path,)).ids.tolist() == ["a.png", "b.png"]


def test_an_unknown_layout_names_the_data_set() -> None:
    with pytest.raises(SetupError, match=r"mine: unknown layout 'imagefolders'\n(?s:.*)did you mean 'imagefolder'"):
        layout_named("imagefolders", "mine")


def test_every_layout_that_the_catalogue_names_is_known() -> None:
    assert {entry.layout for entry in known_datasets().values()} - {""} <= set(known_layouts())


def test_a_catalogue_with_an_unknown_field_names_the_near_one(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text("mine: {title: Mine, licence: own, homepage: '', subset: {}}\n")
    with pytest.raises(SetupError, match=r"unknown field 'subset' of mine\n(?s:.*)did you mean 'subsets'"):
        read_catalogue(path)


def test_an_entry_is_a_frozen_value() -> None:
    entry = known_datasets()["imagenet-c"]
    assert dict(entry.subsets)["severity"] == ("1", "2", "3", "4", "5")
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.count = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        (("data/validation-00000-of-00002.parquet",), "the parts of a set in parquet files"),
        (("imagenet-val-00.tar", "imagenet-val-01.tar"), "the numbered shards of a set"),
        (("a.png", "b.png"), "2 images, which are more than those in folders"),
    ],
)
def test_a_folder_of_images_beside_a_set_in_another_layout(tmp_path: Path, beside: tuple[str, ...], found: str) -> None:
    make_imagefolder(tmp_path, ["pictures/a.png"])
    for name in beside:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=rf"folders with images \(pictures\) beside {found}"):
        open_dataset(str(tmp_path), ())


def test_the_archive_that_folders_came_in_may_lie_beside_them(tmp_path: Path) -> None:
    make_imagefolder(tmp_path, ["cat/a.png", "dog/a.png"])
    (tmp_path / "ILSVRC2012_img_val.tar").write_bytes(b"")
    dataset = open_dataset(str(tmp_path), ())
    assert dataset.class_names == ("cat", "dog")
    assert "ILSVRC2012_img_val.tar" in dataset.defects[0]
