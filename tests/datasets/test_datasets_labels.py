"""Labels by name and by place: texts are names, and what may be either is an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, sample

from robustcheck.datasets import open_dataset, select
from robustcheck.datasets.dataset import Dataset
from robustcheck.errors import DataError

BOM = "\ufeff"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return make_imagefolder(tmp_path / "d", ["a.png", "b.png", "c.png"])


def table(directory: Path, *labels: object, classes: str = "") -> Dataset:
    """Open the three images with labels in a CSV."""
    rows = [f"{name}.png,{label}" for name, label in zip("abc", labels, strict=True)]
    (directory / "manifest.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
    return with_classes(directory, classes)


def lines(directory: Path, *labels: object, classes: str = "") -> Dataset:
    """Open the three images with labels in a JSONL file."""
    rows = [json.dumps({"path": f"{name}.png", "label": label}) for name, label in zip("abc", labels, strict=True)]
    (directory / "manifest.jsonl").write_text("\n".join(rows) + "\n")
    return with_classes(directory, classes)


def with_classes(directory: Path, classes: str) -> Dataset:
    if classes:
        (directory / "classes.txt").write_text(classes.replace(",", "\n"))
    return open_dataset(str(directory), ())


def names_of(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels.tolist()]


def test_in_json_a_text_is_a_name_and_a_number_a_place(directory: Path) -> None:
    assert names_of(lines(directory, "2", "0", "1", classes="1,2,0")) == ["2", "0", "1"]
    assert names_of(lines(directory, 2, 0, 1, classes="1,2,0")) == ["0", "1", "2"]


def test_texts_alone_name_the_classes_even_where_they_are_numbers(directory: Path) -> None:
    dataset = lines(directory, "7", "3", "7")
    assert dataset.class_names == ("3", "7")
    assert names_of(dataset) == ["7", "3", "7"]


def test_a_text_that_is_no_name_is_not_taken_for_a_place(directory: Path) -> None:
    with pytest.raises(DataError, match=r"the label '1' is not in classes\.txt") as caught:
        lines(directory, "1", "0", "1", classes="cat,dog")
    assert "without quotes" in caught.value.fix


def test_names_and_places_do_not_mix(directory: Path) -> None:
    with pytest.raises(DataError, match="labels by place and labels by name, such as '1'"):
        lines(directory, 0, "1", 1, classes="cat,dog")


def test_a_csv_of_numbers_means_places(directory: Path) -> None:
    assert names_of(table(directory, 1, 0, 1, classes="cat,dog")) == ["dog", "cat", "dog"]


def test_a_csv_of_numbers_that_only_names_can_be(directory: Path) -> None:
    assert names_of(table(directory, 7, 3, 7, classes="3,7")) == ["7", "3", "7"]


def test_a_csv_of_numbers_that_may_be_either_is_an_error(directory: Path) -> None:
    with pytest.raises(
        DataError, match="may be the class called '2' or the class at place 2, which is called '0'"
    ) as caught:
        table(directory, 2, 0, 1, classes="1,2,0")
    assert "manifest.jsonl" in caught.value.fix


def test_a_csv_of_numbers_where_both_readings_agree(directory: Path) -> None:
    assert names_of(table(directory, 2, 0, 1, classes="0,1,2")) == ["2", "0", "1"]


def test_a_class_called_7_among_names(directory: Path) -> None:
    dataset = table(directory, "seven", "7", "cat")
    assert dataset.class_names == ("7", "cat", "seven")
    assert names_of(dataset) == ["seven", "7", "cat"]


def test_a_name_of_two_classes_is_an_error(directory: Path) -> None:
    with pytest.raises(DataError, match="'crane' stands for several classes: 0, 2"):
        table(directory, "crane", "ox", "ox", classes="crane,ox,crane")
    assert names_of(table(directory, 2, 1, 1, classes="crane,ox,crane")) == ["crane", "ox", "ox"]


def test_a_class_picked_by_a_name_of_two_classes_is_an_error(directory: Path) -> None:
    dataset = table(directory, 2, 1, 0, classes="crane,ox,crane")
    with pytest.raises(DataError, match="'crane' stands for several classes: 0, 2"):
        select(dataset, (("class", "crane"),))
    assert select(dataset, (("class", "ox"),)).tolist() == [1]


def test_wordnet_ids_as_labels_are_named_by_imagenet(directory: Path) -> None:
    dataset = table(directory, "n01443537", "n01440764", "n01443537")
    assert dataset.class_names == ("tench", "goldfish")
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [0, 1]
    assert names_of(dataset) == ["goldfish", "tench", "goldfish"]


def test_wordnet_ids_that_nobody_can_name_are_an_error(directory: Path) -> None:
    with pytest.raises(DataError, match="1 of 2 WordNet ids are none of ImageNet-1k's, the first n00000001"):
        table(directory, "n01443537", "n00000001", "n01443537")


@pytest.mark.parametrize("label", ["1" * 5000, "1_0", "٣", "+1", "0x1", "1.0", ""])
def test_odd_numbers_are_no_places(directory: Path, label: str) -> None:
    with pytest.raises(DataError, match=r"not in classes\.txt|has no label|a text of 5,000 characters"):
        table(directory, label, "0", "0", classes="cat,dog")


@pytest.mark.parametrize("label", [True, 1.0, None, 10**30])
def test_odd_json_labels_are_errors(directory: Path, label: object) -> None:
    with pytest.raises(DataError, match="label"):
        lines(directory, label, label, label, classes="cat,dog")


def test_spaces_and_marks_around_headers_and_cells_do_not_count(directory: Path) -> None:
    text = f"{BOM} path ,\tlabel,{BOM}site \na.png, cat,n\n b.png ,cat {BOM},n \nc.png,\u00a0dog,s\n"
    (directory / "manifest.csv").write_text(text)
    (directory / "classes.txt").write_text(f"{BOM}cat \n dog\n")
    dataset = open_dataset(str(directory), ())
    assert names_of(dataset) == ["cat", "cat", "dog"]
    assert dataset.groups["site"].tolist() == ["n", "n", "s"]


def test_spaces_and_marks_in_json_do_not_count(directory: Path) -> None:
    (directory / "manifest.jsonl").write_text(
        "\n".join(json.dumps({" path": f"{name}.png ", f"{BOM}label": " cat "}) for name in "abc")
    )
    assert open_dataset(str(directory), ()).class_names == ("cat",)


def test_line_separators_inside_values_are_kept(directory: Path) -> None:
    (directory / "manifest.csv").write_text(
        'path,label,note\na.png,cat,"x\u2028y"\nb.png,cat,\x85\nc.png,dog\x0b,"p\nq"\n'
    )
    dataset = open_dataset(str(directory), ())
    assert dataset.class_names == ("cat", "dog")
    assert dataset.groups["note"].tolist() == ["x\u2028y", "", "p\nq"]


def test_a_column_or_a_key_that_occurs_twice_is_an_error(directory: Path) -> None:
    (directory / "manifest.csv").write_text("path,label, label\na.png,cat,dog\n")
    with pytest.raises(DataError, match="two columns 'label'"):
        open_dataset(str(directory), ())
    (directory / "manifest.csv").unlink()
    (directory / "manifest.jsonl").write_text('{"path": "a.png", "label": "cat", "label": "dog"}')
    with pytest.raises(DataError, match="the key 'label' occurs twice"):
        open_dataset(str(directory), ())


def test_half_a_surrogate_pair_is_no_text(directory: Path) -> None:
    (directory / "manifest.jsonl").write_text('{"path": "a.png", "label": "\\ud800"}')
    with pytest.raises(DataError, match=r"manifest\.jsonl:1: .*half of a surrogate pair"):
        open_dataset(str(directory), ())


def test_deep_json_is_an_error(directory: Path) -> None:
    (directory / "manifest.jsonl").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"manifest\.jsonl:1: it is nested more than 64 levels deep"):
        open_dataset(str(directory), ())


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf1\n", b" 1 ", b"1\r\n"])
def test_marks_around_the_label_of_a_shard_do_not_count(tmp_path: Path, content: bytes) -> None:
    members = [("x.cls", content), ("x.png", encoded(0))]
    assert open_dataset(str(make_webdataset(tmp_path / "d", [members])), ()).labels.tolist() == [1]


@pytest.mark.parametrize("content", [b"1_0", b"cat", b"1.0", b"", b"9" * 30])
def test_other_labels_of_a_shard_are_errors(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"x\.cls holds"):
        open_dataset(str(make_webdataset(tmp_path / "d", [[("x.cls", content), ("x.png", encoded(0))]])), ())


def test_captions_lose_their_mark_and_keep_their_spaces(tmp_path: Path) -> None:
    directory = make_webdataset(
        tmp_path / "d", [[("x.txt", b"\xef\xbb\xbfone \ntwo"), ("x.png", encoded(0))]], names=(), templates=()
    )
    (directory / "dataset_type.txt").write_text(f"{BOM}retrieval \n")
    captions = open_dataset(str(directory), ()).captions
    assert captions is not None
    assert captions.texts == ("one ", "two")


@pytest.mark.parametrize("label", ["3", True, 1.5, -1])
def test_labels_of_anchors_are_places_or_names(directory: Path, label: object) -> None:
    (directory / "classes.txt").write_text("cat\ndog\n3 \n")
    row = {"anchor": "a.png", "video": "v", "labels": [label], "frames": ["b.png"]}
    (directory / "anchors.jsonl").write_text(json.dumps(row))
    if label == "3":
        assert open_dataset(str(directory), ()).groups["labels"].tolist() == ["2", ""]
    else:
        with pytest.raises(DataError, match="the label"):
            open_dataset(str(directory), ())


def test_groups_are_found_with_marks_around_ids(tmp_path: Path) -> None:
    directory = make_webdataset(tmp_path / "d", [sample(0, 0)])
    (directory / "groups.csv").write_text(f"{BOM}id , g\n s0000000,x \n")
    assert open_dataset(str(directory), ()).groups["g"].tolist() == ["x"]


class TestOddLabels:
    """Labels that a verdict should doubt."""

    def test_numbers_none_of_which_is_0_may_count_from_1(self, directory: Path) -> None:
        (defect,) = table(directory, 1, 2, 1, classes="cat,dog,fox").defects
        assert defect.startswith("no image has the label 0, 'cat': labels that count from 1")
        assert table(directory, 0, 2, 1, classes="cat,dog,fox").defects == ()

    def test_names_may_leave_the_first_class_out(self, directory: Path) -> None:
        assert table(directory, "dog", "fox", "dog", classes="cat,dog,fox").defects == ()

    def test_shards_count_their_labels_too(self, tmp_path: Path) -> None:
        shard = [*sample(0, 1), *sample(1, 2)]
        (defect,) = open_dataset(str(make_webdataset(tmp_path / "w", [shard], ["cat", "dog", "fox"])), ()).defects
        assert defect.startswith("no image has the label 0, 'cat'")

    @pytest.mark.parametrize("text", ["nan", "NaN", "<NA>", "null"])
    def test_what_tables_write_where_nothing_is_known_is_no_class(self, directory: Path, text: str) -> None:
        with pytest.raises(DataError, match="row 2 has the label"):
            table(directory, "cat", text, "dog")
        assert names_of(table(directory, "cat", text, "dog", classes=f"cat,dog,{text}")) == ["cat", text, "dog"]

    def test_a_copy_under_another_class_is_told(self, tmp_path: Path) -> None:
        directory = make_imagefolder(tmp_path / "f", ["cat/a.png", "cat/b.png", "dog/c.png"])
        (directory / "cat" / "b.png").write_bytes((directory / "cat" / "a.png").read_bytes())
        assert open_dataset(str(directory), ()).defects == ()
        (directory / "dog" / "d.png").write_bytes((directory / "cat" / "a.png").read_bytes())
        said = "1 image is a copy of one with another label, the first dog/d.png of cat/a.png: one label is wrong"
        assert open_dataset(str(directory), ()).defects == (said,)
