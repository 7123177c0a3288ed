"""A data set of flat colours that the fake encoder gets right, and references to the fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from robustcheck.values import Cell, ModelRef, Quantity

COLOURS = ("red", "green", "blue")


def fake(name: str = "zero-shot", seed: str = "a") -> ModelRef:
    return ModelRef(f"fake-{name}-{seed}", f"fake:{name}", "fake", name, seed)


def cell(model: ModelRef, directory: Path, metric: str = "top1", **quantity: object) -> Cell:
    return Cell(model, Quantity(metric, str(directory), **quantity))  # type: ignore[arg-type]


def write_colours(directory: Path, n: int = 600, noise: int = 90) -> Path:
    """Write an ImageFolder of n noisy flat images in three classes."""
    rng = np.random.default_rng(7)
    for index in range(n):
        label = index % 3
        pixels = rng.integers(0, 60 + noise, size=3)
        pixels[label] += rng.integers(0, 100)
        path = directory / COLOURS[label] / f"{index:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), tuple(int(value) for value in pixels)).save(path)
    (directory / "classnames.txt").write_text("blue\ngreen\nred\n")
    return directory


@dataclass
class CountingDataset:
    """A data set that counts how often each image is decoded."""

    inner: object
    decoded: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def image(self, index: int) -> Image.Image:
        self.decoded.append(index)
        return self.inner.image(index)  # type: ignore[attr-defined, no-any-return]
