from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_makers import make_imagefolder
from dataset_makers_protocols import changed_catalogue, make_disentangling

from robustcheck.datasets import Dataset, known_datasets, open_dataset, select
from robustcheck.errors import DataError

NAMES = ("paint-typographic", "rta-100")
DISENTANGLING = {"IMG_2.JPG": ("cup", "good"), "IMG_1.JPG": ("cup", ""), "IMG_3.JPG": ("apple", "cup")}


def spoken(dataset: Dataset) -> list[tuple[str, str]]:
    """Return what each image shows and what is written on it."""
    objects = [dataset.class_names[label] for label in dataset.labels]
    return list(zip(objects, dataset.groups["typed"].tolist(), strict=True))


def test_protocols_11_the_four_real_sets_are_known() -> None:
    entries = known_datasets()
    for name in (*NAMES, "disentangling", "scam"):
        assert entries[name].task == "typographic"
        assert "typed" in entries[name].groups
    assert entries["disentangling"].count == 180
    assert "variant" in entries["scam"].groups


@pytest.mark.parametrize("name", NAMES)
def test_file_names_carry_both_classes(tmp_path: Path, name: str) -> None:
    make_imagefolder(tmp_path / name / "data", ["label=dog_text=cat.png", "label=ice cream_text=dog.jpg"])
    dataset = open_dataset(name, (tmp_path,))
    assert dataset.task == "typographic"
    assert dataset.class_names == ("cat", "dog", "ice cream")
    assert spoken(dataset) == [("dog", "cat"), ("ice cream", "dog")]
    assert select(dataset, (("typed", "dog"),)).tolist() == [1]
    assert dataset.image(0).size == (12, 12)


def test_a_file_name_without_classes_is_an_error(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "PAINT", ["label=dog_text=cat.png", "dog.png"])
    with pytest.raises(DataError, match=r"(?s)'dog\.png' does not name its classes.*label=dog_text=cat\.png"):
        open_dataset("paint-typographic", (tmp_path,))


@pytest.mark.parametrize("name", ["annotation.json", "annotations.json"])
def test_disentangling_is_read_as_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    changed_catalogue(monkeypatch)("disentangling", count=3)
    make_disentangling(tmp_path / "typographic_attack_dataset", DISENTANGLING, name)
    dataset = open_dataset("disentangling", (tmp_path,))
    assert dataset.class_names == ("apple", "cup", "good")
    assert dataset.ids.tolist() == ["images/IMG_1.JPG", "images/IMG_2.JPG", "images/IMG_3.JPG"]
    assert spoken(dataset) == [("cup", ""), ("cup", "good"), ("apple", "cup")]


def test_the_annotations_are_part_of_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("disentangling", count=3)
    directory = make_disentangling(tmp_path / "disentangling", DISENTANGLING)
    before = open_dataset("disentangling", (tmp_path,)).fingerprint
    make_disentangling(directory, {**DISENTANGLING, "IMG_2.JPG": ("cup", "bad")})
    make_imagefolder(directory, [f"images/{name}" for name in DISENTANGLING])
    assert open_dataset("disentangling", (tmp_path,)).fingerprint != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "not JSON"),
        ("{}", "no images"),
        (json.dumps({"a.jpg": {"true object": "cup"}}), "a.jpg has no two classes"),
        (
            json.dumps({"gone.jpg": {"true object": "cup", "typographic attack label": "x"}}),
            "1 of 1 images are missing",
        ),
    ],
)
def test_wrong_annotations_are_errors(tmp_path: Path, text: str, message: str) -> None:
    directory = make_disentangling(tmp_path / "disentangling", DISENTANGLING)
    (directory / "annotation.json").write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset("disentangling", (tmp_path,))


def test_no_annotations_are_an_error(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "disentangling", ["images/IMG_1.JPG"])
    with pytest.raises(DataError, match=r"no annotation\.json"):
        open_dataset("disentangling", (tmp_path,))


def test_scam_is_a_manifest_with_variants(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "SCAM", ["1.png", "2.png", "3.png"])
    rows = ("1.png,mug,taxi,SCAM", "2.png,mug,taxi,NoSCAM", "3.png,taxi,bus,SynthSCAM")
    (tmp_path / "SCAM" / "manifest.csv").write_text("path,label,typed,variant\n" + "\n".join(rows) + "\n")
    dataset = open_dataset("scam", (tmp_path,))
    assert dataset.class_names == ("bus", "mug", "taxi")
    assert spoken(dataset) == [("mug", "taxi"), ("mug", "taxi"), ("taxi", "bus")]
    assert select(dataset, (("variant", "NoSCAM"),)).tolist() == [1]


def test_scam_without_its_columns_says_which(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "SCAM", ["1.png"])
    (tmp_path / "SCAM" / "manifest.csv").write_text("path,label\n1.png,mug\n")
    with pytest.raises(DataError, match="columns path, label and typed"):
        open_dataset("scam", (tmp_path,))
