"""ImageNet-D in its published layout: three splits, the release's names, and the ImageNet classes behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustcheck.datasets import open_dataset
from robustcheck.datasets.class_sets import OBJECTNET, class_set_indices
from robustcheck.datasets.imagenet_d import imagenet_d_vocabulary
from robustcheck.errors import DataError, DataMissing
from robustcheck.measure import MeasureSettings
from robustcheck.measure.shelf import Shelf

FOLDERS = ("wok", "alarm_clock", "coffee_or_french_press", "t_shirt")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A part of the release as its archive unpacks it, with the questions that come with it."""
    for split in ("background", "texture", "material"):
        for place, folder in enumerate(FOLDERS):
            directory = tmp_path / "ImageNet-D" / split / folder
            directory.mkdir(parents=True)
            Image.new("RGB", (8, 8), (40 * place, 0, len(split))).save(directory / f"{place}.png")
    questions = tmp_path / "ImageNet-D" / "questions"
    questions.mkdir()
    (questions / "background.csv").write_text("image_dir\tgt_category\ttop1_pred_cate\ttop2_pred_cate\n")
    return tmp_path


def test_a_split_has_the_labels_and_names_of_the_release(release: Path) -> None:
    dataset = open_dataset("imagenet-d/texture", [release], release / "index")
    assert dataset.ids.tolist() == ["alarm_clock/1.png", "coffee_or_french_press/2.png", "t_shirt/3.png", "wok/0.png"]
    assert len(dataset.class_names) == 113
    assert [dataset.class_names[label] for label in dataset.labels] == [
        "alarm clock",
        "coffee or french press",
        "t shirt",
        "wok",
    ]
    # The places in the release's own list.
    assert dataset.labels.tolist() == [0, 19, 89, 112]


def test_classifiers_score_the_classes_of_imagenet_that_stand_for_it() -> None:
    vocabulary = imagenet_d_vocabulary()
    columns = class_set_indices(OBJECTNET)
    stands_for = {
        place: [int(columns[member]) for member in members] for place, members in enumerate(vocabulary.members)
    }
    # alarm clock, bicycle, chair and wheel as the release's table has them.
    assert [stands_for[place] for place in (0, 7, 16, 108)] == [[409, 530], [444, 671], [423, 559, 765], [479, 694]]
    assert sorted(index for members in stands_for.values() for index in members) == columns.tolist()


def test_zero_shot_models_score_its_names_and_classifiers_those_of_imagenet(release: Path) -> None:
    shelf = Shelf(MeasureSettings(store=release / "store", roots=(release,)))
    dataset = shelf.dataset("imagenet-d/material")
    own, others = shelf.classes(dataset, None, False), shelf.classes(dataset, None, True)
    assert own.names == dataset.class_names
    assert (own.vocabulary, own.columns) == (None, None)
    assert own.texts[0] == ("a photo of a alarm clock",)
    assert others.texts == ()
    assert others.vocabulary is dataset.vocabulary
    np.testing.assert_array_equal(others.columns, class_set_indices(OBJECTNET))


def test_a_folder_that_is_none_of_its_classes_is_refused(release: Path) -> None:
    (release / "ImageNet-D" / "texture" / "wok").rename(release / "ImageNet-D" / "texture" / "wock")
    with pytest.raises(DataError, match=r"'wock' is not a class of ImageNet-D(?s:.*)did you mean 'wok'"):
        open_dataset("imagenet-d/texture", [release], release / "index")


def test_where_to_put_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="imagenet-d"):
        open_dataset("imagenet-d/background", [tmp_path], tmp_path / "index")
