"""Sets without class folders: ImageNet's own file names, WordNet ids in file names, timm's shards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_makers import make_imagefolder, pixels, sample, write_tar
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import class_sets, known_datasets, open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.imagenet_names import validation_labels
from robustcheck.errors import DataError

FIRST = ("ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000293.JPEG")


def opened(directory: Path) -> Dataset:
    return open_dataset(str(directory), ())


def classes(dataset: Dataset) -> list[str]:
    return [dataset.class_names[label] for label in dataset.labels.tolist()]


# --- flat ---------------------------------------------------------------------------------------------


def test_validation_images_are_known_by_their_names(tmp_path: Path) -> None:
    dataset = opened(make_imagefolder(tmp_path / "d", FIRST))
    assert dataset.labels.tolist() == [65, 0]
    assert classes(dataset) == ["sea snake", "tench"]
    assert dataset.class_set == "imagenet"
    assert len(validation_labels()) == 50_000


@pytest.mark.parametrize("place", ["imagenet-val", "ILSVRC/Data/CLS-LOC/val", "imagenet/val"])
def test_a_flat_validation_set_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    changed_catalogue(monkeypatch)("imagenet-val", count=2)
    make_imagefolder(tmp_path / place, FIRST)
    dataset = open_dataset("imagenet-val", (tmp_path,))
    assert (dataset.labels.tolist(), dataset.class_set) == ([65, 0], "imagenet")


def test_the_synset_list_of_the_devkit_must_agree(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", FIRST)
    wnids = [class_sets.imagenet_wnids()[label] for label in (65, 0)]
    names = directory / "imagenet_2012_validation_synset_labels.txt"
    names.write_text("\n".join(wnids))
    assert opened(directory).labels.tolist() == [65, 0]
    names.write_text("\n".join(wnids[::-1]))
    with pytest.raises(DataError, match=r"synset_labels\.txt: n01440764 for ILSVRC2012_val_00000001\.JPEG"):
        opened(directory)


def test_images_alone_are_a_set_without_labels(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["a.png", "b.png"])
    dataset = opened(directory)
    assert (dataset.layout, dataset.task, len(dataset.ids)) == ("unlabelled", "ood", 2)
    assert dataset.defects == ()
    # What lies beside them may say what they show.
    (directory / "labels.txt").write_text("cat dog")
    with pytest.raises(DataError, match=r"found a directory with a\.png, b\.png") as caught:
        opened(directory)
    assert "manifest.csv" in caught.value.expected


def test_a_name_beyond_the_validation_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of the 50,000 validation images"):
        opened(make_imagefolder(tmp_path / "d", ["ILSVRC2012_val_00050001.JPEG"]))


def test_names_that_carry_wordnet_ids(tmp_path: Path) -> None:
    dataset = opened(
        make_imagefolder(tmp_path / "d", ["n01443537_1.JPEG", "val_n01440764.png", "n01443537_goldfish.png"])
    )
    assert dict(zip(dataset.ids.tolist(), classes(dataset), strict=True)) == {
        "n01443537_1.JPEG": "goldfish",
        "n01443537_goldfish.png": "goldfish",
        "val_n01440764.png": "tench",
    }
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [0, 1]


def test_the_id_in_a_validation_name_must_be_its_own(tmp_path: Path) -> None:
    assert classes(opened(make_imagefolder(tmp_path / "a", ["ILSVRC2012_val_00000293_n01440764.JPEG"]))) == ["tench"]
    with pytest.raises(DataError, match="carries n01443537"):
        opened(make_imagefolder(tmp_path / "b", ["ILSVRC2012_val_00000293_n01443537.JPEG"]))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["n01443537_1.JPEG", "x.png"], r"x\.png carries no WordNet id"),
        (["n00000001_1.JPEG"], "carries n00000001, which is none of ImageNet-1k"),
    ],
)
def test_names_of_which_one_tells_nothing(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        opened(make_imagefolder(tmp_path / "d", names))
    assert "manifest.csv" in caught.value.fix


def test_an_image_in_the_folder_of_another_class_is_an_error(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["n01440764/n01440764_1.JPEG", "n01443537/n01440764_2.JPEG"])
    with pytest.raises(DataError, match=r"n01443537/n01440764_2\.JPEG carries the id of another class than its folder"):
        opened(directory)


def test_a_validation_image_in_the_folder_of_another_class_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_catalogue(monkeypatch)("imagenet-val", count=2)
    directory = tmp_path / "imagenet-val"
    make_imagefolder(directory, [f"n01440764/{FIRST[1]}", f"n01443537/{FIRST[0]}"])
    for wnid in class_sets.imagenet_wnids():
        (directory / wnid).mkdir(exist_ok=True)
    with pytest.raises(DataError, match="1 images have another class than ImageNet's own list says"):
        open_dataset("imagenet-val", (tmp_path,))


def test_the_places_of_the_validation_set_are_looked_for() -> None:
    assert {"ILSVRC/Data/CLS-LOC/val", "imagenet/val"} <= set(known_datasets()["imagenet-val"].places)


# --- shards ---------------------------------------------------------------------------------------------


def shards(directory: Path, counts: list[int], stem: str = "set-validation") -> list[str]:
    names, number = [], 0
    for shard, count in enumerate(counts):
        members = [member for offset in range(count) for member in sample(number + offset, (number + offset) % 3)]
        names.append(write_tar(directory / f"{stem}-{shard:02}.tar", members).name)
        number += count
    return names


def told(directory: Path, splits: dict[str, tuple[list[str], list[int]]], **more: object) -> Path:
    facts = {
        name: {"name": name, "filenames": files, "shard_lengths": lengths, "num_samples": sum(lengths), **more}
        for name, (files, lengths) in splits.items()
    }
    (directory / "_info.json").write_text(json.dumps({"name": "set", "splits": facts}))
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "classnames.txt").write_text("cat\ndog\nowl\n")
    return tmp_path / "d"


def test_shards_of_one_directory_are_read(directory: Path) -> None:
    names = shards(directory, [3, 2])
    for _ in range(2):
        dataset = opened(directory)
        assert dataset.labels.tolist() == [0, 1, 2, 0, 1]
        assert (pixels(4) == dataset.image(4)).all()
        told(directory, {"validation": (names, [3, 2])})


def test_of_several_splits_the_one_for_testing_is_read(directory: Path) -> None:
    train, validation = shards(directory, [1, 1], "set-train"), shards(directory, [2], "set-validation")
    assert len(opened(directory)) == 2
    told(directory, {"train": (train, [1, 1]), "validation": (validation, [2])})
    assert len(opened(directory)) == 2


@pytest.mark.parametrize(
    ("lengths", "lost", "message"),
    [
        ([3, 2], "set-validation-01.tar", r"1 of 2 shards are missing, the first set-validation-01\.tar"),
        ([2, 2], "", r"set-validation-00\.tar: 3 samples"),
    ],
)
def test_what_info_tells_must_hold(directory: Path, lengths: list[int], lost: str, message: str) -> None:
    told(directory, {"validation": (shards(directory, [3, 2]), lengths)})
    if lost:
        (directory / lost).unlink()
    with pytest.raises(DataError, match=message):
        opened(directory)


def test_without_info_a_missing_number_is_an_error(directory: Path) -> None:
    shards(directory, [1, 1, 1])
    (directory / "set-validation-01.tar").unlink()
    with pytest.raises(DataError, match=r"no shard 1, but set-validation-02\.tar"):
        opened(directory)


@pytest.mark.parametrize(
    ("stems", "message"),
    [
        (("a", "b"), "2 splits that could be meant: a, b"),
        (("a-val", "b-test"), "2 splits that could be meant"),
        (("photos.v",), None),
    ],
)
def test_splits_that_could_be_meant(directory: Path, stems: tuple[str, ...], message: str | None) -> None:
    for stem in stems:
        shards(directory, [1], stem)
    if message is None:
        assert len(opened(directory)) == 1
    else:
        with pytest.raises(DataError, match=message):
            opened(directory)


def test_labels_in_json_fields_are_refused(directory: Path) -> None:
    told(directory, {"validation": (shards(directory, [1]), [1])}, alt_label="real")
    with pytest.raises(DataError, match="in the field 'real'"):
        opened(directory)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"splits": {"a": 1}}', '{"splits": {"a": {"filenames": ["../x.tar"]}}}', "{"]
)
def test_damaged_info_is_an_error(directory: Path, text: str) -> None:
    shards(directory, [1])
    (directory / "_info.json").write_text(text)
    with pytest.raises(DataError, match=r"_info\.json"):
        opened(directory)


def test_timm_shards_stand_for_the_validation_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-val", count=3)
    shards(tmp_path / "imagenet-val", [2, 1], "imagenet1k-validation")
    dataset = open_dataset("imagenet-val", (tmp_path,))
    assert (dataset.class_set, dataset.labels.tolist()) == ("imagenet", [0, 1, 2])
