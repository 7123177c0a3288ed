"""Engines: who runs jobs. The store is where they meet.

Every engine claims a job by its lock file, looks again at what is still missing, does it, and lets go. A killed
worker's locks are freed by the kernel and its unfinished chunks are done by the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure.jobs import Job
from robustcheck.measure.learnt import read_head
from robustcheck.measure.loaded_models import LoadedModels
from robustcheck.measure.measure_settings import OnProgress
from robustcheck.measure.memo import Memo, NotStored
from robustcheck.measure.parts import ImageSet, Outputs, given_part
from robustcheck.measure.passes import Claimed, Pass
from robustcheck.measure.recipe import Learnt
from robustcheck.measure.runner import Runner
from robustcheck.measure.shelf import Shelf
from robustcheck.models.adapter import LearntHead
from robustcheck.models.batch_sizes import fitting_batch
from robustcheck.models.encoders import LoadedModel, runs_in_background
from robustcheck.models.model_errors import out_of_memory
from robustcheck.store import Lock

# Probing takes a model as long as some 1,000 images.
_WORTH_PROBING = 20_000

Failures = dict[str, RobustcheckError]


class Engine(Protocol):
    """Runs jobs and returns the errors, by the key of the outputs that failed."""

    def run(self, jobs: Sequence[Job], crew: Crew, on_progress: OnProgress | None) -> Failures:
        """Do the jobs, or see to it that they are done."""


@dataclass(frozen=True, slots=True)
class Crew:
    """What a process needs to do a job: opened data sets, stored parts, loaded models."""

    shelf: Shelf
    memo: Memo
    models: LoadedModels


@dataclass(frozen=True, slots=True)
class InProcess:
    """Does every job in this process, in order."""

    def run(self, jobs: Sequence[Job], crew: Crew, on_progress: OnProgress | None) -> Failures:
        """Do the jobs; a job that another process holds is waited for."""
        failures: Failures = {}
        # Without locks nobody is waited for, and to ask a bucket again for each chunk would only take time.
        looks = crew.memo.store.storage.has_locks
        for images, of_set in groupby(jobs, lambda job: job.images):
            _Round(images, tuple(of_set), crew, failures, looks).do(on_progress, wait=True)
        return failures


@dataclass(frozen=True, slots=True)
class Shared:
    """Does the jobs together with other workers of the same run: this is worker ``place`` of ``workers``.

    Each worker walks all jobs, beginning at its own place, and leaves out those that another one holds. Then it
    waits for what is still missing: if its owner died, it does it itself.
    """

    place: int
    workers: int

    def run(self, jobs: Sequence[Job], crew: Crew, on_progress: OnProgress | None) -> Failures:
        """Do this worker's share of the jobs, and return when all of them are done."""
        failures: Failures = {}
        for images, of_set in groupby(jobs, lambda job: job.images):
            walk = tuple(of_set)
            start = self.place * len(walk) // self.workers
            round_ = _Round(images, (*walk[start:], *walk[:start]), crew, failures)
            round_.do(on_progress, wait=False)
            round_.do(on_progress, wait=True)
        return failures


@dataclass(slots=True)
class _Round:
    """The jobs of one image set; errors are kept by the key of the outputs that they are about."""

    images: ImageSet
    jobs: Sequence[Job]
    crew: Crew
    failures: Failures
    looks: bool = True
    _runners: dict[str, Runner] = field(default_factory=dict)

    def do(self, on_progress: OnProgress | None, *, wait: bool) -> None:
        """Pass the images of the jobs that can be claimed through the models that lack them."""
        total = sum(len(job.span) for job in self.jobs if self._lacking(job))
        if not total:
            return
        try:
            dataset = self.crew.shelf.images(self.images)
            Pass(self.images, dataset, self.crew.shelf.settings, total, on_progress).run(self._claims(wait))
        except (RobustcheckError, MemoryError) as error:
            # The images cannot be read: no model can be measured on them.
            told = out_of_memory(self.images.name, error) if isinstance(error, MemoryError) else error
            for job in self.jobs:
                for outputs in self._lacking(job, looks=True):
                    self.failures.setdefault(outputs.key, told)
        for key, runner in self._runners.items():
            if runner.error is not None:
                self.failures.setdefault(key, runner.error)

    def _claims(self, wait: bool) -> Iterator[Claimed]:
        for job in self.jobs:
            if not self._lacking(job):
                continue
            lock = self.crew.memo.take_lock(job.lock_key, wait=wait)
            if lock is None:
                continue
            runners = self._runners_of(job, lock)
            if runners:
                yield Claimed(job, runners, lock.release)
            else:
                lock.release()

    def _runners_of(self, job: Job, lock: Lock) -> list[Runner]:
        """Return the runners that still lack the job's chunk, now that no other process is at it."""
        try:
            found = [self._runner(outputs) for outputs in self._lacking(job)]
        except BaseException:
            lock.release()
            raise
        return [runner for runner in found if runner is not None]

    def _lacking(self, job: Job, *, looks: bool | None = None) -> list[Outputs]:
        """Return the outputs that can still be had and lack the chunk of a job."""
        return [
            outputs
            for outputs in job.outputs
            if outputs.key not in self.failures
            and (outputs.key not in self._runners or self._runners[outputs.key].error is None)
            and not self.crew.memo.is_stored(outputs, job.chunk, looks=self.looks if looks is None else looks)
        ]

    def _runner(self, outputs: Outputs) -> Runner | None:
        if outputs.key not in self._runners:
            try:
                heads = tuple(self.crew.memo.head(head) for head in outputs.needs)
                learnt, *others_learnt = map(self._learnt_head, (outputs.learnt, *outputs.others_learnt))
                given = None if outputs.given is None else self.crew.memo.get(given_part(outputs.given)).array
                others = tuple(self.crew.models.get(ref) for ref in outputs.others)
                model = self.crew.models.get(outputs.ref)
            except RobustcheckError as error:
                self.failures[outputs.key] = error
                return None
            except NotStored:
                self.failures[outputs.key] = ModelError(
                    "what it learns from or is told of the images has not been measured", where=outputs.ref.text
                )
                return None
            adapters = (learnt, tuple(others_learnt))
            made_of = (self.crew.memo.chunks(outputs), heads, *adapters, given, self._batch_size(model))
            self._runners[outputs.key] = Runner(outputs, model, others, *made_of)
        return self._runners[outputs.key]

    def _learnt_head(self, learnt: Learnt | None) -> LearntHead | None:
        return None if learnt is None else read_head(learnt, self.crew.memo)

    def _batch_size(self, model: LoadedModel) -> int:
        """Return how many images a model takes at once; a card is tried out where there is much to do."""
        settings = self.crew.shelf.settings
        too_few = runs_in_background(model) and sum(len(job.span) for job in self.jobs) < _WORTH_PROBING
        if too_few or not settings.fits_batch:
            return settings.batch_size
        return fitting_batch(model, settings.batch_size)
