"""Real photographs and stimuli in every layout that holds them; skipped where they are not beside the checkout."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_webdataset
from dataset_makers_protocols import changed_catalogue

from robustcheck.datasets import class_sets, open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.doctor import examine

REAL = Path(__file__).parents[3] / "shared" / "real"
PHOTOS, STIMULI = REAL / "imagenet250", REAL / "cue_conflict160"

pytestmark = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason="the real images are not beside this checkout (shared/real)"
)


@pytest.fixture(scope="module")
def folders() -> Dataset:
    return open_dataset(str(PHOTOS), ())


def photos() -> list[Path]:
    return sorted(PHOTOS.glob("*/*.JPEG"))


def pairs(dataset: Dataset) -> dict[str, tuple[str, int]]:
    """Return the class of each image, by the image's own file name: its name, and its place among ImageNet's."""
    assert dataset.columns is not None
    files = [os.path.basename(name) for name in dataset.ids.tolist()]
    found = [(dataset.class_names[label], int(dataset.columns[label])) for label in dataset.labels.tolist()]
    return dict(zip(files, found, strict=True))


def test_wordnet_folders(folders: Dataset) -> None:
    assert (len(folders), len(folders.class_names), folders.defects) == (250, 250, ())
    assert folders.columns is not None
    # One of every fourth class, and each file's name carries its class.
    assert folders.columns.tolist() == list(range(0, 1000, 4))
    place = {wnid: index for index, wnid in enumerate(class_sets.imagenet_wnids())}
    names = class_sets.imagenet_class_names()
    for file, found in pairs(folders).items():
        label = place[file.partition("_")[0]]
        assert found == (names[label], label)


def test_a_manifest_of_ids_and_one_of_places_say_the_same(tmp_path: Path, folders: Dataset) -> None:
    (tmp_path / "images").symlink_to(PHOTOS)
    place = {wnid: label for label, wnid in enumerate(sorted(path.parent.name for path in photos()))}
    rows = [(f"images/{path.parent.name}/{path.name}", path.parent.name) for path in reversed(photos())]
    (tmp_path / "manifest.csv").write_text("path,label\n" + "".join(f"{name},{wnid}\n" for name, wnid in rows))
    by_id = open_dataset(str(tmp_path), ())
    (tmp_path / "manifest.csv").write_text("path,label\n" + "".join(f"{name},{place[wnid]}\n" for name, wnid in rows))
    (tmp_path / "classes.txt").write_text("\n".join(place))
    by_place = open_dataset(str(tmp_path), ())
    assert pairs(by_id) == pairs(by_place) == pairs(folders)
    assert by_id.defects == by_place.defects == ()


def test_shards_of_the_same_photographs(tmp_path: Path, folders: Dataset) -> None:
    wnids = sorted(path.parent.name for path in photos())
    members = [
        [(f"s{row:07d}.jpg", path.read_bytes()), (f"s{row:07d}.cls", str(wnids.index(path.parent.name)).encode())]
        for row, path in enumerate(photos())
    ]
    halves = ([field for own in part for field in own] for part in (members[:130], members[130:]))
    directory = make_webdataset(tmp_path / "wds_photos", list(halves), names=wnids)
    (directory / "groups.csv").write_text(
        "id,file\n" + "".join(f"s{row:07d},{path.name}\n" for row, path in enumerate(photos()))
    )
    shards = open_dataset(str(directory), ())
    assert shards.columns is not None
    known = pairs(folders)
    for row, file in enumerate(shards.groups["file"].tolist()):
        label = shards.labels[row]
        assert (shards.class_names[label], int(shards.columns[label])) == known[file]
        if row % 10:
            continue
        same = folders.image(folders.ids.tolist().index(f"{file.partition('_')[0]}/{file}"))
        np.testing.assert_array_equal(np.asarray(shards.image(row)), np.asarray(same))


def test_the_same_photographs_without_their_folders(tmp_path: Path, folders: Dataset) -> None:
    for path in photos():
        (tmp_path / path.name).symlink_to(path)
    assert pairs(open_dataset(str(tmp_path), ())) == pairs(folders)


def test_what_archives_leave_behind_changes_nothing(tmp_path: Path, folders: Dataset) -> None:
    for folder in sorted(PHOTOS.iterdir()):
        (tmp_path / folder.name).symlink_to(folder)
    for place in ("__MACOSX", ".ipynb_checkpoints", "runs"):
        (tmp_path / place).mkdir()
    (tmp_path / "__MACOSX" / "a.JPEG").write_bytes(photos()[0].read_bytes())
    dataset = open_dataset(str(tmp_path), ())
    assert pairs(dataset) == pairs(folders)
    assert dataset.defects == ("1 folders without images are not counted as classes, the first 'runs'",)


def test_the_doctor_looks_at_real_headers() -> None:
    found = {finding.what: finding.level for finding in examine(str(PHOTOS), ())}
    assert found["decoding"] == "ok"
    assert set(found.values()) <= {"ok", "warning"}


def test_real_stimuli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("cue-conflict", count=160)
    (tmp_path / "cue-conflict").symlink_to(STIMULI)
    dataset = open_dataset("cue-conflict", (tmp_path,))
    assert set(Counter(dataset.labels.tolist()).values()) == {10}
    assert Counter(dataset.groups["conflict"].tolist())["no"] == sum(
        name.stem.rstrip("0123456789").rpartition("-")[2] == name.parent.name for name in STIMULI.glob("*/*.png")
    )
    assert dataset.image(0).size == (224, 224)
    assert dataset.defects == ()
