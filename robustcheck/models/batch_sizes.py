"""How many images a model takes at once: found by trying on a card, by the size of its crops on a processor."""

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
# On a processor the activations of a batch should stay in its caches, and below the 32 MiB from which glibc asks the
# system for each block anew. Whole groups of torch_running.fill_rows, so that nothing is filled up.
_ROWS, _MOST_ROWS = 16, 128
_SIDES_IN_ALL = 4096


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
    """Return the batch that suits a model on a card or on the processor; ``most`` for any other."""
    if not isinstance(model, TorchModel):
        return most
    if model.runs_in_background:
        return probe_batch(lambda rows: seconds_of_batch(model, rows), most)
    return min(rows_of_side(model.geometry.side), most) if model.device.type == "cpu" else most


def rows_of_side(side: int) -> int:
    """Return how many crops with sides of so many pixels a processor does best at once, a power of two.

    >>> [rows_of_side(side) for side in (32, 64, 112, 224, 384)]
    [128, 64, 32, 16, 16]
    """
    fitting = min(max(_SIDES_IN_ALL // side, _ROWS), _MOST_ROWS)
    return 1 << fitting.bit_length() - 1


def seconds_of_batch(model: TorchModel, rows: int) -> float:
    """Return how long a model takes for so many grey images, the first time aside; raise MemoryError if too many."""
    crops = model.grey_crops(rows)
    model.begin_outputs(crops)()
    started = time.perf_counter()
    model.begin_outputs(crops)()
    return max(time.perf_counter() - started, 1e-9)
