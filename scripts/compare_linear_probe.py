"""Compare ``+linear-probe`` with CLIP_benchmark's linear probe: the same features, the same split of the digits.

CLIP_benchmark needs an environment of its own (see compare_clip_benchmark.py):

    python scripts/compare_linear_probe.py --python clip-benchmark-env/bin/python [--epochs 100] [--models 'zoo:*-1000']

Both choose their penalty on the same tenth of each class, and are fitted on all of the training set then.
CLIP_benchmark fits by AdamW for so many epochs (its default is 10, too few for so few images), robustcheck by L-BFGS.
It asks for a card; here its own code runs on the processor. The exit code is 1 beyond 1.0 points.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from robustcheck.adapters.shots import stratified_tenth
from robustcheck.errors import RobustcheckError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.readout import features_of
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.reference import parse_reference
from robustcheck.values import Cell, ModelRef, Quantity, Score

LARGEST_GAP = 1.0
SEED = 1  # of ours: which tenth is held out
THEIRS = """
import json, sys, numpy as np, torch
from pathlib import Path
from clip_benchmark.metrics import linear_probe

class Processor(str):
    __hash__ = str.__hash__
    def __eq__(self, other):
        return other == "cuda" or str.__eq__(self, other)

torch.nn.Module.cuda = torch.Tensor.cuda = lambda self, *more: self
torch.nn.DataParallel = lambda model, device_ids: model
# Theirs asks numpy for a conversion that it has since forbidden.
linear_probe.accuracy = lambda logits, target, topk: [
    float((logits.topk(k, dim=1).indices == target.long()[:, None]).any(dim=1).float().mean()) for k in topk
]
torch.set_num_threads(1)
place, epochs = Path(sys.argv[1]), int(sys.argv[2])
for name, array in np.load(place / "features.npz").items():
    torch.save(torch.tensor(array), place / "probe" / f"{name}.pt")
found = linear_probe.evaluate(None, None, None, -1, 64, 0, 0.1, epochs, "probe", 0, str(place), Processor("cpu"),
                              val_dataloader=True, normalize=True, amp=False)
print(json.dumps({"acc1": float(found["lp_acc1"]), "weight_decay": found["weight_decay"]}))
"""


def main() -> int:
    """Print a line for each model, and return 1 when a gap is larger than a point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the Python of an environment with clip-benchmark")
    parser.add_argument("--models", default="zoo:*-1000")
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    gaps = []
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(MeasureSettings(store=Path(scratch) / "store", device="cpu"))
        for ref in resolve_models([options.models]):
            place = Path(scratch) / ref.id
            (place / "probe").mkdir(parents=True)
            ours = measured(bench, f"{ref.text}+linear-probe", "digits")
            write_features(bench, ref, place / "features.npz")
            theirs, decay = clip_benchmarks(options.python, place, options.epochs)
            gaps.append(100 * (ours.value - theirs))
            chosen = dict(ours.provenance)["linear-probe"].rpartition("; ")[2]
            print(
                f"{ref.id:24} ours {ours.value:.2%} ({chosen})  theirs {theirs:.2%} (weight decay {decay:.3g})  "
                f"{gaps[-1]:+.2f} pp  n={ours.n}",
                flush=True,
            )
    print(f"the largest gap is {max(map(abs, gaps)):.2f} pp")
    return int(max(map(abs, gaps)) > LARGEST_GAP)


def measured(bench: Bench, text: str, dataset: str) -> Score:
    """Return the accuracy of a model."""
    found = bench.measure(Cell(parse_reference(text), Quantity("top1", dataset)))
    if isinstance(found, RobustcheckError):
        raise found
    assert isinstance(found, Score)
    return found


def write_features(bench: Bench, ref: ModelRef, path: Path) -> None:
    """Write the stored features and labels of a model under the names that CLIP_benchmark reads."""
    arrays: dict[str, np.ndarray] = {}
    for dataset in ("digits-train", "digits"):
        measured(bench, ref.text, dataset)
        (recipe,) = bench.recipes(Cell(ref, Quantity("top1", dataset)))
        features, labels = features_of(recipe, bench.memo).astype(np.float32), recipe.dataset.labels
        held = stratified_tenth(labels, SEED) if dataset == "digits-train" else np.ones(len(labels), dtype=bool)
        parts = {"train": ~held, "val": held} if dataset == "digits-train" else {"test": held}
        for part, rows in parts.items():
            arrays[f"features_{part}"], arrays[f"targets_{part}"] = features[rows], labels[rows]
    np.savez(path, **arrays)  # type: ignore[arg-type]


def clip_benchmarks(python: str, place: Path, epochs: int) -> tuple[float, float]:
    """Return the accuracy of CLIP_benchmark's probe on features that were written, and the decay that it chose."""
    command = [python, "-c", THEIRS, str(place), str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"CLIP_benchmark ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return float(found["acc1"]), float(found["weight_decay"])


if __name__ == "__main__":
    sys.exit(main())
