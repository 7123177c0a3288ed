"""Corruptions in a pass: one picture of r = min(224, the input side) for all models of that r, and no crop after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake
from PIL import Image

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.fake import FakeZeroShot
from robustcheck.models.geometry import Crop, Geometry, crop_whole
from robustcheck.transforms.corruptions import Corruption
from robustcheck.transforms.typographic import Typographic
from robustcheck.values import ModelRef, Score

TRANSFORM = "gaussian_noise:3"


class Watching(FakeZeroShot):
    """A fake of an input side that keeps the crops it is given."""

    def __init__(self, side: int, crops: dict[int, list[Crop]]) -> None:
        super().__init__()
        self.given = crops.setdefault(side, [])
        self.geometry = Geometry(
            key=f"side {side}",
            crop=lambda image: crop_whole(image.crop((0, 0, side, side))),
            side=side,
            of_square=lambda image: crop_whole(image.resize((side, side))),
        )

    def encode_images(self, crops: list[Crop]) -> np.ndarray:  # type: ignore[override]
        self.given += crops
        return super().encode_images(crops)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for place, folder in enumerate(("blue", "red")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        pixels = np.random.default_rng(place).integers(0, 256, (300, 400, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "set" / folder / "a.png")
    return tmp_path / "set"


def crops_of(sides: tuple[int, ...], photographs: Path, store: Path, transform: str) -> dict[int, list[Crop]]:
    crops: dict[int, list[Crop]] = {}

    def load(ref: ModelRef, device: str, precision: str) -> LoadedModel:
        return Watching(int(ref.weights or 0), crops)

    bench = Bench(MeasureSettings(store=store, workers=1), load=load)
    cells = [cell(fake(seed=str(side)), photographs, transform=transform) for side in sides]
    assert all(isinstance(found, Score) for found in bench.measure_all(cells).values())
    return crops


def test_models_of_224_and_more_share_one_corrupted_picture(photographs, tmp_path, monkeypatch):
    sizes = []
    apply = Corruption.apply
    monkeypatch.setattr(
        Corruption, "apply", lambda self, image, *rest: sizes.append(image.size) or apply(self, image, *rest)
    )
    crops = crops_of((224, 336, 512, 32), photographs, tmp_path / "store", TRANSFORM)
    assert sorted(sizes) == [(32, 32)] * 2 + [(224, 224)] * 2
    for side in (336, 512):
        enlarged = [crop_whole(Image.fromarray(crop).resize((side, side))) for crop in crops[224]]
        np.testing.assert_array_equal(crops[side], enlarged)
    assert np.shape(crops[32]) == (2, 32, 32, 3)


def test_a_corrupted_picture_does_not_depend_on_who_else_is_measured(photographs, tmp_path):
    alone = crops_of((336,), photographs, tmp_path / "alone", TRANSFORM)
    among = crops_of((32, 224, 336), photographs, tmp_path / "among", TRANSFORM)
    np.testing.assert_array_equal(alone[336], among[336])


def test_words_are_written_on_the_picture_in_its_own_size(photographs, tmp_path, monkeypatch):
    sizes = []
    apply = Typographic.apply
    monkeypatch.setattr(
        Typographic, "apply", lambda self, image, *rest: sizes.append(image.size) or apply(self, image, *rest)
    )
    crops_of((224, 336), photographs, tmp_path / "store", "typographic:one-word")
    assert sizes == [(400, 300)] * 2
