"""Which folders are classes, in which order, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataset_makers import make_imagefolder, make_webdataset, sample
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import class_sets, open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.doctor import examine
from robustcheck.errors import DataError

TENCH, GOLDFISH, SHARK = "n01440764", "n01443537", "n01484850"


def opened(directory: Path) -> Dataset:
    return open_dataset(str(directory), ())


def named(directory: Path, *lines: str) -> Path:
    (directory / "classnames.txt").write_text("".join(f"{line}\n" for line in lines))
    return directory


def by_folder(dataset: Dataset) -> dict[str, str]:
    """Return the class of each folder by its name."""
    pairs = zip(dataset.ids.tolist(), dataset.labels.tolist(), strict=True)
    return {name.partition("/")[0]: dataset.class_names[label] for name, label in pairs}


# --- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0, 1])
def test_numbered_folders_follow_their_numbers(tmp_path: Path, start: int) -> None:
    numbers = range(start, start + 12)
    directory = named(
        make_imagefolder(tmp_path / "d", [f"{n}/x.png" for n in numbers]), *(f"name {n}" for n in numbers)
    )
    assert by_folder(opened(directory)) == {str(n): f"name {n}" for n in numbers}


def test_numbers_with_a_gap_are_placed_by_number(tmp_path: Path) -> None:
    files = [f"{n}/x.png" for n in (0, 2, 10)]
    directory = named(make_imagefolder(tmp_path / "d", files), *(f"name {n}" for n in range(11)))
    dataset = opened(directory)
    assert by_folder(dataset) == {"0": "name 0", "2": "name 2", "10": "name 10"}
    assert dataset.defects == ("8 of 11 classes have no image",)


@pytest.mark.parametrize(
    ("folders", "lines"),
    [
        (["0", "2"], 2),  # by place or by number?
        (["1", "2"], 3),  # from 0 or from 1?
        (["1", "3"], 2),
        (["0", "1"], 1),
    ],
)
def test_numbers_that_do_not_fit_the_names_are_an_error(tmp_path: Path, folders: list[str], lines: int) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{folder}/x.png" for folder in folders])
    with pytest.raises(DataError, match=rf"{lines} class names for 2 folders numbered .*") as caught:
        opened(named(directory, *"abcd"[:lines]))
    assert "FOLDER<TAB>NAME" in caught.value.expected


def test_numbers_from_one_without_names_are_an_error(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{n}/x.png" for n in range(1, 11)])
    with pytest.raises(DataError, match=r"numbered from 1, and nothing says which class") as caught:
        opened(directory)
    assert "classnames.txt" in caught.value.fix


def test_a_gap_in_a_catalogued_set_shifts_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-v2", count=2)
    make_imagefolder(tmp_path / "imagenet-v2", ["0/x.png", "7/x.png"])
    assert open_dataset("imagenet-v2", (tmp_path,)).labels.tolist() == [0, 7]


def test_two_folders_of_one_number_are_an_error(tmp_path: Path) -> None:
    directory = named(make_imagefolder(tmp_path / "d", ["1/x.png", "01/x.png"]), "a", "b")
    with pytest.raises(DataError, match="several folders are number 1"):
        opened(directory)


def test_a_number_among_names_is_an_error_until_it_is_named(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["7/x.png", "cat/x.png", "dog/x.png"])
    with pytest.raises(DataError, match=r"some folders are numbers \(7\) and some are names"):
        opened(directory)
    assert by_folder(opened(named(directory, "dog\tdog", "7\tseven", "cat\ttabby"))) == {
        "7": "seven",
        "cat": "tabby",
        "dog": "dog",
    }


# --- classnames.txt ------------------------------------------------------------------------------------


def test_lines_that_are_the_folders_own_names_order_them(tmp_path: Path) -> None:
    directory = named(make_imagefolder(tmp_path / "d", ["cat/x.png", "snow_owl/x.png"]), "snow owl", "cat")
    dataset = opened(directory)
    assert dataset.class_names == ("snow owl", "cat")
    assert by_folder(dataset) == {"cat": "cat", "snow_owl": "snow owl"}


def test_lines_that_are_wordnet_ids_order_the_folders(tmp_path: Path) -> None:
    dataset = opened(named(make_imagefolder(tmp_path / "d", [f"{TENCH}/x.png", f"{GOLDFISH}/x.png"]), GOLDFISH, TENCH))
    assert dataset.class_names == ("goldfish", "tench")
    assert by_folder(dataset) == {TENCH: "tench", GOLDFISH: "goldfish"}


def test_imagenets_own_names_in_another_order_are_matched_by_name(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{TENCH}/x.png", f"{GOLDFISH}/x.png"])
    assert by_folder(opened(named(directory, "goldfish", "tench"))) == {TENCH: "tench", GOLDFISH: "goldfish"}


def test_synsets_with_their_names_are_matched_by_id(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{TENCH}/x.png", f"{GOLDFISH}/x.png"])
    lines = (f"{GOLDFISH} goldfish, Carassius auratus", f"{TENCH} tench, Tinca tinca")
    assert by_folder(opened(named(directory, *lines)))[TENCH] == "tench, Tinca tinca"


def test_a_line_that_is_another_folders_name_is_an_error(tmp_path: Path) -> None:
    directory = named(make_imagefolder(tmp_path / "d", ["cat/x.png", "dog/x.png"]), "dog", "tabby cat")
    with pytest.raises(DataError, match="line 1 is 'dog', which is the folder 'dog', but stands for 'cat'"):
        opened(directory)


def test_names_that_sort_otherwise_by_number_need_their_folders(tmp_path: Path) -> None:
    folders = [f"class_{n}" for n in (1, 2, 10)]
    directory = named(make_imagefolder(tmp_path / "d", [f"{folder}/x.png" for folder in folders]), "one", "two", "ten")
    with pytest.raises(DataError, match="may be the name of 'class_10', in the order of the text") as caught:
        opened(directory)
    assert "FOLDER<TAB>NAME" in caught.value.expected
    pairs = zip(folders, ("one", "two", "ten"), strict=True)
    named(directory, *("\t".join(pair) for pair in pairs))
    assert by_folder(opened(directory)) == {"class_1": "one", "class_2": "two", "class_10": "ten"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["cat\tcat", "cat\tdog"], "two lines for the folder 'cat'"),
        (["cat\tcat"], "no line for the folder 'dog'"),
        (["cat\tcat", "dog\t"], "no folder and name in 'dog'"),
    ],
)
def test_wrong_pairs_are_errors(tmp_path: Path, lines: list[str], message: str) -> None:
    directory = make_imagefolder(tmp_path / "d", ["cat/x.png", "dog/x.png"])
    with pytest.raises(DataError, match=message):
        opened(named(directory, *lines))


def test_marks_and_spaces_around_names_do_not_count(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a/x.png", "b/x.png"])
    (directory / "classnames.txt").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf tabby cat\t \r\n\xef\xbb\xbfred fox\r\n\r\n")
    assert opened(directory).class_names == ("tabby cat", "red fox")


# --- folders that are no classes -------------------------------------------------------------------------


def test_what_programs_leave_behind_is_no_class(tmp_path: Path) -> None:
    files = [f"{TENCH}/a.png", f"{TENCH}/.ipynb_checkpoints/a-checkpoint.png", f"{GOLDFISH}/b.png"]
    left = [f"__MACOSX/{TENCH}/._a.png", "__MACOSX/x.png", ".ipynb_checkpoints/c.png", "@eaDir/d.png", ".cache/e.png"]
    dataset = opened(make_imagefolder(tmp_path / "d", [*files, *left]))
    assert dataset.ids.tolist() == [f"{TENCH}/a.png", f"{GOLDFISH}/b.png"]
    assert dataset.class_names == ("tench", "goldfish")
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [0, 1]
    assert dataset.defects == ()


def test_an_empty_folder_is_no_class_and_said(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{TENCH}/a.png", f"{GOLDFISH}/b.png"])
    (directory / "results").mkdir()
    dataset = opened(directory)
    assert dataset.class_names == ("tench", "goldfish")
    assert dataset.defects == ("1 folders without images are not counted as classes, the first 'results'",)


def test_a_stray_folder_of_images_does_not_unname_the_others(tmp_path: Path) -> None:
    dataset = opened(make_imagefolder(tmp_path / "d", [f"{TENCH}/a.png", f"{GOLDFISH}/b.png", "misc/c.png", "x.png"]))
    assert dataset.class_names == ("tench", "goldfish")
    assert len(dataset) == 2
    assert dataset.defects == (
        "1 images in folders that are not a class are not read, the first folder 'misc'",
        "1 images beside the class folders are not read",
    )


def test_an_empty_class_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{TENCH}/a.png", f"{SHARK}/b.png"])
    (directory / GOLDFISH).mkdir()
    before = opened(directory)
    assert by_folder(before) == {TENCH: "tench", SHARK: "great white shark"}
    assert before.labels.tolist() == [0, 2]
    assert before.defects == ("1 of 3 classes have no image",)
    (directory / GOLDFISH).rename(directory / "n01491361")
    after = opened(directory)
    assert after.labels.tolist() == [0, 1]
    assert after.fingerprint != before.fingerprint


def test_renaming_an_empty_folder_that_is_no_class_shifts_nothing(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["ant/a.png", "owl/b.png"])
    (directory / "bee").mkdir()
    before = opened(directory)
    (directory / "bee").rename(directory / "zebra")
    after = opened(directory)
    assert (
        (after.class_names, after.labels.tolist())
        == (before.class_names, before.labels.tolist())
        == (("ant", "owl"), [0, 1])
    )


def test_classnames_may_count_an_empty_folder(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["ant/a.png", "owl/b.png"])
    (directory / "bee").mkdir()
    assert by_folder(opened(named(directory, "an ant", "a bee", "an owl"))) == {"ant": "an ant", "owl": "an owl"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["train/cat/1.png", "test/cat/2.png"], "parts of a set, not classes"),
        (["val/1.png", "val/dog/2.png"], "parts of a set, not classes"),
        (
            ["images/cat/1.png", "images/dog/2.png"],
            r"one class folder, images, which holds folders(?s:.*)perhaps .*/images$",
        ),
        (
            ["Data/CLS-LOC/val/1.png", "Data/CLS-LOC/test/1.png"],
            r"one class folder, Data(?s:.*)perhaps .*/Data/CLS-LOC$",
        ),
        (["Data/CLS-LOC/val/1.png"], r"one class folder, Data(?s:.*)perhaps .*/Data/CLS-LOC/val$"),
        (["n00000001/1.png", f"{TENCH}/2.png", f"{GOLDFISH}/2.png"], "1 of 3 WordNet ids are none of ImageNet-1k's"),
        ([f"{TENCH}/1.png", "cat/2.png"], "some folders are WordNet ids"),
        (["a_b/1.png", "a b/2.png"], "several folders are called 'a b'"),
    ],
)
def test_folders_that_may_be_no_classes_are_errors(tmp_path: Path, files: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(make_imagefolder(tmp_path / "d", files))


def test_sequences_have_their_classes_by_the_same_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-p", classes=2, class_set="")
    files = [f"{TENCH}/v/{n}.jpg" for n in (1, 2)] + [f"{GOLDFISH}/w/1.jpg", "__MACOSX/v/1.jpg", f"{TENCH}/.x/1.jpg"]
    make_imagefolder(tmp_path / "imagenet-p" / "noise" / "shot_noise", files)
    dataset = open_dataset("imagenet-p/shot_noise", (tmp_path,))
    assert dataset.class_names == ("tench", "goldfish")
    assert dataset.ids.tolist() == [f"{TENCH}/v/0", f"{TENCH}/v/1", f"{GOLDFISH}/w/0"]


def test_names_beside_sequences_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-p", classes=2, class_set="")
    directory = make_imagefolder(tmp_path / "imagenet-p" / "shot_noise", ["a/v/1.jpg", "b/w/1.jpg"])
    named(directory, "one", "two", "three")
    with pytest.raises(DataError, match="3 class names for 2 folders"):
        open_dataset("imagenet-p/shot_noise", (tmp_path,))


def test_wordnet_ids_in_classnames_of_shards_are_named(tmp_path: Path) -> None:
    members = [*sample(0, 0), *sample(1, 1)]
    dataset = opened(make_webdataset(tmp_path / "d", [members], names=(GOLDFISH, TENCH)))
    assert dataset.class_names == ("goldfish", "tench")
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [1, 0]


def test_the_doctor_tells_what_was_passed_over(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{TENCH}/a.png", f"{GOLDFISH}/b.png", "misc/c.png"])
    content = [finding for finding in examine(str(directory), ()) if finding.what == "content"]
    assert [finding.level for finding in content] == ["warning"]
    assert "'misc'" in content[0].detail


def test_all_of_imagenet_sorted_by_name_keeps_its_ids(tmp_path: Path) -> None:
    wnids = class_sets.imagenet_wnids()
    directory = make_imagefolder(tmp_path / "d", [f"{wnids[0]}/a.png"])
    for wnid in wnids[1:]:
        (directory / wnid).mkdir()
    assert opened(directory).class_set == "imagenet"
