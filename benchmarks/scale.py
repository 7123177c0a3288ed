"""What very large measurements cost with this design: the store's constants measured, the scheduler simulated.

    python benchmarks/scale.py [--write docs/scale.md]

Measured here: what it takes to write, pack and read the outputs of a model on 50,000 images, and to plan and read
lines of a job file. Assumed, and said so in the table: how fast a GPU runs a model, what a request to a bucket takes,
how often workers die and how many are slow. The simulation is of lines that workers take one by one (Ray), or of
equal parts that are given out beforehand and submitted again until all is done (a job array).
"""

from __future__ import annotations

import argparse
import heapq
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustcheck.store import CHUNK, open_store

DIMENSIONS = 512
LINE_IMAGES = 4096
# What a GPU is assumed to do: ViT-B/32 in bf16, images a second; and seconds to load a model of 350 MB.
GPU_IMAGES_PER_SECOND = 3000.0
LOAD_SECONDS = 6.0
MODELS_PER_GROUP = 100
DECODE_SECONDS = 2.5e-3
CORES_PER_GPU = 16
REQUEST_SECONDS = 0.02
# Of a chunk, counted: two looks for it (its own file, its pack) and one write; then read into the pack, and removed.
LINE_REQUESTS, PACK_REQUESTS = 3, 2
# A worker dies once in so many hours; of twenty, one runs at a third of the speed.
HOURS_TO_FAILURE = 50.0
SLOW_SHARE, SLOW_FACTOR = 0.05, 3.0
RESTART_SECONDS = 120.0
BEGIN, END = "<!-- scale: begin -->", "<!-- scale: end -->"


@dataclass(frozen=True, slots=True)
class Workload:
    """How many models on how many images, by how many workers."""

    name: str
    models: int
    images: int
    workers: int

    @property
    def groups(self) -> int:
        """The groups of models that fit in memory together."""
        return -(-self.models // MODELS_PER_GROUP)

    @property
    def lines(self) -> int:
        """The lines of the job file."""
        return self.groups * -(-self.images // LINE_IMAGES)

    @property
    def line_seconds(self) -> float:
        """How long a worker takes for a line: the GPU or, where that is slower, decoding; then requests, one by one."""
        models = min(self.models, MODELS_PER_GROUP)
        forward = LINE_IMAGES * models / GPU_IMAGES_PER_SECOND
        requests = LINE_REQUESTS * models * (LINE_IMAGES // CHUNK)
        return max(forward, LINE_IMAGES * DECODE_SECONDS / CORES_PER_GPU) + requests * REQUEST_SECONDS

    @property
    def chunks(self) -> int:
        """The chunks that are written in all."""
        return self.models * -(-self.images // CHUNK)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long all took, and the share of the work that was lost or idle."""

    seconds: float
    lost: float
    idle: float


def simulate(
    lines: int, workers: int, line_seconds: float, rng: np.random.Generator, *, are_shared: bool, mtbf: float
) -> Outcome:
    """Return what becomes of equal lines with workers that die (after ``mtbf`` seconds on average) and slow ones.

    A worker that dies loses the chunk it was at and is back after ``RESTART_SECONDS``. Shared lines are taken one by
    one; without, each worker has its own part from the beginning.
    """
    speeds = np.where(rng.random(workers) < SLOW_SHARE, SLOW_FACTOR, 1.0)
    own = np.full(workers, lines // workers) + (np.arange(workers) < lines % workers)
    left, lost, busy = lines, 0.0, 0.0
    free = [(0.0, worker) for worker in range(workers)]
    heapq.heapify(free)
    end = 0.0
    while free and left:
        now, worker = heapq.heappop(free)
        if not are_shared and not own[worker]:
            continue
        took = line_seconds * speeds[worker]
        deaths = int(rng.poisson(took / mtbf)) if mtbf < np.inf else 0
        # A line of 4,096 images has 16 chunks: half of one is lost each time.
        wasted = deaths * took / (LINE_IMAGES // CHUNK) / 2
        finish = now + took + wasted + deaths * RESTART_SECONDS
        left, lost, busy, end = left - 1, lost + wasted, busy + took + wasted, max(end, finish)
        own[worker] -= 1
        heapq.heappush(free, (finish, worker))
    return Outcome(end, lost / busy, 1 - busy / (end * workers))


def store_constants(images: int = 50_000) -> dict[str, float]:
    """Return seconds a chunk to write, pack and read, and bytes an image, in a directory of this machine."""
    rows = np.random.default_rng(0).normal(size=(CHUNK, DIMENSIONS)).astype(np.float32)
    with tempfile.TemporaryDirectory() as directory:
        chunks = open_store(directory).chunks("outputs", "ab" * 32, images)
        count = chunks.count

        def every(act: Callable[[int], object]) -> float:
            return _seconds(lambda: [act(index) for index in range(count)]) / count

        write = every(lambda index: chunks.write(index, rows[: len(chunks.span(index))], {"device": "cpu"}))
        loose = min(every(chunks.read) for _ in range(3))
        pack = _seconds(chunks.pack) / count
        packed = min(every(chunks.read) for _ in range(3))
        size = sum(path.stat().st_size for path in Path(directory).rglob("*") if path.is_file()) / images
    return {"write": write, "loose": loose, "pack": pack, "packed": packed, "bytes": size}


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def rows(workload: Workload, constants: dict[str, float]) -> Iterator[tuple[str, str]]:
    """Yield what a workload costs."""
    rng = np.random.default_rng(7)
    work = workload.lines * workload.line_seconds
    forward = workload.models * workload.images / GPU_IMAGES_PER_SECOND
    yield "lines of the job file", f"{workload.lines:,} of {workload.line_seconds:,.0f} s"
    yield "hours that GPUs are held, and compute", f"{work / 3600:,.0f}, {forward / 3600:,.0f}"
    yield "decoding, core hours", f"{workload.groups * workload.images * DECODE_SECONDS / 3600:,.0f}"
    packs = workload.models * -(-workload.images // (CHUNK * 1024))
    yield "chunks written, then packed into", f"{workload.chunks:,} into {packs:,} files"
    yield "bytes stored", f"{workload.models * workload.images * constants['bytes'] / 1e12:,.1f} TB"
    requests = (LINE_REQUESTS + PACK_REQUESTS) * workload.chunks + 4 * packs
    yield "requests", f"{requests:,}"
    yield "requests a second, all workers", f"{requests / (work / workload.workers):,.0f}"
    yield "waiting for requests, worker hours", f"{requests * REQUEST_SECONDS / 3600:,.0f}"
    yield "packing itself, worker hours", f"{workload.chunks * constants['pack'] / 3600:,.0f}"
    for name, are_shared in (("taken one by one", True), ("parts given out beforehand", False)):
        found = simulate(
            workload.lines,
            workload.workers,
            workload.line_seconds,
            rng,
            are_shared=are_shared,
            mtbf=HOURS_TO_FAILURE * 3600,
        )
        yield (
            f"hours with {workload.workers} workers, lines {name}",
            f"{found.seconds / 3600:,.1f} (lost {found.lost:.2%}, idle {found.idle:.0%})",
        )


WORKLOADS = (
    Workload("1,000 models, 10 million images", 1000, 10_000_000, 64),
    Workload("one model, a billion images", 1, 1_000_000_000, 64),
)


def report() -> str:
    """Return the tables in Markdown."""
    constants = store_constants()
    lines = [
        "Measured in a directory, 50,000 x 512 float32, milliseconds a chunk of 256 images: "
        f"write {constants['write'] * 1e3:.2f}, pack {constants['pack'] * 1e3:.2f}, "
        f"read from its own file {constants['loose'] * 1e3:.2f}, read from the pack {constants['packed'] * 1e3:.2f}; "
        f"{constants['bytes']:,.0f} bytes an image.",
        "",
        "| | " + " | ".join(workload.name for workload in WORKLOADS) + " |",
        "|---|" + "---|" * len(WORKLOADS),
    ]
    tables = [list(rows(workload, constants)) for workload in WORKLOADS]
    lines += [f"| {row[0][0]} | " + " | ".join(cell[1] for cell in row) + " |" for row in zip(*tables, strict=True)]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path)
    page, text = parser.parse_args().write, report()
    if page is None:
        print(text)
        return
    between = re.compile(f"(?<={BEGIN}\n).*?(?={END})", re.DOTALL)
    page.write_text(between.sub(lambda _: text + "\n", page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
