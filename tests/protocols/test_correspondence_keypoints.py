"""PCK from a model and files in SPair-71k's layout to the score, beside open_clip and torch called directly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from spair_makers import Points, write_spair

from robustcheck.datasets import ImageDataset
from robustcheck.datasets.layouts.spair import read_spair
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, Quantity, Samples

torch = pytest.importorskip("torch")
functional = torch.nn.functional
(RESNET,) = resolve_models(("zoo:resnet-plain-1000",))

# A step of 16 pixels moves JPEG's blocks, the resized picture and the network's cells by whole numbers.
CATEGORIES = ("bird", "cat", "dog")
SIZE, STEP = (100, 80), 16
CORNERS = ((34, 26), (52, 30), (36, 44), (54, 46))
BOX = (20, 10, 80, 60)
SHARE = (BOX[2] - BOX[0]) / SIZE[0]
IDENTICAL, MOVED = "0", "1"
PAIRS = ((0, 0), (0, 1), (1, 1), (1, 0))


def draw(category: str, number: int) -> Image.Image:
    """A white picture with four discs of other colours in each category; number 1 shows it a step to the right."""
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    rng = np.random.default_rng(CATEGORIES.index(category))
    for x, y in CORNERS:
        colour = tuple(int(part) for part in rng.integers(0, 200, 3))
        pen.ellipse((x + STEP * number - 7, y - 7, x + STEP * number + 7, y + 7), fill=colour)
    return picture


def points(category: str, number: int) -> Points:
    return {str(name): (x + STEP * number, y) for name, (x, y) in enumerate(CORNERS)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    write_spair(place, draw, points, PAIRS, BOX, CATEGORIES)
    return place


@pytest.fixture(scope="module")
def bench(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench on three of the eighteen categories, as the layout reads them."""
    found = read_spair(root / "SPair-71k", None)
    dataset = ImageDataset(
        name="spair-71k", layout=found.layout, fingerprint="drawn", class_names=found.class_names, class_set="",
        prompts="", templates=(), ids=found.ids, labels=found.labels, groups=found.groups, columns=None,
        pictures=found.pictures, task="keypoints", pairs=found.pairs,
    )  # fmt: skip
    bench = Bench(MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu"))
    bench.shelf.open = lambda name, roots, index: dataset  # type: ignore[method-assign]
    return bench


def asked(**options: str) -> Cell:
    return Cell(RESNET, Quantity(metric="pck", dataset="spair-71k", options=tuple(sorted(options.items()))))


def hits(bench: Bench, **options: str) -> Samples:
    found = bench.measure(asked(**options))
    assert not isinstance(found, Exception), found
    samples = bench.samples(asked(**options))
    of_category = [samples.scores[samples.groups == category].mean() for category in np.unique(samples.groups)]
    assert found.value == pytest.approx(np.mean(of_category))
    assert len(of_category) == len(CATEGORIES)
    return samples


@pytest.mark.parametrize("viewpoint", [IDENTICAL, MOVED, "all"])
def test_keypoints_of_the_same_picture_and_of_a_moved_one_are_all_found(viewpoint: str, bench: Bench) -> None:
    assert hits(bench, viewpoint=viewpoint).scores.all()


def test_pairs_that_share_no_keypoint_are_no_score_of_0(bench: Bench) -> None:
    found = str(bench.measure(asked(viewpoint="2")))
    assert "not applicable: no pair has a keypoint in both pictures at a difference of viewpoint 2" in found


def test_every_keypoint_is_found_where_open_clip_and_torch_find_it(root: Path, bench: Bench) -> None:
    """At 1 to 5% of the box some are found and some are not: cells are 2% of the picture, 3.3% of the box."""
    expected = {name: error for category in CATEGORIES for name, error in direct_errors(root, category).items()}
    for alpha in (0.01, 0.02, 0.03, 0.05):
        found = hits(bench, viewpoint="all", alpha=str(alpha))
        by_name = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        assert {name: by_name[name] for name in expected} == {name: error < alpha for name, error in expected.items()}
    assert 0 < np.mean([error < 0.03 for error in expected.values()]) < 1


def direct_errors(root: Path, category: str) -> Mapping[str, float]:
    """Return of each keypoint of a category its error as a share of the box."""
    maps = [direct_map(root, category, number) for number in (0, 1)]
    places = [np.array([points(category, number)[str(name)] for name in range(4)]) * 8 / 800 for number in (0, 1)]
    errors = {}
    for pair, (first, second) in enumerate(PAIRS):
        ndc = torch.from_numpy(places[first]).float()[None, None] * 2 - 1
        wanted = functional.grid_sample(functional.normalize(maps[first], dim=1), ndc, align_corners=True)[0, :, 0]
        heat = torch.einsum("fk,fhw->khw", wanted, functional.normalize(maps[second], dim=1)[0])
        best = heat.flatten(1).argmax(dim=1)
        found = torch.stack([best % 50, best // 50], dim=1).numpy() / 50
        far = np.linalg.norm(found - places[second], axis=1) / SHARE
        stem = f"{pair:06d}-2008_00000{first}-2008_00000{second}_{category}"
        errors |= {f"{stem}#{name}": float(error) for name, error in enumerate(far)}
    return errors


def direct_map(root: Path, category: str, number: int) -> torch.Tensor:
    """Return the last stage of open_clip's own network, (1, d, 50, 50): a cell for 16 x 16 of 800 x 800 pixels."""
    import open_clip

    tower = open_clip.create_model(f"local-dir:{RESNET.weights}", require_pretrained=True).visual.eval()
    square = Image.new("RGB", (SIZE[0],) * 2, "white")
    square.paste(Image.open(root / f"SPair-71k/JPEGImages/{category}/2008_00000{number}.jpg"))
    shown = np.asarray(square.resize((800, 800), Image.Resampling.BICUBIC)) / np.float32(255)
    pixels = (shown - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    with torch.inference_mode():
        x = tower.stem(torch.from_numpy(pixels).permute(2, 0, 1)[None])
        for stage in (tower.layer1, tower.layer2, tower.layer3, tower.layer4):
            x = stage(x)
        return functional.interpolate(x, size=(50, 50), mode="bilinear")
