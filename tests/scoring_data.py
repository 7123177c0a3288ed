"""A world of small data sets in memory, and what the fake encoder makes of them, calculated straight."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from colour_data import fake
from PIL import Image
from scipy.special import logsumexp, softmax

from robustcheck.datasets import Dataset
from robustcheck.datasets.dataset import ImageDataset
from robustcheck.errors import DataMissing, RobustcheckError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.encoders import load_model
from robustcheck.models.fake import FakeZeroShot
from robustcheck.values import Cell, ModelRef, Quantity, Score

THREE = ("blue", "green", "red")
SIX = ("red", "green", "blue", "red green", "green blue", "blue red")
TEMPLATES = ("a photo of a {c}.", "{c}")
WORDS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Painted:
    """Pixels in memory (n, height, width, 3), counting what is decoded."""

    pixels: np.ndarray
    decoded: list[int] = field(default_factory=list)

    def image(self, index: int) -> Image.Image:
        self.decoded.append(index)
        return Image.fromarray(self.pixels[index])


def flat(labels: np.ndarray, names: Sequence[str], seed: int, noise: float = 1.0) -> np.ndarray:
    """Return flat images of the colours that the names of their classes say, more or less."""
    rng = np.random.default_rng(seed)
    towards = np.array([[float(word in name.split()) for word in WORDS] for name in names])
    colours = 60 * towards[labels] + rng.uniform(0, 160 * noise, size=(len(labels), 3)) + 20
    return np.tile(colours.astype(np.uint8)[:, None, None, :], (1, 4, 4, 1))


def painted(name: str, n: int = 60, names: Sequence[str] = SIX, seed: int = 0, **changes: Any) -> ImageDataset:
    """Return a data set of n flat images whose labels go round, changed as told."""
    labels = changes.pop("labels", np.arange(n) % max(len(names), 1))
    pixels = changes.pop("pixels", None)
    pixels = flat(labels, names, seed, changes.pop("noise", 1.0)) if pixels is None else pixels
    content = [name, str(pixels.tobytes()), str(labels.tolist()), str(names), str(sorted(changes))]
    facts: dict[str, Any] = {
        "layout": "memory",
        "fingerprint": hashlib.sha256("|".join(content).encode()).hexdigest(),
        "class_set": "",
        "prompts": "",
        "templates": TEMPLATES,
        "ids": np.array([f"i{row:03d}" for row in range(len(labels))]),
        "groups": {},
        "columns": None,
        "pictures": Painted(pixels),
    }
    return ImageDataset(name=name, class_names=tuple(names), labels=labels, **{**facts, **changes})


@dataclass
class World:
    """The data sets that can be opened, by name, and where measurements of them are kept."""

    settings: MeasureSettings
    datasets: dict[str, Dataset] = field(default_factory=dict)
    models: list[FakeZeroShot] = field(default_factory=list)

    def add(self, *datasets: Dataset) -> None:
        self.datasets.update({dataset.name: dataset for dataset in datasets})

    def open(self, name: str, roots: object, index_dir: object) -> Dataset:
        if name not in self.datasets:
            raise DataMissing(f"{name} is not here")
        return self.datasets[name]

    def load(self, *arguments: Any) -> Any:
        self.models.append(load_model(*arguments))  # type: ignore[arg-type]
        return self.models[-1]

    def cell(self, metric: str, dataset: str, model: ModelRef | None = None, **quantity: Any) -> Cell:
        return Cell(model or fake(), Quantity(metric, dataset, **quantity))

    def bench(self) -> Bench:
        """Return a bench on the world's store, as a run of its own would open it."""
        bench = Bench(self.settings, load=self.load)
        bench.shelf.open = self.open
        return bench

    def found(self, metric: str, dataset: str, model: ModelRef | None = None, **quantity: Any) -> Any:
        return self.bench().measure(self.cell(metric, dataset, model, **quantity))

    def score(self, metric: str, dataset: str, model: ModelRef | None = None, **quantity: Any) -> Score:
        found = self.found(metric, dataset, model, **quantity)
        assert isinstance(found, Score), found
        return found

    def refusal(self, metric: str, dataset: str, model: ModelRef | None = None, **quantity: Any) -> str:
        found = self.found(metric, dataset, model, **quantity)
        assert isinstance(found, RobustcheckError), found
        return str(found)

    def decodes(self) -> dict[str, int]:
        """Return how many images of each data set were decoded."""
        return {name: len(dataset.pictures.decoded) for name, dataset in self.datasets.items()}  # type: ignore[attr-defined]


def make_world(directory: Path, *datasets: Dataset) -> World:
    """Return a world in which opening a data set by name gives one of these."""
    world = World(MeasureSettings(store=directory / "store", batch_size=16, workers=1))
    world.add(*datasets)
    return world


def options(**given: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in given.items())


# --- straight calculations ---------------------------------------------------------------------


def features(dataset: Dataset, seed: str = "a") -> np.ndarray:
    """Return the fake encoder's embeddings of all images of a data set."""
    model = FakeZeroShot(seed=seed)
    pictures = [model.geometry.crop(dataset.image(index)) for index in range(len(dataset))]
    return model.encode_images(pictures).astype(np.float64)


def cosines(
    dataset: Dataset, names: Sequence[str], seed: str = "a", templates: Sequence[str] = TEMPLATES
) -> np.ndarray:
    """Return the cosines with an ensemble of templates, one class at a time."""
    model, columns = FakeZeroShot(seed=seed), []
    for name in names:
        texts = model.encode_texts([template.replace("{c}", name) for template in templates]).astype(np.float64)
        mean = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).mean(axis=0)
        columns.append(mean / np.linalg.norm(mean))
    return features(dataset, seed) @ np.stack(columns, axis=1)


def logits(dataset: Dataset, names: Sequence[str] | None = None, **how: Any) -> np.ndarray:
    return 100 * cosines(dataset, dataset.class_names if names is None else names, **how)


def straight_scores(cosine: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return every detection score of samples with these cosines, at a logit scale of 100."""
    z = 100 * cosine
    p = softmax(z, axis=1)
    return {
        "mcm": np.log(softmax(cosine, axis=1).max(axis=1)),
        "msp": np.log(p.max(axis=1)),
        "max_logit": z.max(axis=1),
        "energy": logsumexp(z, axis=1),
        "entropy": (p * np.log(np.maximum(p, 1e-300))).sum(axis=1),
    }
