from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from dataset_makers_protocols import changed_catalogue, counts, make_validation_files, make_validation_shard

from robustcheck.datasets import annotations_of, canonical_id, kept_classes, known_datasets, open_dataset, select
from robustcheck.datasets import imagenet_x as module
from robustcheck.datasets.imagenet_names import validation_name
from robustcheck.datasets.imagenet_x import FACTORS, METACLASSES, imagenet_x_known, validation_known
from robustcheck.errors import DataError, DataMissing

# PROTOCOLS section 2: measured from imagenet-x 0.0.7, validation, prototypes dropped.
TOP = (15064, 14751, 5972, 6150, 1450, 679, 638, 585, 282, 150, 122, 78, 60, 43, 44, 40)
MULTI = (39974, 35537, 15478, 13034, 2873, 1891, 1500, 3604, 879, 390, 512, 217, 105, 586, 94, 1828)
FEW = 5


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Pretend that five images are annotated; return their labels by name."""
    whole = imagenet_x_known()
    small = dataclasses.replace(
        whole,
        ids=whole.ids[:FEW],
        labels=whole.labels[:FEW],
        groups={key: column[:FEW] for key, column in whole.groups.items()},
    )
    monkeypatch.setattr(module, "imagenet_x_known", lambda: small)
    changed_catalogue(monkeypatch)("imagenet-val", count=FEW + 1, classes=None, class_set="imagenet")
    names, labels = small.ids.tolist(), small.labels.tolist()
    return {"ILSVRC2012_val_99999999.JPEG": 3, **dict(zip(names, labels, strict=True))}


def test_protocols_2_counts_of_the_top_factor() -> None:
    known = imagenet_x_known()
    assert len(known.ids) == 46110
    assert len(set(known.labels.tolist())) == 999
    assert counts(known.groups["factor"]) == {**dict(zip(FACTORS, TOP, strict=True)), "": 2}


def test_protocols_2_counts_of_all_factors() -> None:
    found = counts(imagenet_x_known().groups["factors"])
    assert {factor: found[factor] for factor in FACTORS} == dict(zip(FACTORS, MULTI, strict=True))


def test_there_are_17_metaclasses() -> None:
    metaclasses = set(imagenet_x_known().groups["metaclass"].tolist())
    assert metaclasses == {*METACLASSES, "other"}
    assert len(metaclasses) == 17


def test_labels_are_those_of_the_validation_set() -> None:
    whole = validation_known()
    assert np.bincount(whole.labels).tolist() == [50] * 1000
    by_name = dict(zip(whole.ids.tolist(), whole.labels.tolist(), strict=True))
    known = imagenet_x_known()
    assert [by_name[name] for name in known.ids.tolist()] == known.labels.tolist()


def test_annotations_are_known_without_images() -> None:
    dataset = annotations_of("imagenet-x", (), None)
    assert (len(dataset), dataset.task, dataset.prompts) == (46110, "classification", "openai-80")
    assert select(dataset, (("factor", "texture"),)).size == 282
    assert select(dataset, (("factors", "texture"),)).size == 879
    with pytest.raises(DataMissing, match="only its annotations"):
        dataset.image(0)


def test_the_validation_set_is_known_without_images() -> None:
    dataset = annotations_of("imagenet-val", (), None)
    assert len(dataset) == 50000
    kept = kept_classes(dataset, (("classes", "imagenet-a"),))
    assert kept is not None
    assert select(dataset, (("classes", "imagenet-a"),)).size == 10000


def test_other_datasets_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="imagenet-r"):
        annotations_of("imagenet-r", (tmp_path,), None)
    assert len(annotations_of("digits", (), None)) == 797


def test_ids_are_recognised_wherever_they_come_from() -> None:
    assert canonical_id("imagenet-x", "val/n01440764/ILSVRC2012_val_00000293.JPEG") == "ILSVRC2012_val_00000293.JPEG"
    assert canonical_id("imagenet-val", "ILSVRC2012_val_00000293") == "ILSVRC2012_val_00000293.JPEG"
    assert canonical_id("imagenet-r", "n01443537/art_0.jpg") == "n01443537/art_0.jpg"
    assert validation_name("s0000000") is None


def test_it_shows_the_files_of_the_validation_set(tmp_path: Path, few: dict[str, int]) -> None:
    make_validation_files(tmp_path / "imagenet-val", few)
    dataset = open_dataset("imagenet-x", (tmp_path,))
    base = open_dataset("imagenet-val", (tmp_path,))
    assert dataset.base is not None
    assert dataset.rows is not None
    assert dataset.base.fingerprint == base.fingerprint
    assert [name.split("/")[1] for name in base.ids[dataset.rows].tolist()] == dataset.ids.tolist()
    assert dataset.labels.tolist() == [few[name] for name in dataset.ids.tolist()]
    assert set(dataset.groups) == {"factor", "factors", "metaclass"}
    np.testing.assert_array_equal(np.asarray(dataset.image(2)), np.asarray(base.image(int(dataset.rows[2]))))
    assert dataset.fingerprint not in (base.fingerprint, annotations_of("imagenet-x", (), None).fingerprint)


def test_a_column_can_carry_the_names_of_a_webdataset(tmp_path: Path, few: dict[str, int]) -> None:
    make_validation_shard(tmp_path / "wds_imagenet1k", few.values(), few)
    dataset = open_dataset("imagenet-x", (tmp_path,))
    assert dataset.rows is not None
    assert sorted(dataset.rows.tolist()) == [1, 2, 3, 4, 5]
    assert dataset.templates


def test_numbered_keys_are_an_error_that_says_what_to_do(tmp_path: Path, few: dict[str, int]) -> None:
    make_validation_shard(tmp_path / "wds_imagenet1k", few.values())
    with pytest.raises(
        DataError, match=r"(?s)'s0000000' does not carry.*groups\.csv with the columns id and file_name"
    ):
        open_dataset("imagenet-x", (tmp_path,))


def test_missing_images_are_counted(tmp_path: Path, few: dict[str, int]) -> None:
    names = ["ILSVRC2012_val_99999998.JPEG", *list(few)[:-1]]
    make_validation_shard(tmp_path / "wds_imagenet1k", [0, *list(few.values())[:-1]], names)
    with pytest.raises(DataError, match="1 of the 5 annotated images are not in it"):
        open_dataset("imagenet-x", (tmp_path,))


def test_other_labels_are_an_error(tmp_path: Path, few: dict[str, int]) -> None:
    make_validation_shard(tmp_path / "wds_imagenet1k", [label + 1 for label in few.values()], few)
    with pytest.raises(DataError, match="5 images have another class than ImageNet-X says"):
        open_dataset("imagenet-x", (tmp_path,))


def test_missing_images_are_said_to_be_the_validation_sets(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"(?s)imagenet-x shows images of imagenet-val.*wds_imagenet1k"):
        open_dataset("imagenet-x", (tmp_path,))


def test_the_catalogue_names_its_groups() -> None:
    entry = known_datasets()["imagenet-x"]
    assert set(entry.groups) == set(imagenet_x_known().groups)
    assert entry.count == len(imagenet_x_known().ids)


PREDICTIONS = Path(__file__).parents[3] / "shared" / "published" / "imagenet_x_predictions"


@pytest.mark.skipif(not PREDICTIONS.is_dir(), reason="the published predictions are not here")
def test_protocols_2_average_accuracy_of_the_published_resnet50() -> None:
    with (PREDICTIONS / "ResNet50.csv").open(encoding="utf-8") as stream:
        predicted = {row["file_name"]: int(row["predicted_class"]) for row in csv.DictReader(stream)}
    known = imagenet_x_known()
    hits = np.array([predicted[name] for name in known.ids.tolist()]) == known.labels
    assert hits.mean() == pytest.approx(0.746693, abs=1e-6)
    pose = hits[known.groups["factor"] == "pose"]
    assert (1 - pose.mean()) / (1 - hits.mean()) == pytest.approx(0.694739, abs=1e-6)
