from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder, pixels

from robustcheck.datasets import open_dataset
from robustcheck.errors import DataError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return make_imagefolder(tmp_path / "d", ["images/a.png", "images/b.png", "c.png"])


def write(directory: Path, text: str, name: str = "manifest.csv") -> Path:
    (directory / name).write_text(text)
    return directory


def test_csv_with_class_names_and_groups(directory: Path) -> None:
    write(directory, 'path,label,weather\nimages/b.png,owl,sun\n"images/a.png",cat,rain\nc.png,owl,sun\n')
    dataset = open_dataset(str(directory), ())
    assert dataset.ids.tolist() == ["images/b.png", "images/a.png", "c.png"]
    assert dataset.class_names == ("cat", "owl")
    assert dataset.labels.tolist() == [1, 0, 1]
    assert dataset.groups["weather"].tolist() == ["sun", "rain", "sun"]
    np.testing.assert_array_equal(np.asarray(dataset.image(1)), pixels(0))


def test_jsonl_with_integers_and_ids(directory: Path) -> None:
    lines = [
        '{"id": "x", "path": "c.png", "label": 1, "year": 2020}',
        "",
        '{"id": "y", "path": "images/a.png", "label": 0, "year": 1}',
    ]
    write(directory, "\n".join(lines), "manifest.jsonl")
    write(directory, "cat\ndog\nowl\n", "classes.txt")
    dataset = open_dataset(str(directory), ())
    assert dataset.ids.tolist() == ["x", "y"]
    assert dataset.class_names == ("cat", "dog", "owl")
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.groups["year"].tolist() == ["2020", "1"]


def test_the_file_itself_can_be_opened(directory: Path) -> None:
    write(directory, "path,label\nc.png,cat\n", "mine.csv")
    assert len(open_dataset(str(directory / "mine.csv"), ())) == 1


def test_classes_fix_the_order(directory: Path) -> None:
    write(directory, "owl\ncat\n", "classes.txt")
    write(directory, "path,label\nc.png,cat\n")
    assert open_dataset(str(directory), ()).labels.tolist() == [1]


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "images/../../x.png", "..", "", "..\\x.png"])
def test_paths_stay_inside_the_directory(directory: Path, path: str) -> None:
    write(directory, f'path,label\n"{path}",cat\n')
    with pytest.raises(DataError, match="leaves the directory"):
        open_dataset(str(directory), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "no rows"),
        ("", "no rows"),
        ("path,lable\nc.png,cat\n", "(?s)no column 'label'.*did you mean 'lable'"),
        ("file,label\nc.png,cat\n", "no column 'path'"),
        ("path,label\nnone.png,cat\nc.png,cat\n", r"1 of 2 images are missing, the first none\.png"),
        ("path,label\nc.png\n", "manifest.csv:2: the row does not fit"),
        ("path,label\nc.png,cat,more\n", "manifest.csv:2: the row does not fit"),
        ("path,label\nc.png,0\n", "the classes have no names"),
        ("path,label\nc.png,cat\nc.png,cat\n", "1 ids occur twice"),
        ("path,label,classes\nc.png,cat,x\n", "'classes' is reserved"),
        ('path,label\n"c.png,cat\n', "not CSV"),
    ],
)
def test_wrong_csv_files_are_errors(directory: Path, text: str, message: str) -> None:
    write(directory, text)
    with pytest.raises(DataError, match=message):
        open_dataset(str(directory), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "manifest.jsonl:1: not JSON"),
        ("[1]", "an object of texts and numbers"),
        ('{"path": "c.png", "label": 1.5}', "the label 1.5"),
        ('{"path": "c.png", "label": true}', "the label True"),
        ('{"path": "c.png"}', "the label None"),
        ('{"path": "c.png", "label": "a"}\n{"path": "c.png", "label": "a", "x": 1}', "manifest.jsonl:2: the keys"),
    ],
)
def test_wrong_jsonl_files_are_errors(directory: Path, text: str, message: str) -> None:
    write(directory, text, "manifest.jsonl")
    with pytest.raises(DataError, match=message):
        open_dataset(str(directory), ())


def test_two_manifests_are_an_error(directory: Path) -> None:
    write(write(directory, "path,label\nc.png,cat\n"), "{}", "manifest.jsonl")
    with pytest.raises(DataError, match="both"):
        open_dataset(str(directory), ())


def test_a_label_outside_the_classes_is_an_error(directory: Path) -> None:
    write(write(directory, "cat\nowl\n", "classes.txt"), "path,label\nc.png,cot\n")
    with pytest.raises(DataError, match=r"(?s)'cot' is not in classes.txt.*did you mean 'cat'"):
        open_dataset(str(directory), ())


def test_a_file_that_is_no_text_is_an_error(directory: Path) -> None:
    (directory / "manifest.csv").write_bytes(b"path,label\n\xff\xfe,1")
    with pytest.raises(DataError, match="UTF-8"):
        open_dataset(str(directory), ())


def test_one_image_with_two_labels_is_an_error(directory: Path) -> None:
    (directory / "d.png").hardlink_to(directory / "c.png")
    write(directory, "path,label\nc.png,cat\nd.png,dog\n")
    with pytest.raises(DataError, match=r"d\.png has the label 1, and as c\.png the label 0"):
        open_dataset(str(directory), ())


def test_places_that_pandas_wrote_with_a_point_are_no_names(directory: Path) -> None:
    write(directory, "path,label\nc.png,1.0\nimages/a.png,0.0\n")
    with pytest.raises(DataError, match=r"numbers with a fraction, such as 1\.0"):
        open_dataset(str(directory), ())


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("1 cat\n0 dog\n", "line 1 is '1 cat': by its number it is another class"),
        ("0: cat\n2: dog\n1: owl\n", "line 2 is '2: dog'"),
        ("x\tcat\ny\tdog\n", "a tab in the class name"),
    ],
)
def test_lines_that_say_otherwise_than_by_their_order(directory: Path, classes: str, message: str) -> None:
    write(directory, "path,label\nc.png,0\nimages/a.png,1\n")
    write(directory, classes, "classes.txt")
    with pytest.raises(DataError, match=message):
        open_dataset(str(directory), ())
