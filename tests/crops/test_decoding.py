"""Decoding in processes: the same bytes as on threads, without torch, and none the worse for one that dies."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake, write_colours
from dying_pictures import Cautious, Deadly, DiesOnce
from PIL import Image

from robustcheck.crops import Decoding, Preparation, open_decoders
from robustcheck.crops.decode_pools import pays_for_processes
from robustcheck.crops.decode_process import is_portable, portable
from robustcheck.datasets import Dataset, ImageDataset, open_dataset
from robustcheck.errors import DataError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.geometry import WHOLE, Geometry
from robustcheck.models.picture_steps import CutCentre, ShortSide, Steps, WholeSize
from robustcheck.values import Score

SMALL = Geometry("small", Steps(ShortSide(20, Image.Resampling.BICUBIC), CutCentre((20, 20))))
WIDE = Geometry("wide", Steps(WholeSize((40, 10), Image.Resampling.BILINEAR)))
TORCH = Geometry("torch", SMALL.crop, by_torch=SMALL.crop.by_torch)  # type: ignore[attr-defined]
BOTH = {geometry.key: geometry for geometry in (SMALL, WIDE)}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> ImageDataset:
    """Return 24 noisy JPEGs of different sizes."""
    directory, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for index in range(24):
        pixels = rng.integers(0, 256, size=(30 + index, 50 - index, 3), dtype=np.uint8)
        path = directory / ("a", "b")[index % 2] / f"{index}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path, quality=90)
    found = open_dataset(str(directory), ())
    assert isinstance(found, ImageDataset)
    return found


def crops(dataset: Dataset, decoding: Decoding, transform: str | None = None) -> list[dict[str, object]]:
    with open_decoders(Preparation(dataset, transform, 3), 1, len(dataset), decoding) as decoders:
        starts = range(0, len(dataset), decoders.group)
        wanted = [range(start, min(start + decoders.group, len(dataset))) for start in starts]
        futures = [decoders.submit(indices, BOTH) for indices in wanted]
        return [image for future in futures for image in future.result().crops]


@pytest.mark.parametrize("transform", [None, "gaussian_noise:3"])
def test_processes_make_the_bytes_of_threads(photographs: ImageDataset, transform: str | None) -> None:
    expected = crops(photographs, "threads", transform)
    found = crops(photographs, "processes", transform)
    assert [image.keys() for image in found] == [BOTH.keys()] * 24
    for one, other in zip(found, expected, strict=True):
        for key in BOTH:
            np.testing.assert_array_equal(one[key], other[key])  # type: ignore[arg-type]


def test_a_pass_in_processes_gives_the_outputs_of_one_on_threads(tmp_path: Path) -> None:
    one = cell(fake(), write_colours(tmp_path / "colours", 60, noise=120))
    settings = MeasureSettings(store=tmp_path / "threads", workers=1, decoding="threads")
    found = [
        measure_cells([one], each)[one]
        for each in (settings, replace(settings, store=tmp_path / "processes", decoding="processes"))
    ]
    assert all(isinstance(score, Score) for score in found)
    assert len({score.value for score in found if isinstance(score, Score)}) == 1
    files = [sorted((tmp_path / store).rglob("*.safetensors")) for store in ("threads", "processes")]
    assert [file.name for file in files[0]] == [file.name for file in files[1]]


def with_pictures(dataset: ImageDataset, pictures: object) -> ImageDataset:
    return replace(dataset, pictures=pictures)  # type: ignore[arg-type]


def test_a_process_that_is_killed_is_started_again_and_has_never_imported_torch(
    photographs: ImageDataset, tmp_path: Path
) -> None:
    dying = with_pictures(photographs, Cautious(DiesOnce(photographs.pictures, 5, tmp_path / "died")))
    found, expected = crops(dying, "processes"), crops(photographs, "threads")
    assert (tmp_path / "died").exists()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one["small"], other["small"])  # type: ignore[arg-type]


def test_an_image_that_kills_every_process_is_named(photographs: ImageDataset) -> None:
    with pytest.raises(DataError, match="decodes image 5 ended 2 times in a row") as caught:
        crops(with_pictures(photographs, Deadly(photographs.pictures, 5)), "processes")
    assert "killed by signal 9, most likely because memory ran out" in str(caught.value)
    assert "--robust-workers threads" in str(caught.value)


def test_what_is_wrong_with_an_image_is_said_as_on_threads(photographs: ImageDataset) -> None:
    Path(photographs.pictures.directory / "broken.jpg").write_bytes(b"not a picture")  # type: ignore[attr-defined]
    names = ("broken.jpg", *photographs.pictures.names[1:])  # type: ignore[attr-defined]
    broken = with_pictures(photographs, replace(photographs.pictures, names=names))  # type: ignore[type-var]
    said = []
    for decoding in ("threads", "processes"):
        with pytest.raises(DataError) as caught:
            crops(broken, decoding)  # type: ignore[arg-type]
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "broken.jpg" in said[0]


def test_a_geometry_that_fails_spares_the_others_and_large_crops_arrive(photographs: ImageDataset) -> None:
    bad = Geometry("bad", Steps(WholeSize((0, -1), Image.Resampling.NEAREST)))
    # Four of 20 MB are more than the shared memory takes.
    huge = Geometry("huge", Steps(WholeSize((2600, 2600), Image.Resampling.NEAREST)))
    with open_decoders(Preparation(photographs), 1, 24, "processes") as decoders:
        found = decoders.submit(range(4), {"bad": bad, "huge": huge}).result().crops
    assert all(isinstance(image["bad"], Exception) for image in found)
    assert [image["huge"].shape for image in found] == [(2600, 2600, 3)] * 4  # type: ignore[union-attr]
    np.testing.assert_array_equal(found[3]["huge"], huge.crop(photographs.image(3)))  # type: ignore[arg-type]


def test_what_cannot_travel_is_decoded_on_threads(photographs: ImageDataset) -> None:
    here = Geometry("here", lambda image: WHOLE.crop(image))
    assert not is_portable({"here": here})
    assert portable(Preparation(with_pictures(photographs, lambda: None))) is None
    with open_decoders(Preparation(photographs), 1, 24, "processes") as decoders:
        (image,) = decoders.submit([2], {"here": here}).result().crops
    np.testing.assert_array_equal(image["here"], WHOLE.crop(photographs.image(2)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("workers", "images", "expected"),
    [(1, 10**6, False), (4, 10**6, False), (5, 1280, True), (5, 1279, False), (64, 10_000, False)],
)
def test_processes_are_for_many_workers_and_images(workers: int, images: int, expected: bool) -> None:
    assert pays_for_processes(workers, images) is expected


def test_processes_resize_with_torch_only_where_they_are_asked_for(photographs: ImageDataset) -> None:
    preparation = Preparation(photographs, decode="torch")
    found = []
    for decoding, images, group in (("auto", 10**6, 1), ("processes", 4, 8), ("threads", 4, 1)):
        with open_decoders(preparation, 5, images, decoding) as decoders:  # type: ignore[arg-type]
            assert decoders.group == group
            found.append([image["torch"] for image in decoders.submit(range(3), {"torch": TORCH}).result().crops])
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])
    assert not np.array_equal(found[0], [TORCH.crop(photographs.image(index)) for index in range(3)])


_PASS = """
import sys
sys.path[:0] = {path!r}
from robustcheck.crops import Preparation, open_decoders
from robustcheck.crops.decode_process import portable
from robustcheck.datasets import open_dataset
from robustcheck.models.geometry import WHOLE
with open_decoders(Preparation(open_dataset({data!r}, ())), 1, 24, "processes") as decoders:
    decoders.submit([0], {{"whole": WHOLE}}).result()
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts processes in /proc")
def test_a_pass_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    data = write_colours(tmp_path / "colours", 6)
    code = _PASS.format(path=[entry or os.getcwd() for entry in sys.path], data=str(data))
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        threads = Path(f"/proc/{running.pid}/task").iterdir()
        found = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
        assert len(found) == 1
        worker = os.pidfd_open(found[0])
        running.send_signal(signal.SIGKILL)
        # Its input has ended, and so does it: the handle becomes readable.
        assert select.select([worker], [], [], 30)[0] == [worker]
        os.close(worker)


def test_errors_that_no_pickle_carries_arrive_as_text() -> None:
    from robustcheck.crops.decode_worker import sendable

    class Local(Exception):
        pass

    assert str(sendable(Local("lost"))) == "Local: lost"
    assert isinstance(pickle.loads(pickle.dumps(sendable(ValueError("kept")))), ValueError)
