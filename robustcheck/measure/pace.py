"""The pace of this machine: what preparing an image and running a model on it took here, as a plan foresees time.

Each pass adds what it measured to a file beside what else is known of this machine. Sums are halved once they hold many
images, so that the last passes count most. It is a forecast and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.disk import write_atomically
from robustcheck.errors import RecordError, SetupError
from robustcheck.files.json_files import read_json

_FILE = "pace.json"
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that images took: of one core for preparing them, of the wall for running a model."""

    seconds: float = 0.0
    images: int = 0

    def __add__(self, other: Spent) -> Spent:
        """Return both together; the older one counts half once it holds many images."""
        share = 0.5 if self.images > _REMEMBERED else 1.0
        return Spent(self.seconds * share + other.seconds, int(self.images * share) + other.images)

    @property
    def each(self) -> float:
        """Return the seconds of one image."""
        return self.seconds / self.images


def pace_of_images(images: str) -> str:
    """Return the key of preparing the images of a data set."""
    return f"prepare {images}"


def pace_of_model(model: str, device: str, precision: str) -> str:
    """Return the key of running a model."""
    return f"run {model} {precision} on {device}"


def read_pace(directory: Path) -> dict[str, Spent]:
    """Return what is known of this machine; nothing where nothing was measured, or the file is damaged."""
    try:
        found = read_json(directory / _FILE, RecordError)
        return {str(key): Spent(float(seconds), int(images)) for key, (seconds, images) in found.items() if images}
    except (RecordError, ValueError, TypeError, AttributeError):
        return {}


def add_pace(directory: Path, spent: Mapping[str, Spent]) -> None:
    """Add what a pass took; of two processes that do so at once one may be lost."""
    known = read_pace(directory)
    for key, one in spent.items():
        if one.images:
            known[key] = known.get(key, Spent()) + one
    text = json.dumps({key: [one.seconds, one.images] for key, one in sorted(known.items())}, indent=1)
    try:
        write_atomically(directory / _FILE, text.encode())
    except SetupError:
        # A forecast is not a reason to end a run.
        return


def foresee_seconds(
    pace: Mapping[str, Spent], images: Mapping[str, int], runs: Mapping[tuple[str, str], int], cores: int
) -> tuple[float, float, tuple[str, ...]]:
    """Return the seconds of preparing and of running, and what has no history here.

    ``images`` counts those of each data set, ``runs`` those of each (data set, key of ``pace_of_model``). A data set
    that is new here takes as long an image as the others do on average.
    """
    known = [one for key, one in pace.items() if key.startswith("prepare ")]
    total = Spent(sum(one.seconds for one in known), sum(one.images for one in known))
    prepare, run, unknown = 0.0, 0.0, []
    for name, count in images.items():
        one = pace.get(pace_of_images(name), total)
        unknown += [] if one.images else [name]
        prepare += count * one.each / cores if one.images else 0.0
    for (_, key), count in runs.items():
        found = pace.get(key)
        unknown += [] if found else [key]
        run += count * found.each if found else 0.0
    return prepare, run, tuple(dict.fromkeys(unknown))
