from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder, pixels

from robustcheck.datasets import open_dataset
from robustcheck.errors import DataError


def test_labels_follow_the_sorted_folders(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["dog/b.png", "cat/a.png", "cat/deep/er/c.PNG", "snow_owl/d.png"])
    (directory / "cat" / "notes.txt").write_text("no image")
    dataset = open_dataset(str(directory), ())
    assert dataset.class_names == ("cat", "dog", "snow owl")
    assert dataset.ids.tolist() == ["cat/a.png", "cat/deep/er/c.PNG", "dog/b.png", "snow_owl/d.png"]
    assert dataset.labels.tolist() == [0, 0, 1, 2]
    np.testing.assert_array_equal(np.asarray(dataset.image(2)), pixels(0))


def test_class_names_can_be_written_beside(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a/1.png", "b/2.png"])
    (directory / "classnames.txt").write_text("tabby cat\nred fox\n")
    (directory / "templates.txt").write_text("a photo of a {c}.\n")
    dataset = open_dataset(str(directory), ())
    assert dataset.class_names == ("tabby cat", "red fox")
    assert dataset.templates == ("a photo of a {c}.",)


def test_class_names_must_be_one_a_folder(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a/1.png", "b/2.png"])
    (directory / "classnames.txt").write_text("one\n")
    with pytest.raises(DataError, match="1 class names for 2 folders"):
        open_dataset(str(directory), ())


def test_wordnet_folders_are_named_after_imagenet(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["n01443537/1.png", "n01440764/2.png"])
    dataset = open_dataset(str(directory), ())
    assert dataset.class_names == ("tench", "goldfish")
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [0, 1]


def test_numbered_folders_are_in_numeric_order(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{number}/x.png" for number in range(11)])
    (directory / "classnames.txt").write_text("\n".join(f"class {number}" for number in range(11)))
    dataset = open_dataset(str(directory), ())
    assert dataset.ids[2] == "2/x.png"
    assert dataset.labels.tolist() == list(range(11))


def test_numbered_folders_need_names(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["0/x.png", "1/x.png"])
    with pytest.raises(DataError, match="the classes have no names"):
        open_dataset(str(directory), ())


def test_groups_come_from_a_table_beside(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a/1.png", "b/2.png"])
    (directory / "groups.csv").write_text('id,weather\nb/2.png,"snow, ice"\na/1.png,sun\n')
    assert open_dataset(str(directory), ()).groups["weather"].tolist() == ["sun", "snow, ice"]


def test_linked_class_folders_are_followed(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "disk", ["cat/a.png"])
    directory = tmp_path / "d"
    directory.mkdir()
    (directory / "cat").symlink_to(tmp_path / "disk" / "cat")
    assert open_dataset(str(directory), ()).ids.tolist() == ["cat/a.png"]


def test_an_image_removed_after_opening_is_an_error(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a/1.png"])
    dataset = open_dataset(str(directory), ())
    (directory / "a" / "1.png").unlink()
    with pytest.raises(DataError, match="cannot read the"):
        dataset.image(0)
