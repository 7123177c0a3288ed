from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_webdataset, sample, three_shards

from robustcheck.datasets import Dataset, class_sets, kept_classes, open_dataset, select
from robustcheck.errors import DataError


@pytest.fixture
def grouped(tmp_path: Path) -> Dataset:
    directory = three_shards(tmp_path / "d")
    rows = [f"s{i:07d},{'pose' if i % 2 else 'shape'},{i // 5}" for i in range(10)]
    (directory / "groups.csv").write_text("id,factor,half\n" + "\n".join(rows) + "\n")
    return open_dataset(str(directory), ())


@pytest.fixture
def imagenet(tmp_path: Path) -> Dataset:
    members = [member for label in range(0, 1000, 7) for member in sample(label, label)]
    return open_dataset(str(make_webdataset(tmp_path / "in", [members], names=class_sets.imagenet_class_names())), ())


def test_no_condition_keeps_everything(grouped: Dataset) -> None:
    assert select(grouped, ()).tolist() == list(range(10))


def test_conditions_are_joined_by_and(grouped: Dataset) -> None:
    assert select(grouped, (("factor", "pose"),)).tolist() == [1, 3, 5, 7, 9]
    assert select(grouped, (("factor", "pose"), ("half", "1"))).tolist() == [5, 7, 9]


def test_one_class(grouped: Dataset) -> None:
    assert select(grouped, (("class", "owl"),)).tolist() == [2, 5, 8]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("facter", "pose", "(?s)unknown column 'facter'.*did you mean 'factor'"),
        ("factor", "posse", "(?s)unknown value of factor 'posse'.*did you mean 'pose'"),
        ("class", "owls", "did you mean 'owl'"),
        ("classes", "imagenet-b", "unknown class set"),
        ("classes", "imagenet-a", "not ImageNet's"),
    ],
)
def test_unknown_conditions_are_errors(grouped: Dataset, key: str, value: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        select(grouped, ((key, value),))


def test_an_empty_slice_is_an_error(grouped: Dataset) -> None:
    with pytest.raises(DataError, match="no sample has factor=pose and factor=shape"):
        select(grouped, (("factor", "pose"), ("factor", "shape")))


def test_a_class_set_keeps_its_samples(imagenet: Dataset) -> None:
    kept = select(imagenet, (("classes", "imagenet-a"),))
    members = set(class_sets.class_set_indices("imagenet-a").tolist())
    assert set(imagenet.labels[kept].tolist()) == members & set(range(0, 1000, 7))


def test_a_class_set_cuts_the_competing_classes(imagenet: Dataset) -> None:
    kept = kept_classes(imagenet, (("classes", "imagenet-r"),))
    assert kept is not None
    np.testing.assert_array_equal(kept, class_sets.class_set_indices("imagenet-r"))
    assert kept_classes(imagenet, ()) is None


def test_two_class_sets_are_intersected(imagenet: Dataset) -> None:
    kept = kept_classes(imagenet, (("classes", "imagenet-r"), ("classes", "imagenet-a")))
    common = np.intersect1d(class_sets.class_set_indices("imagenet-r"), class_sets.class_set_indices("imagenet-a"))
    assert kept is not None
    np.testing.assert_array_equal(kept, common)


def test_a_class_set_of_a_class_set_is_in_its_own_labels(tmp_path: Path) -> None:
    names = class_sets.class_set_names("imagenet-r")
    members = [member for label in range(200) for member in sample(label, label)]
    dataset = open_dataset(str(make_webdataset(tmp_path / "r", [members], names=names)), ())
    kept = kept_classes(dataset, (("classes", "imagenet-a"),))
    assert kept is not None
    assert {names[label] for label in kept} <= set(class_sets.class_set_names("imagenet-a"))
    np.testing.assert_array_equal(select(dataset, (("classes", "imagenet-a"),)), kept)


class TestSetsOfValues:
    """A group value with ";" holds several; ``where`` asks for membership."""

    @pytest.fixture
    def multi(self, tmp_path: Path) -> Dataset:
        directory = three_shards(tmp_path / "d")
        texts = ("pose", "pose;background", "background", "", "shape;pose;color", *["color"] * 5)
        rows = [f"s{number:07d},{text}" for number, text in enumerate(texts)]
        (directory / "groups.csv").write_text("id,factors\n" + "\n".join(rows) + "\n")
        return open_dataset(str(directory), ())

    def test_a_value_is_kept_wherever_it_stands(self, multi: Dataset) -> None:
        assert select(multi, (("factors", "pose"),)).tolist() == [0, 1, 4]
        assert select(multi, (("factors", "background"),)).tolist() == [1, 2]
        assert select(multi, (("factors", "pose"), ("factors", "color"))).tolist() == [4]

    def test_no_value_is_a_value(self, multi: Dataset) -> None:
        assert select(multi, (("factors", ""),)).tolist() == [3]

    def test_a_part_of_a_word_is_not_a_value(self, multi: Dataset) -> None:
        with pytest.raises(DataError, match="did you mean 'pose'"):
            select(multi, (("factors", "pos"),))
        with pytest.raises(DataError, match="unknown value of factors 'pose;background'"):
            select(multi, (("factors", "pose;background"),))
