"""End to end on a card against the forward pass alone: images a second from JPEG files and from the crop cache.

    python benchmarks/gpu_path.py PHOTOGRAPHS [--images 20000] [--device cuda] [--models ViT-B-32,ViT-B-16,ViT-L-14]

PHOTOGRAPHS is a directory of JPEG files, repeated up to ``--images``. Weights are random: they cost the same. Each
model is measured in float32 and bf16. ``forward`` runs the model on pixels that are on the card already. The aim is
0.9 of it. ``torch`` reads the files with ``--robust-decode torch``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from against_clip_benchmark import write_copies

from robustcheck.crops import Decode
from robustcheck.measure import Bench, CropPlace, MeasureSettings, default_batch, default_memory
from robustcheck.models.encoders import PRECISIONS, Precision
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.torch_models import TorchModel
from robustcheck.values import Cell, Quantity, Score

FORWARDS = {"cuda": 30, "cpu": 1}


def main() -> None:
    """Print a row for each model and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", default="ViT-B-32,ViT-B-16,ViT-L-14")
    options = parser.parse_args()
    print(f"{_card(options.device)}, {options.images} images; images/s")
    print(f"{'':22}{'forward':>9}{'JPEG':>9}{'of it':>7}{'torch':>9}{'of it':>7}{'cached':>9}{'of it':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        data = write_copies(Path(options.photographs), Path(scratch) / "photographs", options.images)
        for name in options.models.split(","):
            weights = write_weights(name, Path(scratch) / f"{name}.pt")
            for precision in [one for one in PRECISIONS if one != "fp16"]:
                print_row(name, weights, data, options.device, precision)


def _card(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def write_weights(name: str, path: Path) -> Path:
    """Save the state of a model with random weights."""
    import open_clip
    import torch

    torch.save(open_clip.create_model(name, load_weights=False, pretrained_text=False).state_dict(), path)
    return path


def print_row(name: str, weights: Path, data: Path, device: str, precision: Precision) -> None:
    """Measure one model in one precision."""
    cell = Cell(resolve_models((f"openclip:{name}@{weights}",))[0], Quantity("top1", str(data)))
    with tempfile.TemporaryDirectory() as place:
        crops = CropPlace(Path(place) / "crops", 1 << 40)

        def bench(store: str, decode: Decode = "exact") -> Bench:
            batch, memory = default_batch(device), default_memory(device)
            more = {
                "device": device,
                "precision": precision,
                "batch_size": batch,
                "memory_budget": memory,
                "decode": decode,
            }
            return Bench(MeasureSettings(store=Path(place) / store, crops=crops, **more))  # type: ignore[arg-type]

        rates = [rate(bench("first"), cell), rate(bench("resized", "torch"), cell), rate(bench("again"), cell)]
        forward = forward_rate(bench("forward"), cell)
    ratios = "".join(f"{one:9.0f}{one / forward:7.2f}" for one in rates)
    print(f"{f'{name} {precision}':22}{forward:9.0f}{ratios}")


def rate(bench: Bench, cell: Cell) -> float:
    """Return the images a second of a pass, the model loaded and its head made before."""
    (recipe,) = bench.recipes(cell)
    if recipe.head is not None:
        bench.memo.get(recipe.head)
    started = time.perf_counter()
    found = bench.measure(cell)
    if not isinstance(found, Score):
        raise SystemExit(str(found))
    return len(recipe.dataset) / (time.perf_counter() - started)


def forward_rate(bench: Bench, cell: Cell) -> float:
    """Return the images a second of the model alone, on one batch that stays on the device."""
    import numpy as np

    model, size = bench.models.get(cell.model), bench.settings.batch_size
    assert isinstance(model, TorchModel), "models of open_clip run on torch"
    side, rounds = model.geometry.side, FORWARDS[model.device.type]
    with model.running():
        pixels = model.pixels([np.full((side, side, 3), 128, np.uint8)] * size)
        # Twice: the first round loads kernels. Reading the last result back waits for the device.
        for _ in range(2):
            started = time.perf_counter()
            for _ in range(rounds):
                made = model.embed(pixels)  # type: ignore[attr-defined]
            float(made.sum())
    return size * rounds / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
