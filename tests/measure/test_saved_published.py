"""Published predictions through measuring: ImageNet-X's table and the shape bias of human observers, without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "published"

# PROTOCOLS section 2: error ratios of ResNet-50 by top factor, and the accuracy over all annotated images.
RESNET50 = {
    "pose": 0.694739,
    "background": 1.141699,
    "pattern": 0.771442,
    "color": 1.188826,
    "smaller": 1.497432,
    "shape": 1.744230,
    "partial_view": 1.132355,
    "subcategory": 2.105479,
    "texture": 2.393863,
    "larger": 1.315925,
}
AVERAGE = 0.746693
# PROTOCOLS section 4: decisions by shape and by texture.
OBSERVERS = {"subject-01": (829, 33), "subject-02": (907, 54)}

_MEASURED = """
import json, sys
from pathlib import Path
from robustcheck.measure import Bench, MeasureSettings, measure_cells
from robustcheck.models.reference import parse_reference
from robustcheck.values import Cell, Quantity

settings = MeasureSettings(store=Path({store!r}))
wanted = json.loads(sys.stdin.read())
cells = [
    Cell(
        parse_reference("predictions:" + path),
        Quantity(metric, name, tuple(map(tuple, where)), options=tuple(map(tuple, sum(options, [])))),
    )
    for path, metric, name, where, *options in wanted
]
found = measure_cells(cells, settings)
assert Bench(settings).look_up(cells[0]).key == found[cells[0]].key
assert not {{"torch", "open_clip", "timm", "transformers"}} & set(sys.modules), "a model library was imported"
scores = [found[cell] for cell in cells]
print(json.dumps([[score.value, score.n, dict(score.provenance)] for score in scores]))
"""


def measured(store: Path, wanted: Sequence[tuple[Any, ...]]) -> list[tuple[float, int, dict[str, str]]]:
    """Measure saved predictions in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", _MEASURED.format(store=str(store))],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    return [tuple(row) for row in json.loads(run.stdout)]


def published(name: str) -> str:
    path = PUBLISHED / name
    if not path.is_file():
        pytest.skip(f"{name} is not there: put it under ../shared/published")
    return str(path)


def test_protocols_2_the_published_error_ratios_are_measured(tmp_path: Path) -> None:
    path = published("imagenet_x_predictions/ResNet50.csv")
    accuracies = [(path, "top1", "imagenet-x", [["factor", name]]) for name in RESNET50]
    # The interval of a ratio is bootstrapped over all images: one of the ten is enough to see the protocol.
    ratios = [(path, "error_ratio", "imagenet-x", [["factor", name]]) for name in ("texture",)]
    worst = (path, "worst_factor", "imagenet-x", [])
    found = measured(tmp_path, [(path, "top1", "imagenet-x", []), *accuracies, *ratios, worst])
    average = found[0][0]
    assert found[0][:2] == (pytest.approx(AVERAGE, abs=1e-6), 46_110)
    shares = [value for value, *_ in found[1:11]]
    assert [(1 - value) / (1 - average) for value in shares] == pytest.approx(list(RESNET50.values()), abs=1e-6)
    assert [n for _, n, _ in found[1:11]] == [15064, 14751, 5972, 6150, 1450, 679, 638, 585, 282, 150]
    assert found[11][0] == pytest.approx(RESNET50["texture"], abs=1e-6)
    # The worst is over all 16 factors: at most the worst of these ten.
    assert found[12][0] <= min(shares) + 1e-12


def test_protocols_4_the_observers_shape_bias_is_measured(tmp_path: Path) -> None:
    paths = [published(f"cue_conflict_humans/{name}.csv") for name in OBSERVERS]
    metrics = ("shape_bias", "cue_shape_accuracy", "cue_texture_accuracy")
    found = measured(tmp_path, [(path, metric, "cue-conflict", []) for path in paths for metric in metrics])
    for place, (shape, texture) in enumerate(OBSERVERS.values()):
        bias, by_shape, by_texture = found[3 * place : 3 * place + 3]
        assert bias[:2] == (pytest.approx(shape / (shape + texture), abs=1e-12), 1200)
        assert bias[2]["decisions"] == f"{shape} by shape, {texture} by texture of 1200"
        # The reference divides by all 1,280 images.
        assert by_shape[:2] == (pytest.approx(shape / 1280, abs=1e-12), 1280)
        assert by_texture[:2] == (pytest.approx(texture / 1280, abs=1e-12), 1280)


def test_people_err_on_the_same_cue_conflict_images(tmp_path: Path) -> None:
    """Each observer saw the images in another order; kappa is scikit-learn's over the stimuli."""
    import csv

    from sklearn.metrics import cohen_kappa_score

    paths = [published(f"cue_conflict_humans/{name}.csv") for name in OBSERVERS]
    right = []
    for path in paths:
        with Path(path).open() as lines:
            rows = {row["imagename"].rpartition("_")[2]: row for row in csv.DictReader(lines)}
        right.append([rows[name]["object_response"] == rows[name]["category"] for name in sorted(rows)])
    others = [["with", f"predictions:{paths[1]}"]]
    ((value, n, told),) = measured(tmp_path, [(paths[0], "error_consistency", "cue-conflict", [], others)])
    assert (value, n) == (pytest.approx(cohen_kappa_score(*right), abs=1e-12), 1280)
    assert told["both right or both wrong"] == f"{np.equal(*right).sum()} of 1,280 images"
