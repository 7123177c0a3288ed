"""The engine that has Ray run the jobs: on the cores and GPUs of this machine, or of a cluster."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

from robustcheck.errors import ModelError, SetupError
from robustcheck.measure.engines import Crew, Failures, InProcess
from robustcheck.measure.jobs import Job, chunks_of, group_jobs, plan_jobs
from robustcheck.measure.loaded_models import LoadedModels
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress, ProgressEvent
from robustcheck.measure.memo import Memo
from robustcheck.measure.shelf import Shelf
from robustcheck.store import absolute_place, open_store, require_shared

# The images of a task: minutes of work, so that a worker that dies loses little and loading is not the larger part.
_TASK_IMAGES = 4096
# A worker that dies is replaced so often; then its images or its model kill it.
_RETRIES = 3
_ANSWER_SECONDS = 10.0

# The work of a task: jobs of one image set and the same outputs.
Group = tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class OnRay:
    """Does jobs as tasks of Ray; ``address`` is a cluster's, without it Ray starts on this machine.

    A task whose worker died is done again: it finds the chunks that were written, and makes the others.
    """

    address: str | None = None
    task_images: int = _TASK_IMAGES
    # A cluster that did not answer once is not asked again in this run: each try may take half a minute.
    _refused: list[SetupError] = field(default_factory=list, repr=False, compare=False)

    def run(self, jobs: Sequence[Job], crew: Crew, on_progress: OnProgress | None) -> Failures:
        """Have the jobs done, and return when all of them are."""
        if not jobs:
            return {}
        if self._refused:
            raise self._refused[0].afresh()
        try:
            return self._done(jobs, crew.shelf.settings, on_progress)
        except SetupError as error:
            self._refused.append(error)
            raise
        except ConnectionError as error:
            found = f"the cluster of Ray went away ({error}); what was written is kept"
            self._refused.append(SetupError(found, where=self._place, fix="run again when it is back: ray status"))
            raise self._refused[0] from error

    @property
    def _place(self) -> str:
        return self.address or os.environ.get("RAY_ADDRESS") or "local"

    def _done(self, jobs: Sequence[Job], settings: MeasureSettings, on_progress: OnProgress | None) -> Failures:
        require_shared(settings.store)
        ray = _connected(self._place)
        share = _share(ray, settings)
        do = ray.remote(do_jobs).options(max_retries=_RETRIES, **share)
        begin = partial(do.remote, _settings_of_task(settings, int(share["num_cpus"])))
        return _gathered(ray, begin, self._groups(ray, jobs, share), on_progress)

    def _groups(self, ray: Any, jobs: Sequence[Job], share: dict[str, float]) -> Sequence[Group]:
        """Return the work of each task: about four tasks a worker, so that a slow one does not keep all waiting."""
        have = ray.cluster_resources()
        workers = max(1, int(min(have.get(name[4:-1].upper(), 1) / need for name, need in share.items() if need)))
        even = -(-sum(len(job.span) for job in jobs) // (4 * workers))
        return group_jobs(jobs, min(self.task_images, even))


def _connected(address: str) -> Any:
    """Return Ray, connected to a cluster or started on this machine; raise SetupError where it cannot be."""
    try:
        import ray
    except ImportError as error:
        raise SetupError(
            "Ray is not installed", where="--robust-engine", fix="pip install 'robustcheck[ray]'"
        ) from error
    if ray.is_initialized():
        return ray
    try:
        _require_answer(address)
        ray.init(address, log_to_driver=False, configure_logging=False)
    except ImportError as error:
        # A client of a cluster needs more than Ray on this machine does.
        raise SetupError(
            f"Ray lacks a package ({error})", where=address, fix="pip install 'robustcheck[ray]'"
        ) from error
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise SetupError(
            f"no cluster of Ray answers ({error})", where=address, fix="see that it runs: ray status"
        ) from error
    return ray


def _require_answer(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray itself would go on asking for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()


def do_jobs(settings: MeasureSettings, jobs: Sequence[Job]) -> Failures:
    """Do what is missing of jobs in this process: what a task of Ray runs, again where its worker died."""
    crew, asked = _crew(settings), chunks_of(jobs)
    missing = {outputs: crew.memo.missing(outputs, chunks) for outputs, chunks in asked.items()}
    return InProcess().run(plan_jobs(missing), crew, None)


@lru_cache(maxsize=1)
def _crew(settings: MeasureSettings) -> Crew:
    """Return the crew of a worker's process, whose models stay loaded between its tasks."""
    shelf = Shelf(settings)
    models = LoadedModels(shelf)
    return Crew(shelf, Memo(open_store(settings.store), models.get), models)


def _gathered(
    ray: Any, begin: Callable[[Group], Any], groups: Sequence[Group], on_progress: OnProgress | None
) -> Failures:
    """Have the work of every task done, telling how far the whole is.

    A task that killed its workers is done again model by model, so that one model's failure leaves the others alone.
    """
    failures: Failures = {}
    told = _Told(on_progress, groups)
    waiting = {begin(group): group for group in groups}
    try:
        while waiting:
            (task,), _ = ray.wait(list(waiting), num_returns=1)
            group = waiting.pop(task)
            try:
                failures.update(ray.get(task))
            except ray.exceptions.RayError as error:
                if len(group[0].outputs) > 1:
                    waiting |= {begin(alone): alone for alone in _by_model(group)}
                    continue
                failures.update(_lost(group, error))
            told.tell(group)
    finally:
        # Whoever interrupts a run, in a notebook too, wants the cluster back.
        with suppress(ConnectionError, ray.exceptions.RayError):
            for task in waiting:
                ray.cancel(task)
    return failures


def _by_model(group: Group) -> list[Group]:
    """Return the work of a task in parts of one model each."""
    return [tuple(replace(job, outputs=(outputs,)) for job in group) for outputs in group[0].outputs]


class _Told:
    """Tells how far tasks are: an image counts once all models have seen it, in parts where they do one by one."""

    def __init__(self, on_progress: OnProgress | None, groups: Sequence[Group]) -> None:
        self._on_progress, self._started, self._done = on_progress, time.perf_counter(), 0.0
        jobs = [job for group in groups for job in group]
        self._models = {(job.images, job.chunk_rows, job.chunk): len(job.outputs) for job in jobs}
        self._total = sum(len(job.span) for job in jobs)
        self._chunks = sum(len(job.outputs) * job.share for job in jobs)

    def tell(self, group: Group) -> None:
        """Take note that the work of a task is over."""
        parts = [
            len(job.span) * len(job.outputs) / self._models[job.images, job.chunk_rows, job.chunk] for job in group
        ]
        self._done += sum(parts)
        if self._on_progress is None:
            return
        images, models = group[0].images, tuple(outputs.ref.id for outputs in group[0].outputs)
        rate = self._done / max(time.perf_counter() - self._started, 1e-9)
        made = sum(len(job.outputs) * job.share for job in group)
        far = (round(self._done), self._total, rate)
        self._on_progress(
            ProgressEvent(images.name, images.transform, *far, models, round(sum(parts)), made, self._chunks)
        )


def _lost(group: Group, error: Exception) -> Failures:
    """Return what became of the outputs of a task that could not be done."""
    reason = str(error).strip().partition("\n")[0]
    return {
        outputs.key: ModelError(
            f"its task on Ray could not be done ({type(error).__name__}: {reason})",
            where=outputs.ref.text,
            fix="measure it without --robust-engine to see what is wrong, or give its workers more memory",
        )
        for job in group
        for outputs in job.outputs
    }


def _share(ray: Any, settings: MeasureSettings) -> dict[str, float]:
    """Return the resources of a task: one GPU and its part of the cores, or a few cores where there is none."""
    have = ray.cluster_resources()
    cores, gpus = int(have.get("CPU", 1)), int(have.get("GPU", 0))
    if settings.device.startswith("cpu") or (settings.device == "auto" and not gpus):
        return {"num_cpus": max(1, min(4, cores // 2)), "num_gpus": 0}
    if not gpus:
        raise SetupError("Ray has no GPU", where="--robust-device", expected="auto or cpu, or a cluster with GPUs")
    return {"num_cpus": max(1, cores // gpus), "num_gpus": 1}


def _settings_of_task(settings: MeasureSettings, cores: int) -> MeasureSettings:
    return replace(settings, store=absolute_place(settings.store), workers=cores)
