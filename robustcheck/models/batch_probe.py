"""How many images a model takes at once on a card, found by trying."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from robustcheck.models.torch_models import TorchModel

if TYPE_CHECKING:
    from robustcheck.models.encoders import LoadedModel

_LEAST = 32
# A larger batch has to be so much faster: it takes memory that other models may need.
_WORTH = 1.05


def probe_batch(seconds: Callable[[int], float], most: int) -> int:
    """Return the smallest batch, doubled from 32, that no larger one beats by 5%.

    Those that do not fit end the search.

    >>> probe_batch(lambda rows: 0.1 + rows / 1000, most=256)
    256
    >>> probe_batch(lambda rows: max(rows, 64) / 1000, most=256)
    64
    """
    best, rate = min(_LEAST, most), 0.0
    size = best
    while size <= most:
        try:
            found = size / seconds(size)
        except MemoryError:
            break
        best, rate = (size, found) if found > rate * _WORTH else (best, rate)
        size *= 2
    return best


def fitting_batch(model: LoadedModel, most: int) -> int:
    """Return the batch that suits a model on a card; ``most`` for any other."""
    if not isinstance(model, TorchModel) or not model.runs_in_background:
        return most
    return probe_batch(lambda rows: seconds_of_batch(model, rows), most)


def seconds_of_batch(model: TorchModel, rows: int) -> float:
    """Return how long a model takes for so many grey images, the first time aside; raise MemoryError if too many."""
    crops = model.grey_crops(rows)
    model.begin_outputs(crops)()
    started = time.perf_counter()
    model.begin_outputs(crops)()
    return max(time.perf_counter() - started, 1e-9)
