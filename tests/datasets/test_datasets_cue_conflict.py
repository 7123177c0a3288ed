from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import annotations_of, canonical_id, open_dataset, select
from robustcheck.datasets.cue_conflict import categories, cue_conflict_vocabulary, parse_cue_conflict_name
from robustcheck.errors import DataError

# PROTOCOLS section 4.
SIZES = {
    "airplane": 1,
    "bear": 4,
    "bicycle": 2,
    "bird": 49,
    "boat": 5,
    "bottle": 7,
    "car": 3,
    "cat": 6,
    "chair": 4,
    "clock": 3,
    "dog": 109,
    "elephant": 2,
    "keyboard": 2,
    "knife": 1,
    "oven": 1,
    "truck": 8,
}
FILES = ("bird/bird3-clock2.png", "bird/bird1-bird2.png", "cat/cat10-truck3.png")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    changed_catalogue(monkeypatch)("cue-conflict", count=3)
    make_imagefolder(tmp_path / "cue-conflict", FILES)
    return tmp_path


def test_protocols_4_sizes_of_the_16_categories() -> None:
    sizes = [len(places) for places in cue_conflict_vocabulary().members]
    assert dict(zip(categories(), sizes, strict=True)) == SIZES
    assert sum(sizes) == 207
    assert list(categories()) == sorted(categories())


def test_protocols_4_the_classes_of_some_categories() -> None:
    members = dict(zip(categories(), cue_conflict_vocabulary().members, strict=True))
    assert members["airplane"].tolist() == [404]
    assert members["bear"].tolist() == [294, 295, 296, 297]
    assert members["clock"].tolist() == [409, 530, 892]
    assert members["keyboard"].tolist() == [508, 878]
    assert members["truck"].tolist() == [555, 569, 656, 675, 717, 734, 864, 867]
    assert set(range(151, 269)) - set(members["dog"].tolist()) == {151, 192, 204, 227, 242, 251, 258, 260, 264}


def test_no_class_is_in_two_categories() -> None:
    vocabulary = cue_conflict_vocabulary()
    assert len(np.unique(np.concatenate(vocabulary.members))) == 207
    assert len(vocabulary.names) == 1000
    assert vocabulary.merge == "mean_probability"


@pytest.mark.parametrize(
    "text",
    [
        "bird3-clock2.png",
        "bird3-clock2",
        "bird/bird3-clock2.png",
        "0001_s5n_s01_0_bird_00_bird3-clock2.png",
        "session-1/0001_cue_dnn_0_bird_00_bird3-clock2.png",
    ],
)
def test_names_are_parsed_in_every_form(text: str) -> None:
    name = parse_cue_conflict_name(text)
    assert (name.id, name.shape, name.texture) == ("bird3-clock2", "bird", "clock")
    assert canonical_id("cue-conflict", text) == "bird3-clock2"


@pytest.mark.parametrize("text", ["bird3.png", "bird-clock.png", "bird3-house2.png", "", "Bird3-clock2.png"])
def test_other_names_are_errors(text: str) -> None:
    with pytest.raises(DataError, match="not the name of a cue-conflict image"):
        parse_cue_conflict_name(text)


def test_a_directory_has_shapes_and_textures(root: Path) -> None:
    dataset = open_dataset("cue-conflict", (root,))
    assert dataset.task == "cue-conflict"
    assert dataset.class_names == categories()
    assert dataset.ids.tolist() == ["bird1-bird2", "bird3-clock2", "cat10-truck3"]
    assert [dataset.class_names[label] for label in dataset.labels] == ["bird", "bird", "cat"]
    assert dataset.groups["texture"].tolist() == ["bird", "clock", "truck"]
    assert dataset.groups["conflict"].tolist() == ["no", "yes", "yes"]
    assert select(dataset, (("conflict", "yes"),)).tolist() == [1, 2]
    assert dataset.columns is not None
    assert dataset.columns.tolist() == list(range(1000))
    assert dataset.image(1).size == (12, 12)


def test_a_flat_folder_of_trials_is_the_same_set(root: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat" / "cue-conflict"
    make_imagefolder(flat, ["dnn/0001_cue_dnn_0_cat_00_cat10-truck3.png", "dnn/0002_x_dnn_0_bird_00_bird1-bird2.png"])
    make_imagefolder(flat, ["dnn/0003_cue_dnn_0_bird_00_bird3-clock2.png"])
    dataset = open_dataset("cue-conflict", (tmp_path / "flat",))
    assert sorted(dataset.ids.tolist()) == open_dataset("cue-conflict", (root,)).ids.tolist()


def test_a_shape_in_the_wrong_folder_is_an_error(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "cue-conflict", ["dog/bird3-clock2.png"])
    with pytest.raises(DataError, match=r"(?s)'bird'.*expected: 'dog'"):
        open_dataset("cue-conflict", (tmp_path,))


def test_annotations_follow_from_names_alone() -> None:
    ids = ("0002_x_s01_0_cat_00_cat10-truck3.png", "0001_x_s01_0_bird_00_bird1-bird2.png")
    dataset = annotations_of("cue-conflict", (), None, lambda: ids)
    assert dataset.ids.tolist() == ["cat10-truck3", "bird1-bird2"]
    assert dataset.groups["texture"].tolist() == ["truck", "bird"]
    assert dataset.vocabulary is not None
    assert dataset.vocabulary.merge == "mean_probability"


def test_no_names_tell_nothing() -> None:
    with pytest.raises(DataError, match="no image names"):
        annotations_of("cue-conflict", (), None, lambda: ())
