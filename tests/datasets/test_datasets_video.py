from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import make_imagefolder, pixels

from robustcheck.datasets import open_dataset
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.video_sets import pm_sets
from robustcheck.errors import DataError, DataMissing
from robustcheck.protocols.video.anchor_frames import pm0_hits, pm_k_hits

FOLDER = "val/ILSVRC2015_val_00000000"


def frame(number: int, video: int = 0) -> str:
    return f"val/ILSVRC2015_val_{video:08d}/{number:06d}.JPEG"


PMSETS = {frame(10): [frame(9), frame(11)], frame(5, 1): []}
LABELS = {frame(10): [26], frame(9): [26], frame(11): [9, 17], frame(5, 1): [0], frame(99, 1): [3]}


def make_vid(directory: Path, metadata: str = "metadata", images: str = "") -> Path:
    keys = sorted({key for anchor, frames in PMSETS.items() for key in (anchor, *frames)})
    make_imagefolder(directory, [key.removeprefix(images) for key in keys])
    place = directory / metadata
    place.mkdir(exist_ok=True)
    (place / "pmsets.json").write_text(json.dumps(PMSETS))
    (place / "labels.json").write_text(json.dumps(LABELS))
    return directory


def pm(dataset: Dataset, predicted: list[int], k: int | None = None) -> tuple[list[float], list[float]]:
    sets = pm_sets(dataset, k)
    of = np.array(predicted)
    return (
        pm0_hits(of, sets.anchors, sets.accepted).tolist(),
        pm_k_hits(of, sets.anchors, sets.accepted, sets.frames, sets.owners, sets.frame_accepted).tolist(),
    )


@pytest.mark.parametrize(("metadata", "images"), [("metadata", ""), (".", ""), ("metadata", "val/")])
def test_vid_robust_as_released(tmp_path: Path, metadata: str, images: str) -> None:
    make_vid(tmp_path / "imagenet-vid-robust", metadata, images)
    dataset = open_dataset("imagenet-vid-robust", (tmp_path,))
    prefix = "" if images else "val/"
    inner = f"{prefix}ILSVRC2015_val_0000000"
    assert dataset.ids.tolist() == [f"{inner}0/{n:06d}.JPEG" for n in (9, 10, 11)] + [f"{inner}1/000005.JPEG"]
    assert (dataset.task, dataset.name, len(dataset.class_names)) == ("video", "imagenet-vid-robust", 30)
    assert dataset.defects == ("2 anchors, where imagenet-vid-robust has 1,109: other images than the released ones",)
    assert dataset.groups["role"].tolist() == ["frame", "anchor", "frame", "anchor"]
    assert dataset.groups["labels"].tolist() == ["26", "26", "9;17", "0"]
    assert dataset.groups["video"].tolist() == ["ILSVRC2015_val_00000000"] * 3 + ["ILSVRC2015_val_00000001"]
    assert dataset.groups["frame"].tolist() == ["9", "10", "11", "5"]
    assert dataset.labels.tolist() == [26, 26, 9, 0]
    np.testing.assert_array_equal(np.asarray(dataset.image(1)).shape, pixels(1).shape)


def test_protocols_9_vid_frames_are_judged_by_their_own_labels(tmp_path: Path) -> None:
    make_vid(tmp_path / "imagenet-vid-robust")
    dataset = open_dataset("imagenet-vid-robust", (tmp_path,))
    assert pm(dataset, [26, 26, 17, 0]) == ([1.0, 1.0], [1.0, 1.0])
    assert pm(dataset, [26, 26, 26, 0]) == ([1.0, 1.0], [0.0, 1.0])
    assert pm_sets(dataset).videos.tolist() == [0, 1]


def test_protocols_9_vid_classes_stand_for_288_imagenet_classes(tmp_path: Path) -> None:
    make_vid(tmp_path / "imagenet-vid-robust")
    dataset = open_dataset("imagenet-vid-robust", (tmp_path,))
    vocabulary, columns = dataset.vocabulary, dataset.columns
    assert vocabulary is not None
    assert columns is not None
    assert (len(vocabulary.names), vocabulary.merge, len(columns)) == (288, "max", 288)
    assert sorted(np.concatenate(vocabulary.members).tolist()) == list(range(288))
    by_name = dict(zip(dataset.class_names, vocabulary.members, strict=True))
    assert columns[by_name["turtle"]].tolist() == [33, 34, 35, 36, 37]
    assert columns[by_name["dog"]].tolist() == list(range(151, 269))
    assert [vocabulary.names[place] for place in by_name["zebra"]] == ["zebra"]


def annotations(labels: list[str], rows: dict[str, list[str]]) -> str:
    given = [{"key": key, "notes": "", "labels": [labels.index(name) for name in own]} for key, own in rows.items()]
    return json.dumps({"labels": labels, "annotations": given})


def make_ytbb(directory: Path, inner: str = "metadata") -> Path:
    """Write a release of four videos: two accepted anchors, an unsure one, and one marked bad by a pair."""
    a, b, c, d = "aaa_100/frame-20.jpg", "b_b_200/frame-50.jpg", "ccc_300/frame-5.jpg", "ddd_400/frame-7.jpg"
    near = {n: f"aaa_100/frame-{n}.jpg" for n in (9, 10, 19, 21, 22, 23)}
    make_imagefolder(directory / "ytbb_videos", [a, b, c, d, *near.values()])
    place = directory / inner
    place.mkdir(exist_ok=True)
    anchors = {a: ["good", "dog"], b: ["good"], c: ["good", "unsure"], d: ["good"]}
    pairs = {
        f"{a},{near[21]}": ["similar", "correct"],
        f"{a},{near[10]}": ["similar"],
        f"{a},{near[9]}": ["similar"],  # eleven frames away
        f"{a},{near[19]}": ["dissimilar"],
        f"{a},{near[22]}": ["similar", "deformation"],
        f"{d},{near[23]}": ["similar", "bad-anchor"],
    }
    (place / "anchor_labels.json").write_text(annotations(["good", "bad", "unsure", "dog"], anchors))
    names = ["similar", "dissimilar", "correct", "deformation", "bad-anchor"]
    (place / "pmk_labels.json").write_text(annotations(names, pairs))
    first = "ytid,time_ms,label\naaa,100,1\nb_b,200,22\nccc,300,0\nddd,400,0\n"
    (place / "ytbb_robustness_test_anchors_full.csv").write_text(first)
    return directory


@pytest.mark.parametrize("inner", ["metadata", "."])
def test_ytbb_robust_as_released(tmp_path: Path, inner: str) -> None:
    make_ytbb(tmp_path / "ytbb-robust", inner)
    dataset = open_dataset("ytbb-robust", (tmp_path,))
    numbers = ["10", "20", "21", "50"]
    assert dataset.ids.tolist() == [*(f"aaa_100/frame-{n}.jpg" for n in numbers[:3]), "b_b_200/frame-50.jpg"]
    assert dataset.groups["role"].tolist() == ["frame", "anchor", "frame", "anchor"]
    # bird (1) at first and dog (19) added; 22 in the table of first labels is car, 23 in the class list
    assert dataset.groups["labels"].tolist() == ["", "1;19", "", "23"]
    assert dataset.groups["anchors"].tolist() == ["aaa_100/frame-20.jpg", "", "aaa_100/frame-20.jpg", ""]
    assert dataset.groups["video"].tolist() == ["aaa"] * 3 + ["b_b"]
    assert dataset.groups["frame"].tolist() == numbers
    assert dataset.labels.tolist() == [1, 1, 1, 23]


def test_protocols_9_ytbb_frames_are_judged_by_their_anchors_labels(tmp_path: Path) -> None:
    make_ytbb(tmp_path / "ytbb-robust")
    dataset = open_dataset("ytbb-robust", (tmp_path,))
    assert pm(dataset, [19, 1, 1, 23]) == ([1.0, 1.0], [1.0, 1.0])
    assert pm(dataset, [19, 1, 0, 0]) == ([1.0, 0.0], [0.0, 0.0])
    assert pm(dataset, [0, 1, 19, 23], k=1) == ([1.0, 1.0], [1.0, 1.0])
    assert pm(dataset, [0, 1, 19, 23], k=10) == ([1.0, 1.0], [0.0, 1.0])


def test_protocols_9_ytbb_has_19_of_24_classes_mapped_to_231(tmp_path: Path) -> None:
    make_ytbb(tmp_path / "ytbb-robust")
    dataset = open_dataset("ytbb-robust", (tmp_path,))
    vocabulary = dataset.vocabulary
    assert vocabulary is not None
    assert len(vocabulary.names) == 231
    empty = [name for name, own in zip(dataset.class_names, vocabulary.members, strict=True) if not len(own)]
    assert empty == ["cow", "giraffe", "skateboard", "toilet", "none"]


def make_own(directory: Path, rows: list[dict[str, object]]) -> Path:
    make_imagefolder(directory, [f"v{video}/{number}.png" for video in (1, 2) for number in range(3)])
    (directory / "classes.txt").write_text("cat\ndog\nowl\n")
    (directory / "anchors.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return directory


ROWS: list[dict[str, object]] = [
    {"anchor": "v1/1.png", "video": "one", "labels": ["cat", 2], "frames": ["v1/0.png", "v1/2.png"]},
    {"anchor": "v2/0.png", "video": "two", "labels": [1]},
]


def test_a_form_of_our_own(tmp_path: Path) -> None:
    dataset = open_dataset(str(make_own(tmp_path / "d", ROWS)), ())
    assert (dataset.name, dataset.task, dataset.class_names) == ("d", "video", ("cat", "dog", "owl"))
    assert (dataset.vocabulary, dataset.columns) == (None, None)
    assert dataset.groups["labels"].tolist() == ["", "0;2", "", "1"]
    assert pm(dataset, [2, 0, 2, 1]) == ([1.0, 1.0], [1.0, 1.0])
    assert pm(dataset, [1, 0, 2, 1]) == ([1.0, 1.0], [0.0, 1.0])


def test_a_form_of_our_own_with_labels_for_frames(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "frame_labels": [["dog"], ["cat"]]}, ROWS[1]]
    dataset = open_dataset(str(make_own(tmp_path / "d", rows)), ())
    assert pm(dataset, [1, 0, 0, 1]) == ([1.0, 1.0], [1.0, 1.0])


def test_an_anchor_may_be_a_frame_of_another_when_all_have_labels(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"anchor": "v1/1.png", "video": "1", "labels": [0], "frames": ["v1/2.png"], "frame_labels": [[1]]},
        {"anchor": "v1/2.png", "video": "1", "labels": [1], "frames": ["v1/1.png"], "frame_labels": [[0]]},
    ]
    dataset = open_dataset(str(make_own(tmp_path / "d", rows)), ())
    assert dataset.groups["anchors"].tolist() == ["v1/2.png", "v1/1.png"]
    assert pm(dataset, [0, 1]) == ([1.0, 1.0], [1.0, 1.0])
    assert pm(dataset, [0, 0]) == ([1.0, 0.0], [0.0, 0.0])
    bare = [{key: value for key, value in row.items() if key != "frame_labels"} for row in rows]
    bare[0]["frames"] = ["v1/2.png", "v1/0.png"]
    with pytest.raises(DataError, match="an anchor and a frame of another anchor"):
        open_dataset(str(make_own(tmp_path / "e", bare)), ())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"anchor": "v1/1.png", "video": "1"}, "found"),
        ({**ROWS[0], "labels": ["dogg"]}, "did you mean 'dog'"),
        ({**ROWS[0], "labels": [3]}, "an index below 3"),
        ({**ROWS[0], "labels": []}, "has no labels"),
        ({**ROWS[0], "frame_labels": [[0]]}, "1 frame_labels for 2 frames"),
        ({**ROWS[0], "frames": ["v1/9.png"]}, "images are missing"),
        ({**ROWS[0], "frames": ["../x.png"]}, "leaves the directory"),
        (ROWS[1], "occurs twice"),
    ],
)
def test_mistakes_of_our_own_form_are_errors(tmp_path: Path, row: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset(str(make_own(tmp_path / "d", [ROWS[1], row])), ())


def test_mistakes_of_a_release_are_errors(tmp_path: Path) -> None:
    directory = make_vid(tmp_path / "imagenet-vid-robust")
    (directory / "metadata" / "labels.json").write_text(json.dumps({**LABELS, frame(9): [30]}))
    with pytest.raises(DataError, match="out of range"):
        open_dataset("imagenet-vid-robust", (tmp_path,))
    (directory / "metadata" / "labels.json").write_text(json.dumps({frame(9): [3]}))
    with pytest.raises(DataError, match="3 frames have no labels"):
        open_dataset("imagenet-vid-robust", (tmp_path,))
    (directory / "metadata" / "labels.json").write_text("[]")
    with pytest.raises(DataError, match="no object of lists"):
        open_dataset("imagenet-vid-robust", (tmp_path,))


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="imagenet-vid-robust"):
        open_dataset("imagenet-vid-robust", (tmp_path,))
    (tmp_path / "ytbb-robust").mkdir()
    with pytest.raises(DataError, match=r"(?s)no anchors.*pmk_labels\.json"):
        open_dataset("ytbb-robust", (tmp_path,))


def test_a_changed_label_changes_the_fingerprint(tmp_path: Path) -> None:
    first = open_dataset(str(make_own(tmp_path / "a", ROWS)), ())
    other = open_dataset(str(make_own(tmp_path / "b", [{**ROWS[0], "labels": [0]}, ROWS[1]])), ())
    assert first.fingerprint != other.fingerprint
