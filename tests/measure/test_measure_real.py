"""What a real classifier gives on real photographs, against numbers computed with timm, torch and numpy alone.

Skipped where the weights (a package) or the photographs (beside the checkout) are not here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_makers import make_webdataset
from dataset_makers_protocols import changed_catalogue
from real_classifier import ARCHITECTURE, PHOTOS, STIMULI, require_photographs, write_checkpoint

from robustcheck.datasets.class_sets import imagenet_wnids
from robustcheck.measure import Bench, MeasureSettings, measure_cells
from robustcheck.measure.readout import features_of
from robustcheck.models.reference import parse_reference
from robustcheck.values import Cell, ModelRef, Quantity, Score

IDS = imagenet_wnids()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_photographs()
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def lite0(place: Path) -> ModelRef:
    return parse_reference(f"timm:{ARCHITECTURE}@{write_checkpoint(place / 'lite0.safetensors')}")


def scores(place: Path, ref: ModelRef, dataset: Path | str, *metrics: str, **how: Any) -> dict[str, Score]:
    settings = MeasureSettings(store=place / "store", device="cpu", **how)
    cells = [Cell(ref, Quantity(metric, str(dataset))) for metric in metrics]
    found = measure_cells(cells, settings)
    assert all(isinstance(score, Score) for score in found.values()), found
    return {cell.quantity.metric: found[cell] for cell in cells}  # type: ignore[misc]


def photos() -> list[Path]:
    return sorted(PHOTOS.glob("*/*.JPEG"))


def right(score: Score) -> int:
    return round(score.value * score.n)


def by_image(place: Path, ref: ModelRef, dataset: Path) -> np.ndarray:
    bench = Bench(MeasureSettings(store=place / "store", device="cpu"))
    cell = Cell(ref, Quantity("top1", str(dataset)))
    assert isinstance(bench.measure(cell), Score)
    return bench.samples(cell).scores


def test_folders_are_scored_among_their_own_250_classes(place: Path, lite0: ModelRef) -> None:
    found = scores(place, lite0, PHOTOS, "top1", "top5", "nll")
    assert (right(found["top1"]), right(found["top5"]), found["top1"].n) == (238, 249, 250)
    assert found["nll"].value == pytest.approx(0.209427, abs=2e-6)


@pytest.fixture(scope="module")
def sorted_names(place: Path) -> Path:
    """A manifest of the photographs whose 1,000 classes are Keras' names in the order of the text."""
    info = pytest.importorskip("timm.data").ImageNetInfo()
    names = [text.split(",")[0].replace(" ", "_") for text in info.label_descriptions()]
    order = sorted(range(1000), key=lambda at: (names[at], at))
    directory = place / "sorted_names"
    directory.mkdir()
    (directory / "images").symlink_to(PHOTOS)
    (directory / "classes.txt").write_text("".join(f"{names[at]}\n" for at in order))
    rows = [f"images/{path.parent.name}/{path.name},{order.index(IDS.index(path.parent.name))}\n" for path in photos()]
    (directory / "manifest.csv").write_text("path,label\n" + "".join(rows))
    return directory


def test_a_thousand_names_that_are_sorted_and_not_open_clips(place: Path, lite0: ModelRef, sorted_names: Path) -> None:
    found = scores(place, lite0, sorted_names, "top1", "top5", "nll", "brier", "ece")
    assert (right(found["top1"]), right(found["top5"])) == (224, 246)
    values = [found[metric].value for metric in ("nll", "brier", "ece")]
    assert values == pytest.approx([0.543408, 0.198390, 0.158381], abs=2e-6)


def test_shards_agree_with_the_folders_image_by_image(place: Path, lite0: ModelRef) -> None:
    wnids = sorted(path.parent.name for path in photos())
    members = [
        [(f"s{row:07d}.jpg", path.read_bytes()), (f"s{row:07d}.cls", str(wnids.index(path.parent.name)).encode())]
        for row, path in enumerate(photos())
    ]
    shards = [[field for own in members[start : start + 100] for field in own] for start in range(0, 250, 100)]
    directory = make_webdataset(place / "wds", shards, names=wnids)
    np.testing.assert_array_equal(by_image(place, lite0, directory), by_image(place, lite0, PHOTOS))


def test_parquet_files_agree_with_the_folders_image_by_image(place: Path, lite0: ModelRef) -> None:
    pa = pytest.importorskip("pyarrow", reason="parquet files need pyarrow: pip install 'robustcheck[parquet]'")
    pq = pytest.importorskip("pyarrow.parquet")
    wnids = sorted(path.parent.name for path in photos())
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": wnids}}
    (place / "hf" / "data").mkdir(parents=True)
    for part in range(2):
        own = photos()[125 * part : 125 * (part + 1)]
        images = [{"bytes": path.read_bytes(), "path": path.name} for path in own]
        table = pa.table({"image": images, "label": [wnids.index(path.parent.name) for path in own]})
        told = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        pq.write_table(told, place / "hf" / "data" / f"validation-0000{part}-of-00002.parquet", row_group_size=50)
    np.testing.assert_array_equal(by_image(place, lite0, place / "hf"), by_image(place, lite0, PHOTOS))


@pytest.mark.parametrize("background", [False, True], ids=["1000", "1001"])
def test_saved_logits_of_all_outputs_by_number(place: Path, lite0: ModelRef, background: bool) -> None:
    bench = Bench(MeasureSettings(store=place / "store", device="cpu"))
    cell = Cell(lite0, Quantity("top1", str(PHOTOS)))
    assert isinstance(bench.measure(cell), Score)
    (recipe,) = bench.recipes(cell)
    logits = features_of(recipe, bench.memo)
    assert logits.shape == (250, 1000)
    logits = np.column_stack([np.full(250, 99, dtype=np.float32), logits]) if background else logits
    directory = place / f"saved{background}"
    directory.mkdir()
    np.savez(directory / "imagenet250.npz", allow_pickle=False, ids=recipe.dataset.ids, logits=logits)
    saved = parse_reference(f"predictions:{directory}")
    found = scores(place, saved, PHOTOS, "top1", "top5")
    assert (right(found["top1"]), right(found["top5"])) == (238, 249)


def test_shape_bias(place: Path, lite0: ModelRef, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_catalogue(monkeypatch)("cue-conflict", count=160)
    (place / "cue-conflict").symlink_to(STIMULI)
    found = scores(place, lite0, "cue-conflict", "shape_bias", roots=(place,))["shape_bias"]
    assert dict(found.provenance)["decisions"].startswith("19 by shape, 86 by texture of")
    assert found.value == pytest.approx(19 / 105)
