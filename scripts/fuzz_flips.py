"""One flipped bit in everything that robustcheck writes and reads again: the same value, made anew, or an error."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fuzz_readers import read_files, record, result, score
from PIL import Image

from robustcheck.datasets import open_dataset
from robustcheck.history.baselines import bless, load_baseline
from robustcheck.history.kept_samples import read_samples, write_samples
from robustcheck.models.digests import file_digest
from robustcheck.predictions import read_predictions, write_predictions
from robustcheck.report import load_run, write_report
from robustcheck.report.runfile import dump_run
from robustcheck.store import open_store

# The caches trust only files that are older than this.
_SETTLED_SECONDS = 5.5


@dataclass(frozen=True)
class Written:
    """Something that was written in a directory: the files that are flipped there, and the value read from them."""

    name: str
    directory: Path
    files: dict[str, bytes]
    read: Callable[[Path], object]
    value: object

    def restore(self) -> None:
        """Put every file back as it was written."""
        for name, content in self.files.items():
            (self.directory / name).write_bytes(content)


def written(*, patient: bool = True) -> Iterator[Written]:
    """Write each thing once, and yield it with the value that must be read again.

    The caches trust only files that are some seconds old: without patience they are left out.
    """
    at_once = (
        ("store: an array", _write_array, _read_array, ".array"),
        ("store: chunks", _write_chunks, _read_chunks, ".array"),
        ("store: a packed set", _write_pack, _read_pack, ".safetensors"),
        ("per-image scores", _write_samples, _read_samples, ".npz"),
        ("run record", _write_run, _read_run, "run.json"),
        ("baseline", _write_baseline, _read_baseline, "baselines/"),
        ("exported predictions", _write_predictions, _read_predictions, ".npz"),
    )
    later = (
        ("hashes of a data set", _write_images, _read_images, "index/"),
        ("digest of a checkpoint", _write_weights, _read_weights, "digests/"),
    )
    for name, write, read, part in (*at_once, *(later if patient else ())):
        with tempfile.TemporaryDirectory() as place:
            directory = Path(place)
            write(directory)
            value = read(directory)
            files = {name: content for name, content in read_files(directory).items() if part in name}
            if not files:
                raise RuntimeError(f"{name}: nothing was written")
            yield Written(name, directory, files, read, value)


def _write_array(directory: Path) -> None:
    open_store(directory).write("heads", "ab12", np.linspace(0, 1, 12).reshape(3, 4), {"a": 1})


def _read_array(directory: Path) -> object:
    found = open_store(directory).read("heads", "ab12")
    return None if found is None else (found.array.tolist(), dict(found.facts))


def _write_chunks(directory: Path) -> None:
    chunks = open_store(directory).chunks("outputs", "ab12", 5)
    chunks.write(0, np.arange(10.0).reshape(5, 2), {})


def _read_chunks(directory: Path) -> object:
    found = open_store(directory).chunks("outputs", "ab12", 5).read(0)
    return None if found is None else np.asarray(found).tolist()


def _write_pack(directory: Path) -> None:
    chunks = open_store(directory).chunks("outputs", "ab12", 10, 5)
    for index in range(2):
        chunks.write(index, np.arange(10.0).reshape(5, 2) + index, {})
    chunks.pack()


def _read_pack(directory: Path) -> object:
    chunks = open_store(directory).chunks("outputs", "ab12", 10, 5)
    found = [chunks.read(index) for index in range(2)]
    # A damaged chunk is absent, and made anew; what is there must be right.
    return None if any(rows is None for rows in found) else [np.asarray(rows).tolist() for rows in found]


def _write_samples(directory: Path) -> None:
    own = score(30, "key").samples
    write_samples(directory, "key", own)  # type: ignore[arg-type]


def _read_samples(directory: Path) -> object:
    found = read_samples(directory, "key")
    if found is None:
        return None
    columns = (found.ids, found.scores, found.groups, found.clusters)
    return found.statistic, found.bins, [None if column is None else column.tolist() for column in columns]


def _write_run(directory: Path) -> None:
    write_report(record(result(score(30, "key"))), directory)


def _read_run(directory: Path) -> object:
    return load_run(directory)


def _write_baseline(directory: Path) -> None:
    _write_samples(directory / "samples")
    _write_run(directory / "run")
    bless(directory / "run", "main", directory / "baselines", directory / "samples")
    for left in (*(directory / "run").iterdir(), *(directory / "samples").iterdir()):
        left.unlink()


def _read_baseline(directory: Path) -> object:
    own = score(30, "key")
    baseline = load_baseline("main", directory / "baselines", directory)
    found = baseline.score(own.cell.model, own.cell.quantity)
    kept = found.samples
    return dump_run(baseline.run), found.value, kept and (kept.scores.tolist(), kept.ids.tolist())


def _write_predictions(directory: Path) -> None:
    ids = np.array([f"i{place}" for place in range(6)])
    labels, groups = np.arange(6) % 3, {"place": np.array(["in", "out"] * 3)}
    write_predictions(directory, "digits", ids, np.eye(6)[:, :3] + 0.5, labels, ("a", "b", "c"), groups)


def _read_predictions(directory: Path) -> object:
    found = read_predictions(directory, "digits")
    if found is None:
        return None
    groups = {name: column.tolist() for name, column in found.groups.items()}
    return found.kind, found.values.tolist(), found.ids.tolist(), found.class_names, groups


def _write_images(directory: Path) -> None:
    for number in range(4):
        path = directory / "data" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (number, 0, 0)).save(path)
    time.sleep(_SETTLED_SECONDS)


def _read_images(directory: Path) -> object:
    opened = open_dataset(str(directory / "data"), (), directory / "index")
    return opened.fingerprint, opened.ids.tolist(), opened.labels.tolist()


def _write_weights(directory: Path) -> None:
    (directory / "weights.bin").write_bytes(bytes(2**24 + 1))
    (directory / "digests").mkdir()
    time.sleep(_SETTLED_SECONDS)


def _read_weights(directory: Path) -> object:
    return file_digest(directory / "weights.bin", directory / "digests")
