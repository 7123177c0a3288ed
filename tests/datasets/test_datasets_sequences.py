from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from dataset_makers import make_imagefolder, pixels

from robustcheck.datasets import class_sets, known_datasets, open_dataset
from robustcheck.datasets import open as opening
from robustcheck.datasets.sequences import sequences_of
from robustcheck.errors import DataError, SetupError
from robustcheck.protocols.sequence.flips import flip_rates

Open = Callable[[], object]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two classes stand for the 1000."""
    entries = dict(known_datasets())
    entries["imagenet-p"] = dataclasses.replace(entries["imagenet-p"], classes=2, class_set="")
    monkeypatch.setattr(opening, "known_datasets", lambda: entries)


def write_video(path: Path, levels: list[int]) -> Path:
    """Write an MP4 of grey frames of these levels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for level in levels:
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def make_videos(directory: Path) -> Path:
    write_video(directory / "n01440764" / "b.mp4", [0, 60, 120, 180])
    write_video(directory / "n01440764" / "a.mp4", [250, 200, 150])
    write_video(directory / "n01443537" / "c.mp4", [30, 90])
    return directory


def make_frames(directory: Path) -> Path:
    names = [f"n01440764/v/frame_{number}.png" for number in (10, 9, 0)]
    return make_imagefolder(directory, [*names, "n01443537/w/1.png", "n01443537/w/2.png"])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("inner", ["rotate", "digital/rotate"])
def test_video_files_become_frames(tmp_path: Path, inner: str) -> None:
    make_videos(tmp_path / "imagenet-p" / inner)
    dataset = open_dataset("imagenet-p/rotate", (tmp_path,))
    assert (dataset.name, dataset.task, len(dataset)) == ("imagenet-p/rotate", "sequences", 9)
    assert dataset.ids[:4].tolist() == [*(f"n01440764/a/{frame}" for frame in range(3)), "n01440764/b/0"]
    assert dataset.groups["video"][3:].tolist() == ["n01440764/b"] * 4 + ["n01443537/c"] * 2
    assert dataset.groups["frame"].tolist() == list("012012301")
    assert dataset.labels.tolist() == [0] * 7 + [1] * 2
    assert dataset.class_names == class_sets.imagenet_class_names()[:2]
    assert dataset.columns is not None
    assert dataset.columns.tolist() == [0, 1]


@pytest.mark.usefixtures("small")
def test_frames_are_decoded_in_any_order(tmp_path: Path) -> None:
    make_videos(tmp_path / "imagenet-p" / "rotate")
    dataset = open_dataset("imagenet-p/rotate", (tmp_path,))
    expected = [250, 200, 150, 0, 60, 120, 180, 30, 90]
    for index in (8, 0, 5, 1, 7, 2, 3, 6, 4):
        image = dataset.image(index)
        assert (image.mode, image.size) == ("RGB", (32, 32))
        assert abs(float(np.asarray(image).mean()) - expected[index]) < 6


@pytest.mark.usefixtures("small")
def test_extracted_frames_follow_their_numbers(tmp_path: Path) -> None:
    make_frames(tmp_path / "imagenet-p" / "tilt")
    dataset = open_dataset("imagenet-p/tilt", (tmp_path,))
    assert dataset.ids.tolist() == [*(f"n01440764/v/{frame}" for frame in range(3)), "n01443537/w/0", "n01443537/w/1"]
    for index, number in enumerate((2, 1, 0, 3, 4)):
        np.testing.assert_array_equal(np.asarray(dataset.image(index)), pixels(number))


@pytest.mark.usefixtures("small")
def test_sequences_are_rows_in_frame_order(tmp_path: Path) -> None:
    make_frames(tmp_path / "imagenet-p" / "tilt")
    found = sequences_of(open_dataset("imagenet-p/tilt", (tmp_path,)))
    assert found.videos.tolist() == ["n01440764/v", "n01443537/w"]
    assert [rows.tolist() for rows in found.rows] == [[0, 1, 2], [3, 4]]
    assert flip_rates(np.array([1, 2, 2, 0, 0]), found.rows, "previous").tolist() == [0.5, 0.0]


def test_a_manifest_with_video_and_frame_is_a_set_of_sequences(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"{number}.png" for number in range(4)])
    rows = ["0.png,cat,v2,10", "1.png,cat,v1,1", "2.png,cat,v2,9", "3.png,dog,v1,0"]
    (directory / "manifest.csv").write_text("path,label,video,frame\n" + "\n".join(rows))
    found = sequences_of(open_dataset(str(directory), ()))
    assert found.videos.tolist() == ["v1", "v2"]
    assert [rows.tolist() for rows in found.rows] == [[3, 1], [2, 0]]


def test_columns_must_be_there_and_be_numbers(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", ["0.png"])
    (directory / "manifest.csv").write_text("path,label,video\n0.png,cat,v\n")
    with pytest.raises(DataError, match="no column 'frame'"):
        sequences_of(open_dataset(str(directory), ()))
    (directory / "manifest.csv").write_text("path,label,video,frame\n0.png,cat,v,first\n")
    with pytest.raises(DataError, match="the frame 'first' is not a number"):
        sequences_of(open_dataset(str(directory), ()))


@pytest.mark.usefixtures("small")
def test_a_damaged_video_is_an_error(tmp_path: Path) -> None:
    directory = make_videos(tmp_path / "imagenet-p" / "rotate")
    (directory / "n01440764" / "a.mp4").write_bytes(b"not a video")
    with pytest.raises(DataError, match="cannot decode the video"):
        open_dataset("imagenet-p/rotate", (tmp_path,))


@pytest.mark.usefixtures("small")
def test_nothing_and_a_mixture_are_errors(tmp_path: Path) -> None:
    directory = tmp_path / "imagenet-p" / "rotate"
    directory.mkdir(parents=True)
    with pytest.raises(DataError, match="no sequences"):
        open_dataset("imagenet-p/rotate", (tmp_path,))
    make_frames(directory)
    write_video(directory / "n01440764" / "b.mp4", [0, 1])
    with pytest.raises(DataError, match="both video files and extracted frames"):
        open_dataset("imagenet-p/rotate", (tmp_path,))


@pytest.mark.usefixtures("small")
def test_without_pyav_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_videos(tmp_path / "imagenet-p" / "rotate")
    real = builtins.__import__

    def absent(name: str, *rest: object, **named: object) -> object:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(SetupError, match=r"robustcheck\[video\]"):
        open_dataset("imagenet-p/rotate", (tmp_path,))


@pytest.mark.usefixtures("small", "trusted_times")
def test_lengths_are_kept_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = make_videos(tmp_path / "imagenet-p" / "rotate")
    first = open_dataset("imagenet-p/rotate", (tmp_path,), tmp_path / "index")
    with monkeypatch.context() as patched:
        patched.setattr(av, "open", None)
        again = open_dataset("imagenet-p/rotate", (tmp_path,), tmp_path / "index")
    assert again.ids.tolist() == first.ids.tolist()
    write_video(directory / "n01443537" / "c.mp4", [30, 90, 150, 210])
    changed = open_dataset("imagenet-p/rotate", (tmp_path,), tmp_path / "index")
    assert len(changed) == len(first) + 2
    assert changed.fingerprint != first.fingerprint
    for kept in (tmp_path / "index").glob("lengths-*.json"):
        kept.write_text("{")
    assert len(open_dataset("imagenet-p/rotate", (tmp_path,), tmp_path / "index")) == len(changed)
