"""Engines: workers that share the chunks of images, jobs as plain values, and workers that die."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from colour_data import cell, fake, write_colours

from robustcheck.measure import Bench, MeasureSettings, Shared, measure_cells
from robustcheck.measure.jobs import plan_jobs
from robustcheck.measure.parts import ImageSet, Outputs
from robustcheck.values import Score

N = 900

# A worker of its own process; it writes down what it decodes, and may die after some images.
_WORKER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from colour_data import CountingDataset, cell, fake
from robustcheck.datasets import open_dataset
from robustcheck.measure import Bench, MeasureSettings, Shared

def die(event):
    if event.done >= {dies_after}:
        os.kill(os.getpid(), signal.SIGKILL)

opened = []
def opening(name, roots, index_dir):
    opened.append(CountingDataset(open_dataset(name, ())))
    return opened[-1]

bench = Bench(MeasureSettings(store=Path({store!r}), batch_size=50), Shared({place}, 2), die)
bench.shelf.open = opening
cells = [cell(fake(seed=seed), Path({data!r})) for seed in "ab"]
print([bench.measure(one, cells).value for one in cells])
print(sorted(index for dataset in opened for index in dataset.decoded))
"""


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


def start(place: int, store: Path, data: Path, dies_after: int = 10**9) -> subprocess.Popen[str]:
    tests, root = Path(__file__).parents[1], Path(__file__).parents[2]
    code = _WORKER.format(tests=str(tests), store=str(store), data=str(data), place=place, dies_after=dies_after)
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


def said(worker: subprocess.Popen[str]) -> tuple[list[float], list[int]]:
    out, _ = worker.communicate()
    assert worker.returncode == 0
    values, decoded = out.splitlines()
    return [float(text) for text in values.strip("[]").split(",")], [
        int(n) for n in decoded.strip("[]").split(",") if n
    ]


def serial_values(colours: Path, store: Path) -> list[float]:
    found = measure_cells([cell(fake(seed=seed), colours) for seed in "ab"], MeasureSettings(store=store))
    return [score.value for score in found.values() if isinstance(score, Score)]


def test_two_workers_decode_each_image_once_in_all(colours: Path, tmp_path: Path) -> None:
    workers = [start(place, tmp_path / "store", colours) for place in range(2)]
    (one, first), (other, second) = map(said, workers)
    assert sorted(first + second) == list(range(N))
    assert one == other == serial_values(colours, tmp_path / "serial")
    assert not list((tmp_path / "store" / "locks").iterdir())


def test_a_worker_that_is_killed_changes_nothing(colours: Path, tmp_path: Path) -> None:
    killed = start(0, tmp_path / "store", colours, dies_after=100)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    values, decoded = said(start(1, tmp_path / "store", colours))
    assert decoded == list(range(N))
    assert values == serial_values(colours, tmp_path / "serial")


IMAGES = ImageSet("digits", "f" * 64, 600)


def outputs(name: str, images: ImageSet = IMAGES) -> Outputs:
    return Outputs(name * 64, fake(seed=name), images)


def test_a_job_is_a_chunk_for_all_that_lack_it() -> None:
    a, b = outputs("a"), outputs("b")
    jobs = plan_jobs({a: (0, 2), b: (2,)})
    assert [(job.chunk, [each.key[0] for each in job.outputs]) for job in jobs] == [(0, ["a"]), (2, ["a", "b"])]
    assert [job.span for job in jobs] == [range(256), range(512, 600)]


def test_jobs_of_one_image_set_stand_together_and_travel() -> None:
    other = ImageSet("digits", "f" * 64, 600, "gaussian_noise:3", 7)
    jobs = plan_jobs({outputs("a"): (0,), outputs("b", other): (0,), outputs("c"): (0, 1)})
    assert [(job.images.transform, job.chunk) for job in jobs] == [(None, 0), (None, 1), ("gaussian_noise:3", 0)]
    assert pickle.loads(pickle.dumps(jobs)) == jobs
    assert len({job.lock_key for job in jobs}) == 3


def test_a_model_that_fails_is_not_tried_again_and_spares_the_others(colours: Path, tmp_path: Path) -> None:
    bench = Bench(MeasureSettings(store=tmp_path))
    bad, good = cell(fake("nothing"), colours), cell(fake(), colours)
    found = bench.measure(bad, [good])
    assert not isinstance(found, Score)
    assert bench.measure(bad) is found
    assert isinstance(bench.measure(good), Score)


def test_who_lends_a_hand_makes_outputs_and_scores_nothing(colours: Path, tmp_path: Path) -> None:
    wanted = cell(fake(), colours)
    Bench(MeasureSettings(store=tmp_path), Shared(1, 2)).lend_a_hand([wanted, cell(fake("nothing"), colours)])
    assert {path.name for path in (tmp_path / "v1").iterdir()} == {"heads", "outputs"}
    later = Bench(MeasureSettings(store=tmp_path))
    assert not later.lacking([wanted]).outputs
    assert isinstance(later.measure(wanted), Score)


def test_a_last_chunk_is_left_to_whoever_is_at_it(tmp_path: Path) -> None:
    few = cell(fake(), write_colours(tmp_path / "few", 200))
    Bench(MeasureSettings(store=tmp_path / "store"), Shared(1, 2)).lend_a_hand([few])
    assert Bench(MeasureSettings(store=tmp_path / "store")).lacking([few]).outputs
