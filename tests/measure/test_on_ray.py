"""The engine on Ray, with what stands for Ray: tasks run in this process, and workers die where they are told to."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from colour_data import cell, fake, write_colours

from robustcheck.errors import SetupError
from robustcheck.measure import Bench, MeasureSettings, OnRay, ProgressEvent, measure_cells
from robustcheck.measure.engines import Failures
from robustcheck.measure.jobs import Job
from robustcheck.measure.kept_scores import Found
from robustcheck.values import Score

N = 600


class RayError(Exception):
    """What Ray raises."""


@dataclass
class FakeRay:
    """Does tasks when they are asked for; ``dies`` says which groups of jobs kill every worker that they are given."""

    dies: Callable[[tuple[Job, ...]], bool] = lambda jobs: False
    connected: list[str] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    tasks: list[Callable[[], Failures]] = field(default_factory=list)
    exceptions: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(RayError=RayError))

    def is_initialized(self) -> bool:
        return False

    def init(self, address: str, **_: object) -> None:
        self.connected.append(address)

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, do: Callable[[MeasureSettings, tuple[Job, ...]], Failures]) -> Any:
        def begin(settings: MeasureSettings, jobs: tuple[Job, ...]) -> int:
            self.tasks.append(lambda: self._done(do, settings, jobs))
            return len(self.tasks) - 1

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=begin))

    def _done(self, do: Callable[..., Failures], settings: MeasureSettings, jobs: tuple[Job, ...]) -> Failures:
        if self.dies(jobs):
            raise RayError("The worker died unexpectedly")
        return do(settings, jobs)

    def wait(self, tasks: list[int], num_returns: int) -> tuple[list[int], list[int]]:
        return tasks[:num_returns], tasks[num_returns:]

    def get(self, task: int) -> Failures:
        return self.tasks[task]()

    def cancel(self, task: int) -> None:
        self.cancelled.append(task)


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    stand_in = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return stand_in


def measured(colours: Path, store: Path, engine: OnRay, told: list[ProgressEvent] | None = None) -> list[Found]:
    bench = Bench(MeasureSettings(store=store), engine, None if told is None else told.append)
    return list(bench.measure_all([cell(fake(seed=seed), colours) for seed in "ab"]).values())


def values(found: list[Found]) -> list[float]:
    return [score.value for score in found if isinstance(score, Score)]


def test_tasks_give_the_scores_of_one_process_and_tell_how_far_they_are(
    colours: Path, tmp_path: Path, ray: FakeRay
) -> None:
    told: list[ProgressEvent] = []
    found = measured(colours, tmp_path / "store", OnRay(), told)
    alone = measure_cells([cell(fake(seed=seed), colours) for seed in "ab"], MeasureSettings(store=tmp_path / "one"))
    assert values(found) == values(list(alone.values()))
    assert (told[-1].done, told[-1].total, sum(event.images for event in told)) == (N, N, N)
    assert sum(event.chunks for event in told) == told[0].chunks_in_all == 6
    assert ray.connected == ["local"]


def test_a_model_that_kills_its_workers_leaves_the_others_alone(colours: Path, tmp_path: Path, ray: FakeRay) -> None:
    ray.dies = lambda jobs: any(outputs.ref.weights == "a" for outputs in jobs[0].outputs)
    told: list[ProgressEvent] = []
    bad, good = measured(colours, tmp_path / "store", OnRay(), told)
    assert "its task on Ray could not be done (RayError: The worker died unexpectedly)" in str(bad)
    assert isinstance(good, Score)
    assert (told[-1].done, told[-1].total) == (N, N)


def test_what_is_interrupted_is_taken_off_the_cluster(
    colours: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ray, "wait", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        measured(colours, tmp_path / "store", OnRay())
    assert ray.cancelled == list(range(len(ray.tasks)))


def test_a_cluster_that_went_away_is_said_and_not_asked_again(
    colours: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise ConnectionError("the channel is closed")

    monkeypatch.setattr(ray, "wait", lost, raising=False)
    bench = Bench(MeasureSettings(store=tmp_path / "store"), OnRay())
    for seed in "ab":
        with pytest.raises(SetupError, match=r"the cluster of Ray went away \(the channel is closed\)"):
            bench.measure(cell(fake(seed=seed), colours))
    assert ray.connected == ["local"]


@pytest.mark.parametrize("scheme", ["ray://", ""])
def test_an_address_where_nobody_listens_is_said_at_once(
    colours: Path, tmp_path: Path, ray: FakeRay, scheme: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listened at
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupError, match=f"{address}: no cluster of Ray answers"):
            measured(colours, tmp_path / "store", OnRay(address))
    assert ray.connected == []


def test_without_ray_the_extra_is_named(colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SetupError, match=r"Ray is not installed(.|\n)*pip install 'robustcheck\[ray\]'"):
        measured(colours, tmp_path / "store", OnRay())
