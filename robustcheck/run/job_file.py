"""Job files: what has to be measured, as lines that any machine can do by their number.

The first line says how to measure, and lists the cells. Every other line is the work of one worker: a range of chunks
of one image set with all models that lack them, or the text heads of a model. Cells say what to make; the keys beside
them say what must come out, so that a machine with other weights or other images makes nothing under a wrong name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from robustcheck.disk import write_atomically
from robustcheck.errors import RecordError
from robustcheck.files.json_files import parse_json
from robustcheck.files.texts import read_bytes
from robustcheck.measure import Bench, MeasureSettings, group_by_budget
from robustcheck.measure.jobs import Job, group_jobs, plan_jobs
from robustcheck.measure.measuring import Lacking
from robustcheck.measure.parts import ImageSet
from robustcheck.models.digests import weights_bytes
from robustcheck.values import Cell, ModelRef

SCHEMA = 1
_FIX = "write it with the version that does the lines: robustcheck jobs"
_EXPECTED = "what `robustcheck jobs` wrote"


@dataclass(frozen=True, slots=True)
class JobHeader:
    """How to measure, the cells that lines refer to by their places, and how many lines follow: a file may be cut."""

    robustcheck_jobs: int
    settings: MeasureSettings
    cells: tuple[Cell, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class JobLine:
    """The work of one worker: chunks from ``first`` up to ``last`` of an image set; the heads of cells without one."""

    cells: tuple[int, ...]
    keys: tuple[str, ...]
    images: ImageSet | None = None
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class JobFile:
    """Everything that a job file says."""

    header: JobHeader
    lines: tuple[JobLine, ...]

    def part(self, index: int, of: int | None) -> tuple[JobLine, ...]:
        """Return the lines of a worker: line ``index``, or part ``index`` of ``of`` about equal, neighbouring parts."""
        count = len(self.lines) if of is None else of
        if not count:
            raise RecordError("the job file has no lines: nothing was missing when it was written", fix="run pytest")
        if not 0 <= index < count:
            raise RecordError(f"there is no part {index}", expected=f"a number from 0 to {count - 1}")
        if of is None:
            return self.lines[index : index + 1]
        return self.lines[index * len(self.lines) // of : (index + 1) * len(self.lines) // of]


def plan_job_file(bench: Bench, cells: Sequence[Cell], images: int) -> JobFile:
    """Return the lines that measure what cells lack, each of about so many images, without loading a model."""
    lacking = bench.lacking(cells)
    used = dict.fromkeys([*lacking.heads.values(), *(cell for cell, _ in lacking.outputs.values())])
    places = {cell: place for place, cell in enumerate(used)}
    settings = replace(bench.settings, roots=tuple(root.resolve() for root in bench.settings.roots))
    lines = (*_head_lines(lacking, places), *_image_lines(bench, lacking, places, images))
    return JobFile(JobHeader(SCHEMA, settings, tuple(places), len(lines)), lines)


def _head_lines(lacking: Lacking, places: dict[Cell, int]) -> Iterator[JobLine]:
    """Yield a line for the heads of each model: its text tower is loaded once for all of them."""
    by_model: dict[ModelRef, list[tuple[int, str]]] = {}
    for head, cell in lacking.heads.items():
        by_model.setdefault(head.ref, []).append((places[cell], head.key))
    for pairs in by_model.values():
        yield JobLine(tuple(place for place, _ in pairs), tuple(key for _, key in pairs))


def _image_lines(bench: Bench, lacking: Lacking, places: dict[Cell, int], images: int) -> Iterator[JobLine]:
    """Yield lines group by group of the models that fit in memory together."""
    sizes = {outputs.ref: weights_bytes(outputs.ref, bench.settings.precision) for outputs in lacking.outputs}
    for models in group_by_budget(sizes, bench.settings.memory_budget):
        missing = {outputs: chunks for outputs, (_, chunks) in lacking.outputs.items() if outputs.ref in models}
        for jobs in group_jobs(plan_jobs(missing), images):
            yield from _lines_of(jobs, lacking, places)


def _lines_of(jobs: tuple[Job, ...], lacking: Lacking, places: dict[Cell, int]) -> Iterator[JobLine]:
    """Yield a line for each run of neighbouring chunks."""
    cells = tuple(dict.fromkeys(places[lacking.outputs[outputs][0]] for outputs in jobs[0].outputs))
    keys = tuple(outputs.key for outputs in jobs[0].outputs)
    start = 0
    for end in range(1, len(jobs) + 1):
        if end == len(jobs) or jobs[end].chunk != jobs[end - 1].chunk + 1:
            yield JobLine(cells, keys, jobs[0].images, jobs[start].chunk, jobs[end - 1].chunk + 1)
            start = end


def write_job_file(path: Path, jobs: JobFile) -> None:
    """Write a job file: one line of JSON for the header, one for the work of each worker."""
    rows = (_line_type().dump_json(line, exclude_defaults=True) for line in jobs.lines)
    write_atomically(path, b"\n".join([_headers().dump_json(jobs.header), *rows]) + b"\n")


def read_job_file(path: Path) -> JobFile:
    """Read a job file; raise RecordError where it is not one."""
    try:
        first, *rest = read_bytes(path, RecordError, what="the job file").splitlines()
        _require_schema(parse_json(first.decode(), str(path), RecordError, expected=_EXPECTED), path)
        jobs = JobFile(_headers().validate_json(first), tuple(map(_line_type().validate_json, rest)))
    except (ValidationError, ValueError) as error:
        raise RecordError(
            f"this is not a job file ({_first_line(error)})", where=str(path), expected=_EXPECTED
        ) from error
    if jobs.header.lines != len(jobs.lines):
        raise RecordError(
            f"the job file has {len(jobs.lines):,} lines of {jobs.header.lines:,}",
            where=str(path),
            expected=_EXPECTED,
            fix="copy the whole file, or write it again: robustcheck jobs",
        )
    return jobs


def _require_schema(header: object, path: Path) -> None:
    found = header.get("robustcheck_jobs") if isinstance(header, dict) else None
    if found != SCHEMA:
        raise RecordError(f"a job file of schema {found!r}", where=str(path), expected=f"schema {SCHEMA}", fix=_FIX)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


@cache
def _headers() -> TypeAdapter[JobHeader]:
    return TypeAdapter(JobHeader)


@cache
def _line_type() -> TypeAdapter[JobLine]:
    return TypeAdapter(JobLine)
