"""Jobs: what has to be measured, in pieces that any worker can do.

A job is one chunk of the images of a set, for every part that lacks it: its images are decoded once for all of
them. It is a plain value, so it can be sent to another process or machine; doing it twice writes the same file twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from robustcheck.measure.parts import ImageSet, Outputs
from robustcheck.store import content_key


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk of ``chunk_rows`` images of a set, or a piece of one by its number, and the outputs that lack it."""

    images: ImageSet
    chunk_rows: int
    chunk: int
    outputs: tuple[Outputs, ...]

    @property
    def span(self) -> Sequence[int]:
        """The places of the images, ascending."""
        return self.images.pieces(self.chunk_rows).span(self.chunk)

    @property
    def share(self) -> float:
        """What part of a chunk it is: 1, or less for a piece."""
        return self.images.pieces(self.chunk_rows).share(self.chunk)

    @property
    def lock_key(self) -> str:
        """What tells processes that they are at the same images, whichever models each of them plans."""
        images = self.images
        facts: dict[str, object] = {"images": images.fingerprint, "transform": images.transform, "seed": images.seed}
        chosen = {"chosen": images.rows} if images.rows else {}
        decode = {} if images.decode == "exact" else {"decode": images.decode}
        return content_key({**facts, **chosen, **decode, "rows": self.chunk_rows, "chunk": self.chunk})


def chunks_of(jobs: Iterable[Job]) -> dict[Outputs, list[int]]:
    """Return the chunks that jobs make, by outputs: what ``plan_jobs`` makes jobs of."""
    chunks: dict[Outputs, list[int]] = {}
    for job in jobs:
        for outputs in job.outputs:
            chunks.setdefault(outputs, []).append(job.chunk)
    return chunks


def group_jobs(jobs: Iterable[Job], images: int) -> tuple[tuple[Job, ...], ...]:
    """Return the jobs in groups of one image set and the same outputs, of about so many images: the work of one worker.

    A group is long enough to be worth loading its models, and short enough to be lost with a worker.
    """
    groups = []
    for _, alike in groupby(jobs, lambda job: (job.images, job.chunk_rows, job.outputs)):
        of_set = tuple(alike)
        size = max(1, images // of_set[0].chunk_rows)
        groups += [of_set[start : start + size] for start in range(0, len(of_set), size)]
    return tuple(groups)


def in_turn(missing: Mapping[Outputs, tuple[int, ...]]) -> Iterator[dict[Outputs, tuple[int, ...]]]:
    """Yield missing outputs so that those come first which others wait for."""
    left = dict(missing)
    while left:
        ready = {outputs: chunks for outputs, chunks in left.items() if left.keys().isdisjoint(outputs.waits_for)}
        yield ready
        left = {outputs: chunks for outputs, chunks in left.items() if outputs not in ready}


def plan_jobs(missing: Mapping[Outputs, Iterable[int]]) -> tuple[Job, ...]:
    """Return the jobs that fill the missing chunks of outputs: by image set in order of first use, then by chunk."""
    lacking: dict[tuple[ImageSet, int], dict[int, list[Outputs]]] = {}
    for outputs, chunks in missing.items():
        of_set = lacking.setdefault((outputs.images, outputs.reading.chunk_rows), {})
        for chunk in chunks:
            of_set.setdefault(chunk, []).append(outputs)
    return tuple(
        Job(images, rows, chunk, tuple(of_set[chunk]))
        for (images, rows), of_set in lacking.items()
        for chunk in sorted(of_set)
    )
