"""What is fuzzed: small honest files of every kind that a user can hand in, and the call that reads each."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from robustcheck.datasets import data_roots, open_dataset
from robustcheck.history.baselines import KeptRun, bless, load_baseline
from robustcheck.history.changes import differences
from robustcheck.history.kept_samples import write_samples
from robustcheck.measure import MeasureSettings
from robustcheck.models.model_sets import resolve_models, resolve_one
from robustcheck.models.prediction_files import read_about
from robustcheck.populations import from_run, load_population
from robustcheck.report import load_run, write_report
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Cell, ModelRef, Position, Quantity, Result, RunRecord, Samples, Score, Verdict

_TABLES = ("manifest.csv", "manifest.jsonl", "classes.txt", "templates.txt", "datasets.local.yaml")

Files = Mapping[str, bytes]
Read = Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """A kind of input: sets of honest files by name, which of them are changed, and how a directory of them is read."""

    name: str
    count: int
    seeds: tuple[Files, ...]
    read: Read
    changed: tuple[str, ...] = field(default=())

    def targets(self, files: Files) -> list[str]:
        """Return the names of the files that are changed."""
        return [name for name in files if not self.changed or name in self.changed]


def kinds() -> Iterator[Kind]:
    """Yield every kind, with the number of cases that a full run has."""
    yield Kind("suites", 10_000, _suites(), read_suite)
    yield Kind("predictions", 20_000, _predictions(), read_predictions)
    yield Kind("manifests", 5_000, _manifests(), read_data, changed=_TABLES)
    yield Kind("captions", 5_000, _captions(), read_data, changed=("captions.csv", "captions.jsonl"))
    yield Kind("populations", 5_000, _populations(), read_population)
    yield Kind("models files", 5_000, _models(), read_models, changed=("models.yaml",))
    yield Kind("run records", 5_000, _records(), read_record)
    yield Kind("baselines", 5_000, _baselines(), read_baseline)


# --- suites -----------------------------------------------------------------------------------------


def read_suite(directory: Path) -> object:
    """Load a suite and pair its checks with its models."""
    session = _session(directory)
    return session.plan(session.load(directory / "a.robust.yaml"))


def _suites() -> tuple[Files, ...]:
    root = Path(__file__).parents[1] / "suites"
    names = ("natural_shifts", "visual_factors", "ood", "retrieval", "overlap", "corruptions")
    return tuple({"a.robust.yaml": (root / f"{name}.robust.yaml").read_bytes()} for name in names)


# --- saved outputs ----------------------------------------------------------------------------------


def read_predictions(directory: Path) -> object:
    """Score saved outputs on the digits; what is wrong with them is an error of this score."""
    read_about(directory)
    model = resolve_one(f"predictions:{directory}")
    return _session(directory).book.score(Cell(model, Quantity("top1", "digits")), live=True)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    digits = open_dataset("digits", ())
    return digits.ids, digits.labels, digits.class_names


def _predictions() -> tuple[Files, ...]:
    ids, labels, names = _digits()
    about = b"name: mine\nfamily: clip\nsource: laion\nabout: Saved elsewhere.\n"
    pairs = list(zip(ids, labels, strict=True))
    best = "id,predicted,confidence\n" + "".join(f"{name},{label},0.5\n" for name, label in pairs)
    rows = [
        ",".join([str(name), *(f"{float(place == label):g}" for place in range(len(names)))]) for name, label in pairs
    ]
    wide = ",".join(["id", *(f"logit_{place}" for place in range(len(names)))]) + "\n" + "\n".join(rows) + "\n"
    archive = io.BytesIO()
    np.savez(archive, ids=ids, predicted=labels, labels=labels)
    contents = {"digits.csv": (best.encode(), wide.encode()), "digits.npz": (archive.getvalue(),)}
    return tuple({name: text, "about.yaml": about} for name, texts in contents.items() for text in texts)


# --- data sets --------------------------------------------------------------------------------------


def read_data(directory: Path) -> object:
    """Open a directory of images and decode the first."""
    dataset = open_dataset(str(directory), data_roots(None, {}, directory))
    return len(dataset), dataset.image(0)


def _images() -> Files:
    files = {}
    for number in range(4):
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4), (60 * number, 0, 0)).save(buffer, "png")
        files[f"i{number}.png"] = buffer.getvalue()
    return files


def _manifests() -> tuple[Files, ...]:
    table = b"path,label,place\n" + b"".join(b"i%d.png,%s,in\n" % (i, b"cat" if i % 2 else b"dog") for i in range(4))
    numbers = b"id,path,label\n" + b"".join(b"x%d,i%d.png,%d\n" % (i, i, i % 2) for i in range(4))
    lines = b"".join(b'{"path": "i%d.png", "label": "cat", "n": %d}\n' % (i, i) for i in range(4))
    local = b"roots: [.]\nimagenet-v2: ./v2\n"
    return (
        {**_images(), "manifest.csv": table, "classes.txt": b"cat\ndog\n"},
        {**_images(), "manifest.csv": numbers, "datasets.local.yaml": local, "classes.txt": b"a\nb\n"},
        {**_images(), "manifest.jsonl": lines, "templates.txt": b"a photo of a {c}.\n"},
    )


def _captions() -> tuple[Files, ...]:
    table = b"path,caption\n" + b"".join(b'i%d.png,"a, red %d"\n' % (i % 4, i) for i in range(8))
    lines = b"".join(b'{"path": "i%d.png", "captions": ["a red one", "another"]}\n' % i for i in range(4))
    return ({**_images(), "captions.csv": table}, {**_images(), "captions.jsonl": lines})


# --- tables and lists -------------------------------------------------------------------------------


def read_population(directory: Path) -> object:
    """Load a population and find its points."""
    population = load_population(str(directory / "own.csv"))
    return population.points(Quantity("top1", "imagenet-val"), Quantity("top1", "imagenet-v2"), {})


def _populations() -> tuple[Files, ...]:
    head = "model,dataset,metric,value,n,class_set,where,family\n"
    rows = "".join(
        f"m{i},{name},top1,0.{50 + i},1000,,,clip\n" for i in range(8) for name in ("imagenet-val", "imagenet-v2")
    )
    described = b"source: mine\nlicence: none\ndate: 2026-01-01\nnotes: [one, two]\nstands_in: no\n"
    return ({"own.csv": (head + rows).encode(), "own.yaml": described},)


def read_models(directory: Path) -> object:
    """Resolve a list of models."""
    return resolve_models(["models.yaml"], base=directory)


def _models() -> tuple[Files, ...]:
    texts = (
        b"models:\n- openclip:ViT-B-32/openai\n- laion\n- {source: laion, architecture: vit}\n- source=wit\n",
        b"[RN50/openai, 'openclip:ViT-B-32@x.pt', timm:resnet50.a1_in1k, 'zoo:*', hf-hub:a/b, predictions:saved]\n",
    )
    beside = {"saved/digits.csv": b"id,predicted\n", "x.pt": b""}
    return tuple({"models.yaml": text, **beside} for text in texts)


# --- what robustcheck wrote -------------------------------------------------------------------------


def read_record(directory: Path) -> object:
    """Read a run, compare it with another, make a population of it."""
    kept = KeptRun("then", load_run(directory / "then"), directory / "samples")
    now = KeptRun("now", load_run(directory / "now"), directory / "samples")
    return differences(kept, now), from_run(now.run)


def read_baseline(directory: Path) -> object:
    """Find a model's blessed score, with its samples."""
    return load_baseline("main", directory / "baselines", directory).score(_MODEL, Quantity("top1", "imagenet-v2"))


_MODEL = ModelRef("ViT-B-32/openai", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", "openai")


def record(*results: Result, id: str = "20261122-100000") -> RunRecord:
    """Return a run of results."""
    return RunRecord(id, "2026-11-22T10:00:00+00:00", 1.0, "pytest", (), results, root="/here")


def result(score: Score, **changes: object) -> Result:
    """Return what became of one check."""
    name = f"a.robust.yaml::a-check[{score.cell.model.id}]"
    verdict = Verdict("pass", "a reason", value=score.value, low=score.low, high=score.high, limit=0.4, margin=0.1)
    made = Result(
        *(name, "a.robust.yaml", "a-check", "a-check", "", "", (), "A sentence."),
        position=Position("a.robust.yaml", 1, 1),
        yaml="",
        model=score.cell.model,
        verdict=verdict,
        score=score,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def score(right: int, key: str, n: int = 40) -> Score:
    """Return a measured score whose first images are right."""
    scores = (np.arange(n) < right).astype(np.float64)
    samples = Samples(np.array([f"i{i}" for i in range(n)]), scores, np.arange(n) % 3, clusters=np.arange(n) // 2)
    cell = Cell(_MODEL, Quantity("top1", "imagenet-v2"))
    ends = (right / n - 0.1, right / n + 0.1)
    return Score(cell, right / n, *ends, n, "live", "here", key, (("dataset", "d"),), samples)


def _records() -> tuple[Files, ...]:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        for name, right in (("then", 30), ("now", 10)):
            own = score(right, f"key-{name}")
            write_samples(directory / "samples", own.key, own.samples)  # type: ignore[arg-type]
            write_report(record(result(own), id=name), directory / name)
        sealed = _without_pages(read_files(directory))
    # A record from before there were checksums is read to its end, so it is the better prey.
    return sealed, {name: without_seal(content) for name, content in sealed.items()}


def _baselines() -> tuple[Files, ...]:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        own = score(30, "key")
        write_samples(directory / "samples", own.key, own.samples)  # type: ignore[arg-type]
        write_report(record(result(own)), directory / "run")
        bless(directory / "run", "main", directory / "baselines", directory / "samples")
        shutil.rmtree(directory / "run")
        shutil.rmtree(directory / "samples")
        sealed = read_files(directory)
    return sealed, {name: without_seal(content) for name, content in sealed.items()}


def without_seal(content: bytes) -> bytes:
    """Return a file of ours as versions before 0.2 wrote it."""
    head, _, rest = content.partition(b"\n")
    if head.startswith(b"robustcheck-sealed "):
        return rest
    _, checksum, body = content.partition(b'"checksum"')
    return b"{\n" + body.partition(b"\n")[2] if checksum else content


def read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of every file below a directory, by its path from there."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def write_files(directory: Path, files: Files) -> None:
    """Write files below a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _without_pages(files: dict[str, bytes]) -> Files:
    return {name: content for name, content in files.items() if not name.endswith((".html", ".md"))}


def _session(directory: Path) -> RobustSession:
    measure = MeasureSettings(directory / ".store")
    settings = RunSettings(measure, directory / "baselines", directory / "reports", directory=directory)
    return RobustSession(settings, datetime.now(UTC).date())
