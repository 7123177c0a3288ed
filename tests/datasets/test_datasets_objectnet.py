from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder, make_webdataset, sample
from dataset_makers_protocols import changed_catalogue, make_raw_objectnet, make_validation_shard
from PIL import Image

from robustcheck.datasets import class_sets, kept_classes, open_dataset, select
from robustcheck.datasets.objectnet import objectnet_names, objectnet_vocabulary
from robustcheck.errors import DataError, DataMissing


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    changed_catalogue(monkeypatch)("objectnet", count=113)
    make_raw_objectnet(tmp_path / "objectnet-1.0" / "images")
    return tmp_path


def test_protocols_2_113_classes_map_to_125_of_imagenets() -> None:
    vocabulary = objectnet_vocabulary()
    assert len(objectnet_names()) == len(set(objectnet_names())) == len(vocabulary.members) == 113
    assert len(vocabulary.names) == 125
    assert sorted(place for places in vocabulary.members for place in places.tolist()) == list(range(125))
    assert vocabulary.merge == "max"


def test_names_of_imagenet_stand_for_the_objects() -> None:
    vocabulary = objectnet_vocabulary()
    named = {
        name: [vocabulary.names[place] for place in places]
        for name, places in zip(objectnet_names(), vocabulary.members, strict=True)
    }
    assert named["alarm clock"] == ["analog clock", "digital clock"]
    assert named["pen"] == ["ballpoint pen", "fountain pen", "quill"]
    assert named["drying rack for plates"] == ["plate rack"]
    assert named["t-shirt"] == ["T-shirt"]
    assert list(objectnet_names())[:2] == ["alarm clock", "backpack"]


def test_the_raw_release_keeps_the_overlapping_classes(raw: Path) -> None:
    dataset = open_dataset("objectnet", (raw,))
    assert len(dataset) == 113
    assert dataset.class_names == objectnet_names()
    assert dataset.labels.tolist() == list(range(113))
    assert "air_freshener/x.png" not in dataset.ids.tolist()
    assert dataset.columns is None


def test_the_border_of_raw_files_is_cut_off(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset("objectnet", (raw,))
    with Image.open(raw / "objectnet-1.0" / "images" / dataset.ids[5]) as image:
        whole = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(np.asarray(dataset.image(5)), whole[2:-2, 2:-2])
    changed_catalogue(monkeypatch)("objectnet", border=0)
    assert open_dataset("objectnet", (raw,)).fingerprint != dataset.fingerprint


def test_other_classes_are_no_part_of_the_fingerprint(raw: Path) -> None:
    before = open_dataset("objectnet", (raw,)).fingerprint
    make_raw_objectnet(raw / "objectnet-1.0" / "images", ("air_freshener/x.png", "belt/y.png"))
    assert open_dataset("objectnet", (raw,)).fingerprint == before
    (raw / "objectnet-1.0" / "images" / "templates.txt").write_text("a photo of a {c}.\n")
    assert open_dataset("objectnet", (raw,)).fingerprint != before


def test_webdatasets_keep_their_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("objectnet", count=2)
    make_webdataset(tmp_path / "wds_objectnet", [[*sample(0, 0), *sample(1, 112)]], names=objectnet_names())
    dataset = open_dataset("objectnet", (tmp_path,))
    assert dataset.image(0).size == (12, 12)
    assert dataset.templates


def test_folders_that_are_missing_are_named(tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "objectnet", ["alarm_clock/a.png", "backpack/b.png"])
    with pytest.raises(DataError, match="111 of ObjectNet's 113 classes have no folder, the first 'banana'"):
        open_dataset("objectnet", (tmp_path,))


def test_it_can_be_scored_over_imagenets_names(raw: Path) -> None:
    dataset = open_dataset("objectnet-imagenet", (raw,))
    base = open_dataset("objectnet", (raw,))
    assert dataset.base is not None
    assert dataset.base.fingerprint == base.fingerprint != dataset.fingerprint
    assert dataset.labels.tolist() == base.labels.tolist()
    assert dataset.vocabulary is not None
    assert dataset.columns is not None
    names = np.array(class_sets.imagenet_class_names())
    assert tuple(names[dataset.columns]) == dataset.vocabulary.names
    assert len(dataset.class_names) == 113


def test_another_order_of_the_classes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("objectnet", count=1)
    make_webdataset(tmp_path / "objectnet", [sample(0, 0)], names=objectnet_names()[::-1])
    with pytest.raises(DataError, match=r"another class list: 112 of 113 names differ"):
        open_dataset("objectnet-imagenet", (tmp_path,))


def test_what_is_missing_is_objectnet(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="objectnet-imagenet shows images of objectnet"):
        open_dataset("objectnet-imagenet", (tmp_path,))


class TestTheMatchingAxis:
    """ImageNet-val on ObjectNet's classes (PROTOCOLS section 2): 6,250 images of 125 classes."""

    @pytest.fixture
    def root(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        changed_catalogue(monkeypatch)("imagenet-val", count=1000)
        make_validation_shard(tmp_path / "imagenet1k", range(1000))
        return tmp_path

    def test_protocols_2_the_125_classes_can_be_told_apart(self, root: Path) -> None:
        dataset = open_dataset("imagenet-val", (root,))
        rows = select(dataset, (("classes", "objectnet"),))
        kept = kept_classes(dataset, (("classes", "objectnet"),))
        assert kept is not None
        assert rows.tolist() == kept.tolist() == class_sets.class_set_indices("objectnet").tolist()

    def test_protocols_2_or_be_merged_into_the_113_objects(self, root: Path) -> None:
        dataset = open_dataset("imagenet-val-on-objectnet", (root,))
        assert len(dataset) == 125
        assert dataset.rows is not None
        assert dataset.rows.tolist() == class_sets.class_set_indices("objectnet").tolist()
        assert dataset.class_names == objectnet_names()
        clocks = dataset.labels[np.isin(dataset.rows, [409, 530])]
        assert clocks.tolist() == [0, 0]
        assert dataset.vocabulary is not None
        for label, places in enumerate(dataset.vocabulary.members):
            assert set(dataset.rows[dataset.labels == label]) == set(dataset.columns[places])

    def test_classes_of_a_vocabulary_can_be_restricted(self, root: Path) -> None:
        dataset = open_dataset("imagenet-val-on-objectnet", (root,))
        kept = kept_classes(dataset, (("classes", "imagenet-a"),))
        assert kept is not None
        inside = class_sets.class_set_indices("imagenet-a")
        assert 0 < len(kept) < 113
        assert dataset.vocabulary is not None
        for label, places in enumerate(dataset.vocabulary.members):
            assert (label in kept) == bool(np.isin(dataset.columns[places], inside).any())
        assert set(dataset.labels[select(dataset, (("classes", "imagenet-a"),))]) == set(kept)
