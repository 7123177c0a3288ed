"""Measure the noise floor of a ViT-B-32 with random weights: its classes lie close together, which is the hard case.

    python benchmarks/noise.py [IMAGES]

Prints the table of ``robustcheck noise`` for IMAGES (128) images of the digits.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file

from robustcheck.cli.noise_command import noise_table
from robustcheck.datasets import open_dataset
from robustcheck.measure import MeasureSettings
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_host import devices
from robustcheck.run.noise_floor import circumstances, repeat_all
from robustcheck.values import Cell, Quantity


def main() -> None:
    """Write a checkpoint and a directory of images, and print what moved."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        images = _images(directory / "digits", count)
        model = parse_reference(f"openclip:ViT-B-32@{_checkpoint(directory)}")
        cell = Cell(model, Quantity("top1", str(images)))
        print(noise_table(list(repeat_all(cell, MeasureSettings(directory / "store"), circumstances(devices())))))


def _checkpoint(directory: Path) -> Path:
    torch.manual_seed(0)
    path = directory / "random.safetensors"
    save_file(open_clip.create_model("ViT-B-32").state_dict(), path)
    return path


def _images(directory: Path, count: int) -> Path:
    digits = open_dataset("digits", ())
    for index in range(count):
        folder = directory / digits.class_names[int(digits.labels[index])]
        folder.mkdir(parents=True, exist_ok=True)
        digits.image(index).save(folder / f"{index:05d}.png")
    return directory


if __name__ == "__main__":
    main()
