"""Compare robustcheck with CLIP_benchmark on one model and one webdataset directory, to the last image.

CLIP_benchmark needs an environment of its own, because its dependencies differ:

    python -m venv clip-benchmark-env
    clip-benchmark-env/bin/pip install clip-benchmark==1.6.2 requests 'numpy<2.3' transformers
    python scripts/compare_clip_benchmark.py --clip-benchmark clip-benchmark-env/bin/clip_benchmark

Without ``--data``, the held-out digits are written as a CLIP_benchmark directory; without ``--model``, the
zoo's models score them. Each line shows the two numbers of correct images; the exit code is 1 if any differs.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustcheck.datasets import Dataset, open_dataset
from robustcheck.errors import RobustcheckError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, ModelRef, Quantity

METRICS = {"top1": "acc1", "top5": "acc5", "mean_per_class_recall": "mean_per_class_recall"}
IMAGES_PER_SHARD = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare every model and return 1 when a figure differs."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(options.work or temporary)
        data = Path(options.data) if options.data else write_webdataset(open_dataset("digits", ()), work / "digits")
        agreed = [_agrees(ref, data, work, options.clip_benchmark) for ref in resolve_models([options.model])]
    print(f"{sum(agreed)} of {len(agreed)} models agree in every figure")
    return 0 if all(agreed) else 1


def write_webdataset(dataset: Dataset, directory: Path) -> Path:
    """Write a data set as a CLIP_benchmark directory of lossless images."""
    (directory / "test").mkdir(parents=True, exist_ok=True)
    shards = [
        range(start, min(start + IMAGES_PER_SHARD, len(dataset))) for start in range(0, len(dataset), IMAGES_PER_SHARD)
    ]
    for number, shard in enumerate(shards):
        with tarfile.open(directory / "test" / f"{number}.tar", "w") as archive:
            for index in shard:
                _add_sample(archive, dataset, index)
    (directory / "test" / "nshards.txt").write_text(f"{len(shards)}\n")
    (directory / "classnames.txt").write_text("\n".join(dataset.class_names) + "\n")
    (directory / "zeroshot_classification_templates.txt").write_text("\n".join(dataset.templates) + "\n")
    return directory


def _add_sample(archive: tarfile.TarFile, dataset: Dataset, index: int) -> None:
    buffer = io.BytesIO()
    dataset.image(index).save(buffer, "png")
    for suffix, content in (("png", buffer.getvalue()), ("cls", str(dataset.labels[index]).encode())):
        member = tarfile.TarInfo(f"s{index:07d}.{suffix}")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def _agrees(ref: ModelRef, data: Path, work: Path, executable: str) -> bool:
    ours, n = robustcheck_figures(ref, data, work / "store")
    theirs = clip_benchmark_figures(ref, data, work / f"{ref.id.replace('/', '-')}.json", executable)
    agree = True
    for metric, name in METRICS.items():
        same = abs(ours[metric] - theirs[name]) < 0.5 / n / 1000
        agree &= same
        print(f"{'same' if same else 'DIFFERENT'}  {ref.id}  {metric}  {ours[metric]:.12f}  {theirs[name]:.12f}  n={n}")
    return agree


def robustcheck_figures(ref: ModelRef, data: Path, store: Path) -> tuple[Mapping[str, float], int]:
    """Measure all metrics of a model with robustcheck; return them and n."""
    cells = {metric: Cell(ref, Quantity(metric, str(data))) for metric in METRICS}
    found = measure_cells(list(cells.values()), MeasureSettings(store=store, device="cpu"))
    values = {}
    for metric, cell in cells.items():
        score = found[cell]
        if isinstance(score, RobustcheckError):
            raise score
        values[metric], n = score.value, score.n
    return values, n


def clip_benchmark_figures(ref: ModelRef, data: Path, output: Path, executable: str) -> Mapping[str, float]:
    """Run ``clip_benchmark eval --no_amp`` and return its metrics."""
    command = [executable, "eval", "--dataset", f"wds/{data.name}", "--dataset_root", str(data)]
    command += ["--task", "zeroshot_classification", "--model", _open_clip_name(ref), "--pretrained", _pretrained(ref)]
    command += ["--no_amp", "--num_workers", "0", "--batch_size", "64", "--output", str(output)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {finished.returncode}:\n{finished.stderr[-2000:]}")
    metrics: Mapping[str, float] = json.loads(output.read_text())["metrics"]
    return metrics


def _open_clip_name(ref: ModelRef) -> str:
    return f"local-dir:{ref.weights}" if ref.kind in ("zoo", "local-dir") else ref.architecture


def _pretrained(ref: ModelRef) -> str:
    return "none" if ref.kind in ("zoo", "local-dir") else str(ref.weights)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip-benchmark", default="clip_benchmark", help="the clip_benchmark executable")
    parser.add_argument("--model", default="zoo", help="an open_clip reference or a model set (default: zoo)")
    parser.add_argument("--data", help="a CLIP_benchmark webdataset directory (default: digits, written anew)")
    parser.add_argument("--work", help="where to keep the data, the store and the outputs (default: temporary)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
