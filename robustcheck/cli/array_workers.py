"""The workers of a job array: what each does, and how to wait for them.

Slurm's accounting, by which submitit learns that a worker died, is not there on every cluster. The queue is.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from robustcheck.cli.shown_progress import showing_progress
from robustcheck.errors import RobustcheckError
from robustcheck.measure import Bench, default_batch, usable_cores
from robustcheck.run.job_file import read_job_file
from robustcheck.run.work import Work, do_lines

# The result of a worker on another machine may be seen so much later than the end of its job.
_PATIENCE_SECONDS = 20.0
_LOOKS_EVERY_SECONDS = 2.0
_LINES_SHOWN = 5

# The ids of the jobs that have not ended; None where nobody knows at the moment.
Queue = Callable[[], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Worker:
    """Does a part of a job file, and the same again where it was stopped: what is in the store is found there."""

    path: Path

    def __call__(self, index: int, of: int | None) -> Work:
        """Do a part in this process."""
        found = read_job_file(self.path)
        # How many cores there are, and on which card, is known here and not where the file was written.
        settings = replace(found.header.settings, workers=usable_cores())
        if settings.fits_batch:
            settings = replace(settings, batch_size=default_batch(settings.device))
        with showing_progress() as progress:
            bench = Bench(settings, on_progress=progress.on_progress)
            return do_lines(bench, found.header, found.part(index, of))

    def checkpoint(self, index: int, of: int | None) -> Any:
        """Return what submitit queues again when a worker's time is up or its place is taken."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, index, of)


@dataclass(slots=True)
class Waiting:
    """Waits for submitted jobs of submitit, whose ends are seen in a queue, or by each itself where there is none."""

    jobs: Sequence[Any]
    queue: Queue | None
    patience: float = _PATIENCE_SECONDS
    _gone_since: dict[str, float] = field(default_factory=dict)

    def ends(self) -> Iterator[tuple[Any, Sequence[str]]]:
        """Yield each job as it ends, with what went wrong."""
        left = list(self.jobs)
        while left:
            queued = self.queue() if self.queue is not None else frozenset()
            ended = [job for job in left if self._has_ended(job, queued)]
            left = [job for job in left if job not in ended]
            yield from ((job, _errors(job)) for job in ended)
            if left and not ended:
                time.sleep(min(_LOOKS_EVERY_SECONDS, self.patience))

    def _has_ended(self, job: Any, queued: frozenset[str] | None) -> bool:
        if self.queue is None:
            return bool(job.done())
        if job.paths.result_pickle.exists():
            return True
        if queued is None or job.job_id in queued:
            self._gone_since.pop(job.job_id, None)
            return False
        now = time.monotonic()
        return now - self._gone_since.setdefault(job.job_id, now) >= self.patience


def slurm_queue() -> frozenset[str] | None:
    """Return the ids of the jobs that Slurm has not ended; None while it does not answer."""
    command = ["squeue", "--noheader", "--array", "--format=%i"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    # An element of an array is called 7_3, and 7 beside it.
    return frozenset(done.stdout.split()) if done.returncode == 0 else None


def _errors(job: Any) -> Sequence[str]:
    if not job.paths.result_pickle.exists():
        return (_ended_early(job),)
    error = job.exception()
    errors: Sequence[RobustcheckError | Exception] = job.result().errors if error is None else [error]
    return tuple(dict.fromkeys(map(str, errors)))


def _ended_early(job: Any) -> str:
    last = (job.stderr() or "").strip().splitlines()[-_LINES_SHOWN:]
    said = "".join(f"\n    {line}" for line in last)
    return (
        f"it ended without a result: killed, out of memory, or its machine went away. "
        f"Submit the same file again; what was written is kept. Its last words ({job.paths.stderr}):"
        + (said or " none")
    )
