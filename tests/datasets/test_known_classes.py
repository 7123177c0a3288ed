"""What is known of the classes and columns of a data set before its images are: the same as when it is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_webdataset, sample

from robustcheck.datasets import known_classes, known_datasets, open_dataset, select
from robustcheck.datasets.class_sets import imagenet_class_names
from robustcheck.datasets.known_classes import has_own_classes
from robustcheck.datasets.selection import group_values
from robustcheck.errors import DataError

DRAWN = [name for name in known_datasets() if has_own_classes(name)]


def opened(name: str) -> str:
    axes = known_datasets()[name].subsets
    return "/".join([name, *(values[0] for _, values in axes)])


@pytest.mark.parametrize("name", DRAWN)
def test_a_set_without_a_directory_has_the_classes_and_columns_that_the_catalogue_says(name: str) -> None:
    dataset = open_dataset(opened(name), ())
    assert known_classes(name) == known_classes(opened(name)) == dataset.class_names
    columns = dict(known_datasets()[name].columns or ())
    assert columns.keys() == dataset.groups.keys()
    for column, values in columns.items():
        assert not values or set(values) == set(group_values(dataset.groups[column])) - {""}


@pytest.mark.parametrize(
    ("name", "count", "one"),
    [
        ("imagenet-a", 200, "goldfinch"),
        ("imagenet-c/fog/3", 1000, "goldfinch"),
        ("objectnet-imagenet", 113, "banana"),
        ("imagenet-d", 113, "banana"),
        ("cue-conflict", 16, "airplane"),
        ("imagenet-vid-robust", 30, "zebra"),
        ("ytbb-robust", 24, "zebra"),
    ],
)
def test_classes_of_sets_whose_images_lie_elsewhere(name: str, count: int, one: str) -> None:
    assert (len(known_classes(name)), one in known_classes(name)) == (count, True)


@pytest.mark.parametrize("name", ["cifar10", "./digits", "digits/own", "elsewhere"])
def test_classes_that_a_directory_alone_has(name: str) -> None:
    assert known_classes(name) == ()


def test_a_class_is_found_by_imagenets_name_where_the_directory_words_it_otherwise(tmp_path: Path) -> None:
    names = ("tench, Tinca tinca", *imagenet_class_names()[1:])
    members = [member for label in range(0, 1000, 100) for member in sample(label, label)]
    dataset = open_dataset(str(make_webdataset(tmp_path / "in", [members], names=names)), ())
    columns = replace(dataset, columns=np.arange(1000))
    assert select(columns, (("class", "tench, Tinca tinca"),)).tolist() == [0]
    assert select(columns, (("class", imagenet_class_names()[0]),)).tolist() == [0]
    with pytest.raises(DataError, match="unknown class 'sharkk'"):
        select(columns, (("class", "sharkk"),))
