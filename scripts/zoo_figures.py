"""Measure the zoo on digits and drawn shapes and write its population: figures and their sidecar.

    python scripts/zoo_figures.py            # writes robustcheck/populations/zoo.csv and zoo.yaml

Run it after scripts/train_zoo.py. The figures come from robustcheck's own measurement, so that a live
measurement of a zoo model equals its published figure.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from robustcheck.datasets.shapes.attributes import FACTORS
from robustcheck.errors import RobustcheckError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.catalogue import zoo_entries
from robustcheck.models.reference import reference_of
from robustcheck.values import Cell, Quantity, Score

POPULATIONS = Path(__file__).parents[1] / "robustcheck" / "populations"
METRICS = ("top1", "top5", "mean_per_class_recall")
TRANSFORMS = (None, "gaussian_noise:3", "gaussian_blur:3", "contrast:3")
CLASS_SETS = {"digits": "digits", "shapes": "shapes", "shapes-sketch": "shapes"}
QUANTITIES = (
    *(Quantity(metric, "digits", (), transform) for transform in TRANSFORMS for metric in METRICS),
    *(Quantity("top1", "shapes", (), transform) for transform in TRANSFORMS),
    *(Quantity("top1", "shapes", (("factor", factor),)) for factor in FACTORS),
    Quantity("top1", "shapes-sketch"),
)
COLUMNS = ("model", "dataset", "metric", "value", "n", "class_set", "transform", "where")
SIDECAR = """\
title: The zoo that ships with robustcheck, on held-out digits and drawn shapes
source: Trained and measured by this project with scripts/train_zoo.py and scripts/zoo_figures.py
licence: >-
  Figures, weights and drawn shapes Apache-2.0. Digits: Optical Recognition of Handwritten Digits,
  E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0.
date: "{date}"
notes:
  - Rows 1000 to 1796 of scikit-learn's digits, which no zoo model saw; class set digits (ten words, zero to nine).
  - Drawn images that no zoo model saw, of shapes that all know; class set shapes (eight words, circle to arrow).
  - Transforms are made in memory on the models' 32x32 pixels, with transform seed 0.
  - On images so small gaussian_blur is mild, as its width is a part of the side.
  - Models of source augmented were trained with noise, blur and faded contrast.
# Every machine can measure these models, so the figures never take the place of a measurement.
stands_in: false
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every figure and write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=POPULATIONS, metavar="DIR", help="where the two files go")
    parser.add_argument("--date", required=True, help="the date of the figures, such as 2026-01-31")
    options = parser.parse_args(arguments)
    write_table(options.out / "zoo.csv", figures())
    (options.out / "zoo.yaml").write_text(SIDECAR.format(date=options.date), encoding="utf-8")
    return 0


def figures() -> list[Score]:
    """Measure every quantity of every zoo model."""
    models = [reference_of(entry) for entry in zoo_entries()]
    cells = [Cell(model, quantity) for model, quantity in itertools.product(models, QUANTITIES)]
    with tempfile.TemporaryDirectory() as scratch:
        found = measure_cells(cells, MeasureSettings(store=Path(scratch), device="cpu"))
    return [_score(found[cell]) for cell in cells]


def write_table(path: Path, scores: Iterable[Score]) -> None:
    """Write scores as a tidy table, one figure a row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(score) for score in scores)


def _score(found: Score | RobustcheckError) -> Score:
    if isinstance(found, RobustcheckError):
        raise found
    return found


def _row(score: Score) -> tuple[str, ...]:
    model, quantity = score.cell.model, score.cell.quantity
    where = ";".join(f"{name}={value}" for name, value in quantity.where)
    facts = (quantity.dataset, quantity.metric, f"{score.value:.6f}", str(score.n), CLASS_SETS[quantity.dataset])
    return (model.id, *facts, quantity.transform or "", where)


if __name__ == "__main__":
    raise SystemExit(main())
