"""How long the processor takes for an image, by how many a model takes at once.

    python benchmarks/batch_sizes.py                                        # some three minutes on two cores
    python benchmarks/batch_sizes.py --models ViT-B-32,RN50 --sizes 16,64

Weights are random. A name is an architecture of open_clip, ``timm:`` one of timm, perhaps with the side of its images
behind @. Sizes take turns; the least of two is printed, and behind the name what robustcheck takes by itself. Nothing
else may run on the machine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence

# Read by OpenMP when torch is imported.
os.environ.update(OMP_WAIT_POLICY="PASSIVE", KMP_BLOCKTIME="0")

import torch

from robustcheck.models.batch_sizes import rows_of_side

MODELS = (
    "timm:resnet18",
    "timm:mobilenetv3_large_100",
    "timm:vit_tiny_patch16_224",
    "timm:resnet18@64",
    "timm:resnet18@32",
)
SIZES, IMAGES, REPEATS = (8, 16, 32, 64, 128), 128, 2

Run = Callable[[torch.Tensor], object]


def main() -> None:
    """Print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    print(f"{'CPU ms an image, by batch':32}" + "".join(f"{size:>8}" for size in sizes), flush=True)
    for name in options.models.split(","):
        architecture, _, side = name.partition("@")
        pixels = int(side or 224)
        found = measured(image_tower(architecture), pixels, sizes)
        print(f"{f'{name} ({rows_of_side(pixels)})':32}" + "".join(f"{ms:8.1f}" for ms in found), flush=True)


def image_tower(name: str) -> Run:
    """Return what takes pixels, with random weights."""
    library, _, architecture = name.rpartition(":")
    if library == "timm":
        import timm

        classifier: Run = timm.create_model(architecture).eval()
        return classifier
    import open_clip

    model = open_clip.create_model(architecture).eval()
    found: Run = model.encode_image
    return found


def measured(run: Run, side: int, sizes: Sequence[int]) -> list[float]:
    """Return the milliseconds of the processor for an image, by batch: the least of some turns after a first one."""
    turns = [[cost(run, side, size) for size in sizes] for _ in range(REPEATS + 1)]
    return [min(each) for each in zip(*turns[1:], strict=True)]


def cost(run: Run, side: int, size: int) -> float:
    """Return the milliseconds of the processor for an image, of so many at once."""
    pixels = torch.randn(size, 3, side, side)
    batches = max(1, IMAGES // size)
    with torch.inference_mode():
        started = time.process_time()
        for _ in range(batches):
            run(pixels)
        return (time.process_time() - started) * 1000 / (batches * size)


if __name__ == "__main__":
    main()
