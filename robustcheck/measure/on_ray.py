"""The engine that has Ray run the jobs: on the cores and GPUs of this machine, or of a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from robustcheck.errors import ModelError, SetupError
from robustcheck.measure.engines import Crew, Failures, InProcess
from robustcheck.measure.jobs import Job, chunks_of, group_jobs, plan_jobs
from robustcheck.measure.loaded_models import LoadedModels
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress, ProgressEvent
from robustcheck.measure.memo import Memo
from robustcheck.measure.shelf import Shelf
from robustcheck.store import absolute_place, open_store

# The images of a task: minutes of work, so that a worker that dies loses little and loading is not the larger part.
_TASK_IMAGES = 4096
# A worker that dies is replaced so often; then its images or its model kill it.
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class OnRay:
    """Does jobs as tasks of Ray; ``address`` is a cluster's, without it Ray starts on this machine.

    A task whose worker died is done again: it finds the chunks that were written, and makes the others.
    """

    address: str | None = None
    task_images: int = _TASK_IMAGES

    def run(self, jobs: Sequence[Job], crew: Crew, on_progress: OnProgress | None) -> Failures:
        """Have the jobs done, and return when all of them are."""
        if not jobs:
            return {}
        ray, settings = self._connected(), crew.shelf.settings
        _require_shared(settings)
        share = _share(ray, settings)
        do = ray.remote(do_jobs).options(max_retries=_RETRIES, **share)
        own = _settings_of_task(settings, int(share["num_cpus"]))
        waiting = {do.remote(own, group): group for group in self._groups(ray, jobs, share)}
        return _gathered(ray, waiting, on_progress)

    def _connected(self) -> Any:
        try:
            import ray
        except ImportError as error:
            raise SetupError(
                "Ray is not installed", where="--robust-engine", fix="pip install 'robustcheck[ray]'"
            ) from error
        if not ray.is_initialized():
            try:
                address = self.address or os.environ.get("RAY_ADDRESS") or "local"
                ray.init(address, log_to_driver=False, configure_logging=False)
            except ImportError as error:
                # A client of a cluster needs more than Ray on this machine does.
                raise SetupError(
                    f"Ray lacks a package ({error})", where=str(self.address), fix="pip install 'robustcheck[ray]'"
                ) from error
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                raise SetupError(
                    f"no cluster of Ray answers ({error})", where=str(self.address), fix="see that it runs: ray status"
                ) from error
        return ray

    def _groups(self, ray: Any, jobs: Sequence[Job], share: dict[str, float]) -> Sequence[tuple[Job, ...]]:
        """Return the work of each task: about four tasks a worker, so that a slow one does not keep all waiting."""
        have = ray.cluster_resources()
        workers = max(1, int(min(have.get(name[4:-1].upper(), 1) / need for name, need in share.items() if need)))
        even = -(-sum(len(job.span) for job in jobs) // (4 * workers))
        return group_jobs(jobs, min(self.task_images, even))


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


def _gathered(ray: Any, waiting: dict[Any, tuple[Job, ...]], on_progress: OnProgress | None) -> Failures:
    """Wait for every task, telling how far the whole is."""
    failures: Failures = {}
    started = time.perf_counter()
    done, total = 0, sum(len(job.span) for group in waiting.values() for job in group)
    while waiting:
        (task,), _ = ray.wait(list(waiting), num_returns=1)
        group = waiting.pop(task)
        try:
            failures.update(ray.get(task))
        except ray.exceptions.RayError as error:
            failures.update(_lost(group, error))
        images_done = sum(len(job.span) for job in group)
        done += images_done
        if on_progress is not None:
            images, models = group[0].images, tuple(outputs.ref.id for outputs in group[0].outputs)
            rate = done / max(time.perf_counter() - started, 1e-9)
            made = sum(len(job.outputs) * job.share for job in group)
            in_all = total / images_done * made
            event = ProgressEvent(images.name, images.transform, done, total, rate, models, images_done, made, in_all)
            on_progress(event)
    return failures


def _lost(group: tuple[Job, ...], error: Exception) -> Failures:
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


def _require_shared(settings: MeasureSettings) -> None:
    if str(settings.store).startswith("memory:"):
        raise SetupError(
            "workers cannot share a store in memory", where=str(settings.store), expected="a directory or a bucket"
        )
