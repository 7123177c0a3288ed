"""Kill whatever writes, at any moment, and look at what is left: a whole old state or a whole new one, never a part.

Most kills hit a process that writes one thing after the other as fast as it can; a few hit a run of pytest, which is
then run again and must come to the numbers of a run that nobody killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from fuzz_readers import record, result, score

from robustcheck.datasets.file_facts import keep, kept
from robustcheck.history.baselines import bless, load_baseline
from robustcheck.history.kept_noise import NoiseFloor, keep_noise, load_noise
from robustcheck.history.kept_samples import read_samples, write_samples
from robustcheck.history.taken_looks import TakenLook, load_series, start_series, take_looks
from robustcheck.measure.crop_cache import CropCache, CropPlace
from robustcheck.measure.jobs import Job
from robustcheck.measure.parts import ImageSet
from robustcheck.report import load_run, write_report
from robustcheck.store import open_store

# One of so many kills hits a whole run of pytest.
RUNS = 50
_LONGEST_WAIT = 0.25
_LONGEST_RUN = 12.0
_ROWS, _CHUNK = 30, 10
_SERIES = "nightly"
_CROPS = Job(ImageSet("a", "f" * 64, _CHUNK), _CHUNK, 0, ())
# So many crops of the writers fit: they push each other out of the cache.
_CROPS_BYTES = 5_000
_SUITE = """robustcheck: 1
title: Killed
checks:
  - {id: reads, measure: {metric: top1, dataset: digits}, expect: {at_least: 1%}}
  - {id: calibrated, measure: {metric: ece, dataset: digits}, expect: {at_most: 0.9}}
"""


def kill_writers(kills: int, seed: int) -> Iterator[str]:
    """Kill a process that writes, so many times; yield how each ended: ``value``, or what was found in words."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        start_series(directory / "series", _SERIES)
        _write(directory, 0)
        for _ in range(kills):
            _kill_one(lambda: _write_on(directory), rng.uniform(0, _LONGEST_WAIT))
            yield _look(directory)


def kill_runs(kills: int, seed: int) -> Iterator[str]:
    """Kill a run of pytest, then run it again; yield ``value`` where that ends as a run that nobody killed."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        expected = _run(Path(place) / "whole", None)
        for number in range(kills):
            directory = Path(place) / str(number)
            _run(directory, rng.uniform(0.5, _LONGEST_RUN))
            found = _run(directory, None)
            yield "value" if found == expected else f"{found} after a kill, {expected} without"


def _kill_one(write: Callable[[], None], after: float) -> None:
    child = os.fork()
    if not child:
        try:
            write()
        finally:
            os._exit(1)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _write_on(directory: Path) -> None:
    for version in count(os.getpid() % 1000):
        _write(directory, version)


def _write(directory: Path, version: int) -> None:
    """Write everything once; each thing says of which version it is in more than one place."""
    right = version % 20
    store = open_store(directory / "store")
    store.write("heads", "ab12", np.full((50, 4), version), {"version": version})
    chunks = store.chunks("outputs", f"cd{right}", _ROWS, _CHUNK)
    for index in range(chunks.count):
        chunks.write(index, np.full((_CHUNK, 2), right), {})
    chunks.pack()
    pieces = store.chunks("outputs", f"ef{right}", _ROWS, _ROWS, order="images")
    for number in pieces.pieces.of_chunk(0):
        pieces.write(number, np.full((len(pieces.span(number)), 2), right), {})
    pieces.pack()
    _write_histories(directory, version)
    own = score(right, f"key-{right}")
    write_samples(directory / "samples", own.key, own.samples)  # type: ignore[arg-type]
    write_report(record(result(own), id="run"), directory / "run")
    bless(directory / "run", "main", directory / "baselines", directory / "samples")


def _write_histories(directory: Path, version: int) -> None:
    """Add to what is changed by its own content, and write what only saves time."""
    series = directory / "series"
    known = load_series(series, _SERIES)
    look = TakenLook(known.taken + 1, "m", str(version), "2026-11-22T10:00:00+00:00")
    take_looks(series, known, (look,))
    keep_noise(directory, [NoiseFloor("m", f"data-{version % 5}", "fp32", "batch", 100, version % 20)])
    keep(directory / "facts", json.dumps([version] * 50).encode())
    crops = CropCache(CropPlace(directory / "crops", _CROPS_BYTES))
    crops.write(_CROPS, str(version % 20), [np.full((6, 6, 3), version % 20, np.uint8)] * _CHUNK)


def _look(directory: Path) -> str:
    """Read everything; say what is lost or of two versions."""
    try:
        return next(_wrong(directory), "value")
    # The one thing that a killed writer must never lead to.
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _wrong(directory: Path) -> Iterator[str]:
    store = open_store(directory / "store")
    head = store.read("heads", "ab12")
    if head is None or set(head.array.ravel().tolist()) != {head.facts["version"]}:
        yield "a head is lost or mixed"
    for right in range(20):
        chunks = store.chunks("outputs", f"cd{right}", _ROWS, _CHUNK)
        found = [rows for index in range(chunks.count) if (rows := chunks.read(index)) is not None]
        if any(set(np.asarray(rows).ravel().tolist()) != {right} for rows in found):
            yield "a chunk is mixed"
        kept = read_samples(directory / "samples", f"key-{right}")
        if kept is not None and int(kept.scores.sum()) != right:
            yield "per-image scores are mixed"
        joined = store.chunks("outputs", f"ef{right}", _ROWS, _ROWS, order="images").read(0)
        if joined is not None and set(np.asarray(joined).ravel().tolist()) != {right}:
            yield "pieces are mixed"
    yield from _wrong_histories(directory)
    _require_run(load_run(directory / "run"))
    baseline = load_baseline("main", directory / "baselines", directory)
    own = _require_run(baseline.run)
    if int(baseline.samples(own).scores.sum()) != round(own.value * own.n):
        yield "a baseline is mixed"


def _wrong_histories(directory: Path) -> Iterator[str]:
    looks = load_series(directory / "series", _SERIES).looks
    if [look.number for look in looks] != list(range(1, len(looks) + 1)) or not looks:
        yield "a look is lost"
    if not all(0 <= floor.changed < 20 for floor in load_noise(directory)):
        yield "a noise floor is mixed"
    facts = kept(directory / "facts")
    if facts is None or len(set(json.loads(facts))) != 1:
        yield "facts of files are lost or mixed"
    for right in range(20):
        block = CropCache(CropPlace(directory / "crops", _CROPS_BYTES)).read(_CROPS, str(right))
        if block is not None and set(block.ravel().tolist()) != {right}:
            yield "crops are mixed"


def _require_run(run: object) -> object:
    own = run.results[0].score  # type: ignore[attr-defined]
    if own.key != f"key-{round(own.value * own.n)}":
        raise ValueError("a run record is mixed")
    return own


def _run(directory: Path, limit: float | None) -> object:
    """Run the suite; return the values of its checks, or None where it was killed."""
    directory.mkdir(exist_ok=True)
    (directory / "a.robust.yaml").write_text(_SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "a.robust.yaml", "--models"]
    command += ["zoo:cnn-plain-100,zoo:vit-plain-100", "--robust-evidence", "live"]
    process = subprocess.Popen(
        command, cwd=directory, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
    return _values(directory)


def _values(directory: Path) -> list[tuple[str, str, float]]:
    """Return the values that the newest report holds."""
    newest = sorted(directory.glob("reports/*/run.json"))
    results = load_run(newest[-1]).results if newest else ()
    return sorted((each.check_key, each.model.id, each.score.value) for each in results if each.score is not None)
