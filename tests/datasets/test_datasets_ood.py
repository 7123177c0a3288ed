from __future__ import annotations

from pathlib import Path

import pytest
from dataset_makers import make_imagefolder, make_webdataset, sample
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import class_sets, known_datasets, open_dataset, select
from robustcheck.errors import DataError, DataMissing

# PROTOCOLS section 5.
COUNTS = {"inaturalist": 10000, "sun": 10000, "places": 10000, "textures": 5640, "imagenet-o": 2000, "ninco": 5879}


def test_protocols_5_counts() -> None:
    entries = {name: entry for name, entry in known_datasets().items() if name in COUNTS}
    assert {name: entry.count for name, entry in entries.items()} == COUNTS
    assert {entry.task for entry in entries.values()} == {"ood"}
    assert {entry.id_dataset for entry in entries.values()} == {"imagenet-val"}
    assert entries["ninco"].classes == 64
    assert entries["textures"].classes == 47


@pytest.mark.parametrize("files", [("a.jpg", "b.png"), ("images/a.jpg", "images/b.png")])
@pytest.mark.parametrize("place", ["iNaturalist", "inaturalist"])
def test_unlabelled_images_are_one_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], place: str
) -> None:
    changed_catalogue(monkeypatch)("inaturalist", count=2)
    make_imagefolder(tmp_path / place, files)
    (tmp_path / place / "LICENSE.txt").write_text("hello")
    dataset = open_dataset("inaturalist", (tmp_path,))
    assert (dataset.task, dataset.id_dataset, dataset.class_names) == ("ood", "imagenet-val", ("unknown",))
    assert dataset.labels.tolist() == [0, 0]
    assert dataset.ids.tolist() == list(files)
    assert dataset.image(1).mode == "RGB"


def test_a_directory_without_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "SUN" / "images").mkdir(parents=True)
    with pytest.raises(DataError, match="no images") as caught:
        open_dataset("sun", (tmp_path,))
    assert not isinstance(caught.value, DataMissing)


def test_an_incomplete_copy_is_an_error(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "Places", ["a.jpg"])
    with pytest.raises(DataError, match=r"(?s)1 images.*10000, the whole of places"):
        open_dataset("places", (tmp_path,))


def test_ninco_has_a_class_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("ninco", count=3, classes=2)
    make_imagefolder(
        tmp_path / "NINCO" / "NINCO_OOD_classes", ["amphiuma_means/a.jpg", "amphiuma_means/b.jpg", "windsock/c.jpg"]
    )
    make_imagefolder(tmp_path / "NINCO" / "NINCO_OOD_unit_tests", ["noise/a.png"])
    dataset = open_dataset("ninco", (tmp_path,))
    assert dataset.class_names == ("amphiuma means", "windsock")
    assert dataset.labels.tolist() == [0, 0, 1]
    assert select(dataset, (("class", "windsock"),)).tolist() == [2]


def test_unnamed_classes_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("ninco", count=2, classes=2)
    make_webdataset(tmp_path / "ninco", [[*sample(0, 0), *sample(1, 1)]], names=())
    assert open_dataset("ninco", (tmp_path,)).class_names == ("class 0", "class 1")


def test_imagenet_o_keeps_its_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("imagenet-o", count=2)
    make_webdataset(
        tmp_path / "imagenet-o", [[*sample(0, 0), *sample(1, 199)]], names=class_sets.class_set_names("imagenet-o")
    )
    dataset = open_dataset("imagenet-o", (tmp_path,))
    assert dataset.id_dataset == "imagenet-val"
    assert dataset.labels.tolist() == [0, 199]
