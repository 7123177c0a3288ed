"""How the time of a run grows: with images, with models, with checks and with data sets, one at a time.

    python benchmarks/growth.py                      # about twenty minutes
    python benchmarks/growth.py --small              # two minutes, to see that it works
    python benchmarks/growth.py --plot docs/images/growth.svg

Images are drawn and saved as JPEG files. Models are the fakes at the seam (a mean colour): no torch is loaded, so what
grows is the rest of the house, from decoding to the page. Each row is ``pytest`` on an empty store in a process of its
own. Its processor time, user and system, is what is reported: a busy machine changes it less than the wall's. The last
column is the time of a unit more than in the row above; growth is linear where that column is level.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from judging import timed

COLOURS = ("red", "green", "blue", "red green", "green blue", "blue red")


@dataclass(frozen=True)
class Load:
    """What a run has to do."""

    images: int = 1_000
    models: int = 1
    checks: int = 1
    sets: int = 1


@dataclass(frozen=True)
class Row:
    """A load, how much it is of what grows, and the seconds of the processor that it took."""

    axis: str
    amount: int
    seconds: float


AXES = {
    "images": [Load(images=images) for images in (1_000, 2_000, 4_000, 8_000)],
    "models": [Load(images=500, models=models) for models in (1, 4, 8, 12)],
    "checks": [Load(images=500, checks=checks) for checks in (1, 50, 100, 200)],
    "sets": [Load(images=100, sets=sets) for sets in (1, 25, 50, 100)],
}
SMALL = {
    axis: [replace(load, images=load.images // 10, sets=-(-load.sets // 10)) for load in loads[:3]]
    for axis, loads in AXES.items()
}


def main() -> None:
    """Print a table for each axis, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="fewer and smaller runs")
    parser.add_argument("--plot", type=Path, help="an SVG file to draw")
    given = parser.parse_args()
    rows: list[Row] = []
    print(f"{'':10}{'':>8}{'CPU, s':>9}{'ms a unit more':>16}")
    for axis, loads in (SMALL if given.small else AXES).items():
        for load in loads:
            rows.append(Row(axis, getattr(load, axis), seconds_of(load)))
            before = rows[-2] if len(rows) > 1 and rows[-2].axis == axis else None
            print(_line(rows[-1], before), flush=True)
    if given.plot:
        given.plot.write_text(draw(rows), encoding="utf-8")


def _line(row: Row, before: Row | None) -> str:
    more = "" if before is None else f"{1_000 * (row.seconds - before.seconds) / (row.amount - before.amount):16.1f}"
    return f"{row.axis:10}{row.amount:8,}{row.seconds:9.2f}{more}"


def seconds_of(load: Load) -> float:
    """Return the processor time of a run with such a load on an empty store."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for number in range(load.sets):
            write_images(place / f"set-{number:03d}", load.images, seed=number)
        (place / "growth.robust.yaml").write_text(suite_of(load))
        return timed(place).processor


def write_images(directory: Path, count: int, seed: int) -> None:
    """Write JPEG files of 96 x 96 pixels: noise, in folders that are called by colours."""
    rng = np.random.default_rng(seed)
    for place in range(count):
        folder = directory / COLOURS[place % len(COLOURS)]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (96, 96, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{place:05d}.jpg", quality=85)


def suite_of(load: Load) -> str:
    """Return a suite: checks are spread over the data sets, each on its own number of bins."""
    models = ", ".join(f'"fake:zero-shot@{number}"' for number in range(load.models))
    lines = [f"robustcheck: 1\nmodels: [{models}]\nchecks:"]
    for number in range(max(load.checks, load.sets)):
        metric = f"{{metric: ece, dataset: ./set-{number % load.sets:03d}, options: {{bins: {2 + number}}}}}"
        lines.append(f"  - {{id: c{number}, measure: {metric}, expect: {{at_most: 0.99}}}}")
    return "\n".join(lines) + "\n"


def draw(rows: Sequence[Row]) -> str:
    """Return the rows as an SVG: one panel for each axis, seconds against what grows."""
    panels = [_panel([row for row in rows if row.axis == axis], place) for place, axis in enumerate(AXES)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 190" font-family="sans-serif" font-size="11">\n'
        '<rect width="760" height="190" fill="#fff"/>\n' + "\n".join(panels) + "\n</svg>\n"
    )


def _panel(rows: Sequence[Row], place: int) -> str:
    left, width, top, height = 40 + 185 * place, 130, 30, 110
    most_x, most_y = max(row.amount for row in rows), max(row.seconds for row in rows)
    points = [(left + width * row.amount / most_x, top + height * (1 - row.seconds / most_y)) for row in rows]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2563a8"/>' for x, y in points)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    bottom, right = top + height, left + width
    return (
        f'<text x="{left}" y="18" font-weight="bold">{rows[0].axis}</text>'
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#888"/>'
        f'<polyline points="{path}" fill="none" stroke="#2563a8"/>{dots}'
        f'<text x="{left - 4}" y="{top + 4}" text-anchor="end">{most_y:.0f} s</text>'
        f'<text x="{left - 4}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{right}" y="{bottom + 15}" text-anchor="end">{most_x:,}</text>'
    )


if __name__ == "__main__":
    main()
