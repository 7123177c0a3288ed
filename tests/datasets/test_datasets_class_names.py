"""Lists of class names: which say something else than names in an order, and which a model cannot tell apart."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from dataset_makers import make_imagefolder, make_webdataset, sample

from robustcheck.datasets import open_dataset
from robustcheck.datasets.class_names import defects_of_names, require_order_of_lines
from robustcheck.errors import DataError

DECOMPOSED = unicodedata.normalize("NFD", "caf\u00e9")


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "dog", "cat"),
        ("Cat", "cat", "dog"),
        ("caf\u00e9", DECOMPOSED),
        ("great white shark", "great  white shark"),
        ("great_white_shark", "great white\u00a0shark"),
    ],
)
def test_names_that_a_model_reads_as_one(names: tuple[str, ...]) -> None:
    (defect,) = defects_of_names(names)
    assert defect.startswith("2 classes share their names with others")


@pytest.mark.parametrize("names", [("cat", "dog"), ("7", "1", "10"), ("747-400", "A300", "DR-400"), ("2012 Audi",)])
def test_names_that_are_as_they_should_be(names: tuple[str, ...]) -> None:
    assert defects_of_names(names) == ()


def test_numbers_before_the_names_are_said() -> None:
    (defect,) = defects_of_names(("001.Black footed Albatross", "002.Laysan Albatross"))
    assert "begin with numbers, such as '001.Black footed Albatross'" in defect


@pytest.mark.parametrize("names", [("0 cat", "1 dog"), ("1: cat", "2: dog"), ("10 cat", "7 dog"), ("8 ball", "8 cat")])
def test_numbers_that_agree_with_the_lines_or_count_something_else(names: tuple[str, ...]) -> None:
    require_order_of_lines(names, "classnames.txt")


def test_a_verdict_on_names_that_are_alike_is_told_so(tmp_path: Path) -> None:
    shards = make_webdataset(tmp_path / "shards", [[*sample(0, 0), *sample(1, 1)]], names=("Cat", "cat"))
    folders = make_imagefolder(tmp_path / "folders", ["Cat/a.png", "cat/a.png"])
    for directory in (shards, folders):
        assert "such as 'Cat', 'cat'" in open_dataset(str(directory), ()).defects[0]


@pytest.mark.parametrize("form", ["{}-{}", "{}_{}", "{} {}"])
def test_folders_and_lines_that_begin_with_wordnet_ids(tmp_path: Path, form: str) -> None:
    names = {"n02085620": "Chihuahua", "n02085782": "Japanese spaniel"}
    folders = make_imagefolder(tmp_path / "f", [f"{form.format(*pair)}/a.png" for pair in names.items()])
    shards = make_webdataset(
        tmp_path / "s", [[*sample(0, 0), *sample(1, 1)]], names=[form.format(*pair) for pair in names.items()]
    )
    for directory in (folders, shards):
        dataset = open_dataset(str(directory), ())
        assert dataset.class_names == ("Chihuahua", "Japanese spaniel")
        assert dataset.columns is not None
        assert dataset.columns.tolist() == [151, 152]


def test_ids_in_capitals_and_one_id_twice(tmp_path: Path) -> None:
    capitals = make_imagefolder(tmp_path / "capitals", ["N01443537/a.png", "N01440764/a.png"])
    assert open_dataset(str(capitals), ()).class_names == ("tench", "goldfish")
    twice = make_imagefolder(tmp_path / "twice", ["n01443537-a/a.png", "n01443537-b/a.png"])
    with pytest.raises(DataError, match="several classes have the WordNet id n01443537"):
        open_dataset(str(twice), ())


def test_own_names_in_another_order_and_in_other_letters(tmp_path: Path) -> None:
    make_imagefolder(tmp_path, ["Cat/x.png", "Dog/y.png"])
    (tmp_path / "classnames.txt").write_text("dog\ncat\n")
    dataset = open_dataset(str(tmp_path), ())
    assert dict(zip(dataset.ids.tolist(), dataset.labels.tolist(), strict=True)) == {"Dog/y.png": 0, "Cat/x.png": 1}


@pytest.mark.parametrize("folders", ["fold1 fold2", "fog snow"])
def test_folders_that_all_hold_the_same_folders_are_no_classes(tmp_path: Path, folders: str) -> None:
    make_imagefolder(tmp_path, [f"{outer}/{inner}/a.png" for outer in folders.split() for inner in ("cat", "dog")])
    with pytest.raises(DataError, match="2 folders that hold the same 2 folders: cat, dog"):
        open_dataset(str(tmp_path), ())
    (tmp_path / "classnames.txt").write_text("misty\nwhite\n")
    assert open_dataset(str(tmp_path), ()).class_names == ("misty", "white")
